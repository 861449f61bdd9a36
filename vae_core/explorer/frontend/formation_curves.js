// Three small charts of the losses over the epochs, one above the other on one axis of epochs.

const CURVES = [
  { key: "loss", title: "Loss", unit: "objective, nats" },
  { key: "reconstruction_loss", title: "Reconstruction loss", unit: "nats" },
  { key: "kl", title: "KL", unit: "nats" },
];
const PLOT = { height: 84, left: 38, right: 88, top: 4, bottom: 6, inset: 8, axis: 34 };
const LINE_HEIGHT = 13;

export const rounded = (value, digits) => value.toFixed(digits).replace("-", "−");
const nats = (value) => rounded(value, Math.abs(value) < 100 ? 2 : 1);

// Round values within [low, high], three or four of them where the numbers allow.
function ticks(low, high, steps = [0.1, 0.2, 0.5, 1, 2, 5]) {
  const unit = 10 ** Math.floor(Math.log10(high - low));
  const choices = steps.map((share) => {
    const step = share * unit;
    const first = Math.ceil(low / step);
    const count = Math.floor(high / step) - first + 1;
    return { step, values: Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step) };
  });
  const badness = ({ values }) => Math.abs(values.length - 3.6);
  const { step, values } = choices.reduce((best, one) => (badness(one) < badness(best) ? one : best));
  const digits = [0, 1, 2, 3, 4, 5].find((d) => Math.abs((step * 10 ** d) % 1) < 1e-6) ?? 6;
  return values.map((value) => [value, rounded(value, digits)]);
}

// Low and high of what a chart shows. The first epoch may be far above all others: then the line
// comes from beyond the top, for the rest would lie flat on the floor.
function extent(series) {
  const finite = (from, to) => series.flatMap((values) => values.slice(from, to)).filter(Number.isFinite);
  const [first, rest] = [finite(0, 1), finite(1)];
  const settled = Math.max(...rest) + (Math.max(...rest) - Math.min(...rest));
  const few = Math.max(...series.map((values) => values.length)) < 3;
  const values = few || !rest.length || Math.max(...first) <= settled ? [...first, ...rest] : rest;
  if (!values.length) return null;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(high - low, 0.01 * Math.abs(high), 0.1);
  const middle = (low + high) / 2;
  return [middle - 0.58 * span, middle + 0.58 * span];
}

export class Curves {
  // onPick(epoch) is called for a click on a chart.
  constructor(element, onPick) {
    this.element = element;
    this.hovered = null;
    element.innerHTML = CURVES.map(
      ({ title, unit }) => `<figure><figcaption><b>${title}</b> <span class="unit">${unit}</span>
        <span class="readout"></span></figcaption><svg role="img"></svg></figure>`,
    ).join("");
    this.figures = [...element.querySelectorAll("figure")];
    for (const figure of this.figures) {
      const svg = figure.querySelector("svg");
      const at = (event) => this.epochAt(event.clientX - svg.getBoundingClientRect().left);
      svg.onpointermove = (event) => this.hover(Math.max(1, Math.min(this.last, at(event))));
      svg.onpointerleave = () => this.hover(null);
      svg.onclick = (event) => onPick(at(event));
    }
  }

  // shown: the epoch of the plane, or null; planned: how many epochs the axis has at least.
  show(history, planned, shown) {
    const lists = CURVES.map(({ key }) => [history[`test_${key}`] ?? [], history[key] ?? []]);
    this.last = Math.max(0, ...lists.flat().map((values) => values.length));
    this.planned = Math.max(1, planned, this.last);
    Object.assign(this, { lists, shown });
    this.draw();
  }

  resize(width) {
    this.width = width;
    if (this.lists) this.draw();
  }

  hover(epoch) {
    const epochShown = this.last ? epoch : null;
    if (epochShown === this.hovered) return;
    this.hovered = epochShown;
    this.draw();
  }

  x(epoch) {
    const first = PLOT.left + PLOT.inset;
    const last = this.width - PLOT.right - PLOT.inset;
    return first + ((epoch - 1) / Math.max(1, this.planned - 1)) * (last - first);
  }

  epochAt(px) {
    const epoch = 1 + (px - this.x(1)) / (this.x(2) - this.x(1));
    return Math.max(0, Math.min(this.last, Math.round(epoch)));
  }

  draw() {
    if (!(this.width > PLOT.left + PLOT.right)) return; // not laid out yet
    if (this.hovered > this.last) this.hovered = null; // another run
    this.figures.forEach((figure, k) => {
      const [test, training] = this.lists[k];
      const describe = (epoch) =>
        [["test", test], ["training", training]]
          .filter(([, values]) => Number.isFinite(values[epoch - 1]))
          .map(([name, values]) => `${name} ${nats(values[epoch - 1])}`)
          .join(", ");
      // At the newest epoch the lines' own labels say it.
      const read = this.hovered ?? (this.shown < this.last ? this.shown : 0);
      const values = read ? describe(read) : "";
      figure.querySelector(".readout").textContent = values && `epoch ${read}: ${values}`;
      const latest = describe(this.last);
      const svg = figure.querySelector("svg");
      svg.setAttribute("aria-label", `${CURVES[k].title} over the epochs, in nats; ` +
        (latest ? `epoch ${this.last}: ${latest}` : "no values yet"));
      const lowest = k === CURVES.length - 1;
      const height = PLOT.top + PLOT.height + (lowest ? PLOT.axis : PLOT.bottom);
      svg.setAttribute("width", this.width);
      svg.setAttribute("height", height);
      svg.innerHTML = this.picture(test, training, lowest, k);
    });
  }

