// What a panel's plane paints beyond that of every plane: a field or tiles below the points, one
// posterior above them.

import { TAU, drawAxes, drawClassNames, drawPoints, drawRings, line, medians, text } from "./canvas.js";
import { bytesOf, paint } from "./pictures.js";

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
  for (const [colour, width] of [[theme.halo, 4], [theme.symbol.sample, 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    for (const radius of stddev[0] > 0 ? [1, 2] : []) {
      context.beginPath();
      context.ellipse(x, y, radius * stddev[0] * unit, radius * stddev[1] * unit, 0, 0, TAU);
      context.stroke();
    }
  }
  // Where the ellipse is a dot, a dot per sample would hide it.
  const radius = Math.min(2.5, Math.max(1, 0.15 * Math.max(...stddev) * unit));
  context.lineWidth = 1;
  for (const [zx, zy] of scene.samples) {
    const [px, py] = plane.toScreen(zx, zy);
    context.beginPath();
    context.arc(px, py, radius, 0, TAU);
    context.fillStyle = theme.symbol.sample;
    context.fill();
    if (radius > 2) {
      context.strokeStyle = theme.halo;
      context.stroke();
    }
  }
  drawCross(context, x, y, theme.symbol.mean, theme);
  if (stddev[0] > 0) {
    context.font = "bold 12px sans-serif";
    context.fillStyle = theme.symbol.sample;
    const reach = Math.max(12, 2 * stddev[0] * unit + 4);
    const inside = x + reach < plane.size - 16;
    text(context, "q", inside ? x + reach : x - reach, y, inside ? "left" : "right", theme);
  }
  if (scene.picked) drawDiamond(context, ...plane.toScreen(...scene.picked), theme);
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

export function drawCursor(context, plane) {
  const [x, y] = plane.toScreen(...plane.cursor);
  context.setLineDash([2, 3]);
  context.strokeStyle = plane.theme.text;
  context.lineWidth = 1;
  line(context, x, 0, x, plane.size);
  line(context, 0, y, plane.size, y);
  context.setLineDash([]);
}
