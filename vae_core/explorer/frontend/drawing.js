// What the plane paints, back to front. All coordinates are CSS pixels.

const TAU = 2 * Math.PI;
const DIGITS = [..."0123456789"];
const NO_CLASS = 255; // of a visitor's drawing

function drawBackdrop(context, plane) {
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

function drawField(context, plane, layer) {
  const [left, right, bottom, top] = layer.extent;
  const picture = document.createElement("canvas");
  const values = bytesOf(layer.values);
  picture.width = picture.height = layer.side;
  const inner = picture.getContext("2d");
  const image = inner.createImageData(layer.side, layer.side);
  for (let i = 0; i < values.length; i++) {
    image.data.set([...plane.theme.field, 0.75 * values[i]], 4 * i);
  }
  inner.putImageData(image, 0, 0);
  const [x0, y0] = plane.toScreen(left, top);
  const [x1, y1] = plane.toScreen(right, bottom);
  context.imageSmoothingEnabled = true;
  context.drawImage(picture, x0, y0, x1 - x0, y1 - y0);
}

// The decoded picture at the middle of each tile: the manifold, at any zoom.
function drawTiles(context, plane) {
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

function drawAxes(context, plane) {
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

function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

function text(context, string, x, y, align, theme) {
  context.textAlign = align;
  context.lineWidth = 3;
  context.save();
  context.strokeStyle = theme.background; // opaque: a dark field or a picture may lie below
  context.strokeText(string, x, y);
  context.restore();
  context.lineWidth = 1;
  context.fillText(string, x, y);
}

// 1, 2 and 3 stddev of the prior.
function drawRings(context, plane) {
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

function drawPoints(context, plane) {
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

function medians({ points, labels }) {
  const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const classes = [];
  labels.forEach((label, i) => (classes[label] ??= []).push(i));
  return Array.from(classes, (members) => {
    if (!members) return null;
    return [middle(members.map((i) => points[2 * i])), middle(members.map((i) => points[2 * i + 1]))];
  });
}

function drawClassNames(context, plane, places, names = DIGITS) {
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

// The height nearest to y at which a word covers none of those written; it is noted there.
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

// 1- and 2-stddev ellipses in data units, the samples, the mean.
function drawPosterior(context, plane) {
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

function drawCursor(context, plane) {
  const [x, y] = plane.toScreen(...plane.cursor);
  context.setLineDash([2, 3]);
  context.strokeStyle = plane.theme.text;
  context.lineWidth = 1;
  line(context, x, 0, x, plane.size);
  line(context, 0, y, plane.size, y);
  context.setLineDash([]);
}
