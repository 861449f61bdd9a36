// What a panel's plane paints beyond that of every plane: a field or tiles below the points, one
// posterior above them.

import { TAU, drawAxes, drawClassNames, drawPoints, drawRings, line, medians, text } from "./canvas.js";
import { bytesOf, paint } from "./pictures.js";

const SMALL_Q = 20; // pixels of 2 stddev, below which q gets an inset

export function drawBackdrop(context, plane) {
  const { size, theme, scene, model } = plane;
  context.fillStyle = theme.background;
  context.fillRect(0, 0, size, size);
  if (scene.layer) drawField(context, plane, scene.layer);
  if (scene.tiles) drawTiles(context, plane);
  drawAxes(context, plane);
  drawRings(context, plane);
  if (!scene.tiles) drawPoints(context, plane);
  drawClassNames(context, plane, model.classMedians ?? (model.classMedians = medians(model)), model.classes);
}

export function drawField(context, plane, layer) {
  const [left, right, bottom, top] = layer.extent;
  const picture = document.createElement("canvas");
  const values = bytesOf(layer.values);
  picture.width = picture.height = layer.side;
  const inner = picture.getContext("2d");
  const image = inner.createImageData(layer.side, layer.side);
  for (let i = 0; i < values.length; i++) {
    image.data.set([...plane.theme.rgb.x, 0.75 * values[i]], 4 * i);
  }
  inner.putImageData(image, 0, 0);
  const [x0, y0] = plane.toScreen(left, top);
  const [x1, y1] = plane.toScreen(right, bottom);
  context.imageSmoothingEnabled = true;
  context.drawImage(picture, x0, y0, x1 - x0, y1 - y0);
}

export function drawTiles(context, plane) {
  const { size, model } = plane;
  const count = Math.max(6, Math.floor(size / 26));
  const side = size / count;
  const tile = document.createElement("canvas");
  context.imageSmoothingEnabled = true;
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      const z = plane.toData((column + 0.5) * side, (row + 0.5) * side);
      paint(tile, model.decoder.decode(...z), model.width);
      context.drawImage(tile, column * side, row * side, side, side);
    }
  }
}

export function drawPosterior(context, plane) {
  const { scene, theme } = plane;
  const unit = plane.size / (2 * plane.half);
  const [x, y] = plane.toScreen(...scene.mean);
  const stddev = scene.stddev.map((s) => s * scene.scale);
  drawCloud(context, plane, { x, y, unit });
  if (stddev[0] > 0) {
    context.font = "bold 12px sans-serif";
    context.fillStyle = theme.symbol.stddev;
    const reach = Math.max(12, 2 * stddev[0] * unit + 4);
    const inside = x + reach < plane.size - 16;
    text(context, "q", inside ? x + reach : x - reach, y, inside ? "left" : "right", theme);
  }
  if (scene.picked) drawDiamond(context, ...plane.toScreen(...scene.picked), theme);
  delete plane.canvas.dataset.inset;
  if (stddev[0] > 0 && 2 * Math.max(...stddev) * unit < SMALL_Q) drawInset(context, plane, x, y);
}

