// Axes of the charts of a run: where a value lies between two ends, and which round values to name.

export const rounded = (value, digits) => value.toFixed(digits).replace("-", "−");

// Three significant digits, as "0.049", "1.01", "289".
export function short(value) {
  const size = Math.abs(value);
  return rounded(value, size < 0.1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0);
}

// Ends of an axis that holds every value: those given, moved outwards where a value lies beyond.
export function ends([low, high], values, logarithmic) {
  const known = values.filter((value) => Number.isFinite(value) && !(logarithmic && value <= 0));
  const outwards = (value, up) => {
    const unit = 10 ** Math.floor(Math.log10(Math.abs(value)));
    const steps = [1, 2, 5, 10].map((step) => step * unit * Math.sign(value));
    return up ? Math.min(...steps.filter((s) => s >= value)) : Math.max(...steps.filter((s) => s <= value));
  };
  const least = Math.min(low, ...known);
  const most = Math.max(high, ...known);
  return [least < low ? outwards(least, false) : low, most > high ? outwards(most, true) : high];
}

// Round values on an axis and their names, the rounder ones first where not all have room.
export function ticks([low, high], logarithmic, room) {
  return logarithmic ? logTicks(low, high, room) : evenTicks(low, high, room);
}

function evenTicks(low, high, room) {
  const unit = 10 ** Math.floor(Math.log10(high - low));
  const step = [0.1, 0.2, 0.5, 1, 2, 5].map((s) => s * unit).find((s) => (s / (high - low)) * room >= 34) ?? 10 * unit;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => {
    const value = (first + i) * step;
    return { value, name: rounded(value, digits) };
  });
}

function logTicks(low, high, room) {
  const at = (value) => (Math.log(value / low) / Math.log(high / low)) * room;
  const marks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (let step = 1; step < 10; step++) {
      const value = Number(`${step}e${power}`);
      if (value >= low * 0.999 && value <= high * 1.001) marks.push({ value, step, name: "" });
    }
  }
  const named = [];
  for (const wanted of [1, 3, 2, 5, 4, 7, 6, 8, 9]) {
    for (const mark of marks.filter(({ step }) => step === wanted)) {
      if (named.some((other) => Math.abs(at(other.value) - at(mark.value)) < 30)) continue;
      mark.name = mark.value.toLocaleString("en-US", { maximumFractionDigits: 6 });
      named.push(mark);
    }
  }
  return marks;
}