  picture(test, training, lowest, k) {
    const [left, right] = [PLOT.left, this.width - PLOT.right];
    const [top, bottom] = [PLOT.top, PLOT.top + PLOT.height];
    const range = extent([test, training]);
    const y = (value) => bottom - ((value - range[0]) / (range[1] - range[0])) * PLOT.height;
    const vertical = (epoch, name) => {
      const x = Math.max(left + 0.5, this.x(epoch)); // epoch 0 lies before the axis begins
      return `<line class="${name}" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>`;
    };
    const parts = [];
    for (const [value, name] of range ? ticks(...range) : []) {
      const at = y(value);
      parts.push(`<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/>`);
      parts.push(`<text x="${left - 6}" y="${at + 4}" text-anchor="end">${name}</text>`);
    }
    parts.push(this.epochAxis(left, right, bottom, lowest));
    if (this.shown !== null) parts.push(vertical(this.shown, "rule"));
    if (this.hovered) parts.push(vertical(this.hovered, "hovered"));
    if (range) {
      const plot = `x="${left}" y="${top}" width="${right - left}" height="${PLOT.height}"`;
      parts.push(`<clipPath id="plot-${k}"><rect ${plot}/></clipPath>`);
      const lines = [["training", training], ["test", test]].map(([name, values]) =>
        this.line(name, values, y, `url(#plot-${k})`));
      parts.push(...lines.map(({ picture }) => picture));
      parts.push(...endLabels(lines.flatMap(({ end }) => end ?? []), top, bottom));
    } else if (this.last) {
      const [x, middle] = [(left + right) / 2, (top + bottom) / 2];
      parts.push(`<text x="${x}" y="${middle}" text-anchor="middle">no values</text>`);
    }
    return parts.join("");
  }

  // The frame of a chart, and ticks at round epochs; named in the lowest chart only.
  epochAxis(left, right, bottom, named) {
    const most = Math.min(10, (right - left) / 34);
    const step = [1, 2, 5, 10, 20, 50, 100, 200].find((s) => this.planned / s <= most) ?? 500;
    const epochs = step > 2 ? [1] : []; // beside 2 there is no room for it
    for (let epoch = step; epoch <= this.planned; epoch += step) epochs.push(epoch);
    const marks = epochs.map((epoch) => {
      const x = this.x(epoch);
      const name = `<text x="${x}" y="${bottom + 15}" text-anchor="middle">${epoch}</text>`;
      return `<path class="axis" d="M${x} ${bottom}v3"/>${named ? name : ""}`;
    });
    const title = `<text x="${(left + right) / 2}" y="${bottom + 30}" text-anchor="middle">epoch</text>`;
    const frame = `<path class="axis" d="M${left} ${PLOT.top}V${bottom}H${right}"/>`;
    return frame + marks.join("") + (named ? title : "");
  }

  // A line with a dot at the epoch shown; and its end, to be labelled.
  line(name, values, y, clip) {
    let [path, pen, end] = ["", "M", null];
    values.forEach((value, i) => {
      const known = Number.isFinite(value);
      if (known) path += `${pen}${this.x(i + 1).toFixed(1)} ${y(value).toFixed(1)}`;
      if (known) end = { name, value, x: this.x(i + 1), y: y(value) };
      pen = known ? "L" : "M"; // a gap where a loss is not a number
    });
    const here = values[this.shown - 1];
    const dot = Number.isFinite(here) && y(here) >= PLOT.top;
    const picture = `<path class="${name}" clip-path="${clip}" d="${path}"/>` +
      (dot ? `<circle class="${name}" r="2.5" cx="${this.x(this.shown)}" cy="${y(here)}"/>` : "");
    return { picture, end };
  }
}

// Names and values at the ends of the lines, moved apart where the lines are close.
function endLabels(ends, top, bottom) {
  const [least, most] = [top + LINE_HEIGHT / 2, bottom - LINE_HEIGHT / 2];
  for (const end of ends) end.y = Math.min(most, Math.max(least, end.y));
  ends.sort((a, b) => a.y - b.y);
  if (ends.length === 2 && ends[1].y - ends[0].y < LINE_HEIGHT) {
    const middle = (ends[0].y + ends[1].y) / 2;
    ends[0].y = Math.min(most - LINE_HEIGHT, Math.max(least, middle - LINE_HEIGHT / 2));
    ends[1].y = ends[0].y + LINE_HEIGHT;
  }
  return ends.map(({ name, x, y, value }) =>
    `<text class="end ${name}" x="${x + 7}" y="${y + 4}">${name} ${nats(value)}</text>`);
}