// q as ellipses of 1 and 2 stddev, its samples, its mean, with its mean at (x, y) and `unit`
// pixels for a unit of z.
function drawCloud(context, plane, { x, y, unit }) {
  const { scene, theme, lit } = plane;
  const stddev = scene.stddev.map((s) => s * scene.scale);
  const faint = (...symbols) => (lit && !symbols.includes(lit) ? 0.25 : 1);
  context.globalAlpha = faint("stddev", "q");
  for (const [colour, width] of [[theme.halo, 4], [theme.symbol.stddev, 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    for (const radius of stddev[0] > 0 ? [1, 2] : []) {
      context.beginPath();
      context.ellipse(x, y, radius * stddev[0] * unit, radius * stddev[1] * unit, 0, 0, TAU);
      context.stroke();
    }
  }
  context.globalAlpha = faint("sample", "epsilon", "reconstruction");
  // Where the ellipse is a dot, a dot per sample would hide it.
  const radius = Math.min(2.5, Math.max(1, 0.15 * Math.max(...stddev) * unit));
  scene.samples.forEach(([zx, zy], i) => {
    const marked = i === plane.marked;
    context.beginPath();
    const [px, py] = [x + (zx - scene.mean[0]) * unit, y - (zy - scene.mean[1]) * unit];
    context.arc(px, py, marked ? radius + 3 : radius, 0, TAU);
    context.fillStyle = theme.symbol.sample;
    context.fill();
    if (radius > 2 || marked) {
      context.lineWidth = marked ? 2 : 1;
      context.strokeStyle = marked ? theme.symbol.x : theme.halo;
      context.stroke();
    }
  });
  context.globalAlpha = faint("mean");
  drawCross(context, x, y, theme.symbol.mean, theme);
  context.globalAlpha = 1;
}

// A q of a few pixels, magnified in the corner that is farthest from it.
function drawInset(context, plane, x, y) {
  const { scene, theme, size } = plane;
  const side = Math.round(Math.min(104, Math.max(54, 0.36 * size)));
  const reach = 3.2 * scene.scale * Math.max(...scene.stddev);
  const unit = side / (2 * reach);
  const factor = unit / (size / (2 * plane.half));
  const left = x > size / 2 ? 5 : size - side - 5;
  const top = y > size / 2 ? 30 : size - side - 18;
  context.save();
  context.strokeStyle = theme.label;
  context.lineWidth = 1;
  context.globalAlpha = 0.6;
  plane.canvas.dataset.inset = [left, top, side, factor].join(" "); // for who reads the plane
  const corner = [left < x ? left + side : left, top < y ? top + side : top];
  line(context, x, y, ...corner);
  context.globalAlpha = 1;
  context.fillStyle = theme.background;
  context.fillRect(left, top, side, side);
  context.beginPath();
  context.rect(left, top, side, side);
  context.clip();
  drawCloud(context, plane, { x: left + side / 2, y: top + side / 2, unit });
  context.restore();
  context.strokeStyle = theme.label;
  context.lineWidth = 1;
  context.strokeRect(left, top, side, side);
  context.font = "11px sans-serif";
  context.fillStyle = theme.text;
  text(context, `q × ${factor < 10 ? factor.toFixed(1) : Math.round(factor)}`, left + 4, top + 12, "left", theme);
  const length = [1, 2, 5].flatMap((k) => [-4, -3, -2, -1, 0].map((p) => k * 10 ** p)).sort((a, b) => b - a).find((one) => one * unit < 0.45 * side);
  if (!length) return;
  context.strokeStyle = theme.text;
  context.lineWidth = 2;
  const bar = top + side - 5;
  line(context, left + 5, bar, left + 5 + length * unit, bar);
  text(context, String(Number(length.toPrecision(1))), left + 9 + length * unit, bar + 3, "left", theme);
}

function drawCross(context, x, y, colour, theme) {
  for (const [stroke, width, arm] of [[theme.halo, 5, 7], [colour, 2, 6]]) {
    context.strokeStyle = stroke;
    context.lineWidth = width;
    // Open in the middle: a posterior of a few pixels must stay visible inside it.
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      line(context, x + 3 * dx, y + 3 * dy, x + (arm + 3) * dx, y + (arm + 3) * dy);
    }
  }
}

function drawDiamond(context, x, y, theme) {
  for (const [stroke, width] of [[theme.halo, 4], [theme.symbol.x, 1.5]]) {
    context.strokeStyle = stroke;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x, y - 7);
    context.lineTo(x + 7, y);
    context.lineTo(x, y + 7);
    context.lineTo(x - 7, y);
    context.closePath();
    context.stroke();
  }
}

export function drawCursor(context, plane, z) {
  const [x, y] = plane.toScreen(...z);
  context.setLineDash([2, 3]);
  context.strokeStyle = plane.theme.text;
  context.lineWidth = 1;
  line(context, x, 0, x, plane.size);
  line(context, 0, y, plane.size, y);
  context.setLineDash([]);
}
