// What every plane paints: axes, the prior's rings, points, class names. All coordinates are CSS
// pixels.

export const TAU = 2 * Math.PI;
export const NO_CLASS = 255; // of a visitor's drawing
const DIGITS = [..."0123456789"];

export function drawAxes(context, plane) {
  const { size, theme } = plane;
  const step = 10 ** Math.floor(Math.log10(plane.half)) * (plane.half < 2.5 * 10 ** Math.floor(Math.log10(plane.half)) ? 0.5 : 1);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const [left, top] = plane.toData(0, 0);
  const [right, bottom] = plane.toData(size, size);
  context.lineWidth = 1;
  context.font = "10px sans-serif";
  context.strokeStyle = theme.grid;
  context.fillStyle = theme.symbol.prior;
  context.textBaseline = "alphabetic";
  for (let k = Math.ceil(left / step); k * step <= right; k++) {
    const [px] = plane.toScreen(k * step, 0);
    line(context, px, 0, px, size);
    if (px > 14 && px < size - 14) text(context, (k * step).toFixed(digits), px, size - 4, "center", theme);
  }
  for (let k = Math.ceil(bottom / step); k * step <= top; k++) {
    const [, py] = plane.toScreen(0, k * step);
    line(context, 0, py, size, py);
    if (py > 10 && py < size - 18) text(context, (k * step).toFixed(digits), 4, py + 3, "left", theme);
  }
}

export function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

export function text(context, string, x, y, align, theme) {
  context.textAlign = align;
  context.lineWidth = 3;
  context.save();
  context.strokeStyle = theme.background; // opaque: a dark field or a picture may lie below
  context.strokeText(string, x, y);
  context.restore();
  context.lineWidth = 1;
  context.fillText(string, x, y);
}

export function drawRings(context, plane) {
  const { theme } = plane;
  const [x, y] = plane.toScreen(0, 0);
  const unit = plane.size / (2 * plane.half);
  context.strokeStyle = theme.symbol.prior;
  context.setLineDash([4, 4]);
  for (const radius of [1, 2, 3]) {
    context.beginPath();
    context.arc(x, y, radius * unit, 0, TAU);
    context.stroke();
  }
  context.setLineDash([]);
}

export function drawPoints(context, plane) {
  const { model, theme, size } = plane;
  const { points, labels } = model;
  // Larger where fewer are seen, so that a point stays a target when zoomed in.
  const radius = plane.half > 2 ? 1 : plane.half > 0.5 ? 1.5 : 2.5;
  context.globalAlpha = theme.pointAlpha * (plane.scene.layer ? 0.4 : 1); // a field lies below
  for (const label of [...new Set(labels)].sort((a, b) => a - b)) {
    if (label === NO_CLASS) continue; // marked otherwise
    context.fillStyle = theme.classes[label % theme.classes.length];
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] !== label) continue;
      const [px, py] = plane.toScreen(points[2 * i], points[2 * i + 1]);
      if (px < -3 || py < -3 || px > size + 3 || py > size + 3) continue;
      context.fillRect(px - radius, py - radius, 2 * radius, 2 * radius);
    }
  }
  context.globalAlpha = 1;
}

export function medians({ points, labels }) {
  const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const classes = [];
  labels.forEach((label, i) => (classes[label] ??= []).push(i));
  return Array.from(classes, (members) => {
    if (!members) return null;
    return [middle(members.map((i) => points[2 * i])), middle(members.map((i) => points[2 * i + 1]))];
  });
}

export function drawClassNames(context, plane, places, names = DIGITS) {
  const { theme } = plane;
  const words = names.some((name) => name.length > 2);
  context.font = `bold ${words ? 12 : 15}px sans-serif`;
  context.textBaseline = "middle";
  context.fillStyle = theme.text; // a pale class colour would not be legible
  context.lineJoin = "round";
  const written = [];
  places.forEach((place, label) => {
    const name = names[label];
    if (!place || !name) return;
    let [px, py] = plane.toScreen(...place);
    if (words) py = clearOf(written, px, py, context.measureText(name).width / 2);
    text(context, name, px, py, "center", theme);
  });
}

function clearOf(written, x, y, half) {
  const line = 14;
  const free = (at) =>
    written.every((one) => Math.abs(one.x - x) > one.half + half || Math.abs(one.y - at) >= line);
  let at = y;
  for (let step = 1; !free(at) && step < 60; step++) {
    at = y + (step % 2 ? 1 : -1) * Math.ceil(step / 2) * 2;
  }
  written.push({ x, y: at, half });
  return at;
}
