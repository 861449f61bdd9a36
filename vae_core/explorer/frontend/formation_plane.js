// The latent plane of a run: test images, q of a few of them, and one q magnified, moving from
// epoch to epoch at one scale.

import { NO_CLASS, TAU, drawPoints, drawRings, line, medians, text } from "./canvas.js";
import { View } from "./view.js";

// A fifth of the points that Explore shows: drawn as those of a closer view, and stronger.
const POINTS = { half: 1, alpha: 0.6 };
const LETTER = 15; // pixels that the name of a class keeps from another one
const FONT = "12px sans-serif";

// What is drawn of a frame: it can be mixed with that of another one.
function poseOf(frame) {
  if (!frame.pose) {
    const { points, stddev, portrait } = frame;
    const places = portrait?.places ?? null; // mean and stddev of q, and some z
    frame.pose = { points, stddev, portrait: places, places: medians(frame) };
  }
  return frame.pose;
}

function mixed(a, b, share) {
  const mix = (from, to) => from + share * (to - from);
  const mixPair = (from, to) => to && from && to.map((value, i) => mix(from[i], value));
  return {
    points: b.points.map((value, i) => mix(a.points[i], value)),
    stddev: b.stddev.map((pair, i) => mixPair(a.stddev[i], pair)),
    places: b.places.map((place, i) => mixPair(a.places[i], place)),
    portrait: b.portrait && a.portrait && b.portrait.map((pair, i) => mixPair(a.portrait[i], pair)),
  };
}

// Places in pixels, moved apart until no two are closer than a letter.
function apart(places, distance = LETTER) {
  const moved = places.map((place) => place && [...place]);
  for (let round = 0; round < 40; round++) {
    let close = false;
    for (let i = 0; i < moved.length; i++) {
      for (let j = 0; j < i; j++) {
        if (!moved[i] || !moved[j]) continue;
        const [dx, dy] = [moved[i][0] - moved[j][0], moved[i][1] - moved[j][1]];
        const gap = Math.hypot(dx, dy);
        if (gap >= distance) continue;
        close = true;
        // Two on one spot part along a direction of their own.
        const [ux, uy] = gap > 1e-6 ? [dx / gap, dy / gap] : [Math.cos(i), Math.sin(i)];
        const push = (distance - gap) / 2 + 0.05;
        moved[i][0] += push * ux;
        moved[i][1] += push * uy;
        moved[j][0] -= push * ux;
        moved[j][1] -= push * uy;
      }
    }
    if (!close) break;
  }
  return moved;
}

export class FormationPlane extends View {
  constructor(canvas) {
    super(canvas);
    this.pose = this.from = this.to = this.target = null;
  }

  // Moves to a frame from whatever is shown now; frames of another run have other points.
  show(frame, half, theme, milliseconds, steady) {
    const look = theme.name + theme.background + half;
    if (frame === this.target && look === this.look) return;
    Object.assign(this, { theme, look, half });
    if (frame !== this.target) {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const jump = !frame || !this.pose || frame.run !== this.target?.run || calm;
      this.target = frame;
      this.to = frame && poseOf(frame);
      this.from = jump ? this.to : this.pose;
      this.start = performance.now();
      this.duration = jump ? 0 : milliseconds;
      this.steady = steady;
      this.canvas.dataset.moving = this.duration > 0;
    }
    this.draw();
  }

  resize(size) {
    this.size = size;
    this.draw();
  }

  stop() {
    cancelAnimationFrame(this.request);
    this.request = null;
  }

  draw() {
    // A hidden tab gets no frames: what is asked for meanwhile is drawn once, when it is seen.
    this.request ??= requestAnimationFrame((now) => {
      this.request = null;
      this.step(now);
    });
  }

  step(now) {
    if (this.to) {
      const t = this.duration ? Math.min(1, Math.max(0, (now - this.start) / this.duration)) : 1;
      const share = this.steady ? t : t * t * (3 - 2 * t);
      this.pose = t < 1 ? mixed(this.from, this.to, share) : this.to;
      this.canvas.dataset.moving = t < 1;
      if (t < 1) this.draw();
    } else {
      this.pose = null;
      this.canvas.dataset.moving = false;
    }
    this.paint();
  }

  paint() {
    const ratio = globalThis.devicePixelRatio || 1;
    const pixels = Math.round(this.size * ratio);
    if (!pixels || !this.theme) return; // not laid out yet
    const { canvas, pose, theme, size } = this;
    if (canvas.width !== pixels || canvas.height !== pixels) canvas.width = canvas.height = pixels;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = theme.background;
    context.fillRect(0, 0, size, size);
    this.drawAxes(context);
    drawRings(context, this);
    if (pose) {
      this.drawPoints(context);
      const marks = this.marks();
      // All halos lie below: marks that overlap, and class names, never erase each other.
      this.drawEllipses(context, marks, theme.halo, 3);
      this.drawCrosses(context, marks, theme.halo, 4);
      this.drawNames(context);
      this.drawCrosses(context, marks, theme.symbol.mean, 2);
      this.drawEllipses(context, marks, theme.symbol.stddev, 1.5);
      this.nameDrawing(context, marks);
      if (pose.portrait) this.drawPortrait(context);
    }
    this.tell();
  }

  drawAxes(context) {
    const { size, theme, half } = this;
    const step = [0.5, 1, 2, 5, 10, 20, 50, 100, 500].find((s) => (s / (2 * half)) * size >= 28) ?? 10 ** Math.ceil(Math.log10(half / 3));
    context.lineWidth = 1;
    context.font = FONT;
    context.textBaseline = "alphabetic";
    for (let k = -Math.floor(half / step); k * step <= half; k++) {
      const [at] = this.toScreen(k * step, 0);
      context.strokeStyle = theme.grid;
      line(context, at, 0, at, size);
      line(context, 0, size - at, size, size - at);
      const name = String(Number((k * step).toPrecision(6))).replace("-", "−");
      context.fillStyle = theme.label;
      if (at > 24 && at < size - 14) text(context, name, at, size - 4, "center", theme);
      if (at > 24 && at < size - 14) text(context, name, 4, size - at + 4, "left", theme);
    }
  }

  drawPoints(context) {
    drawPoints(context, {
      size: this.size,
      scene: {},
      model: { points: this.pose.points, labels: this.target.labels },
      theme: { ...this.theme, pointAlpha: POINTS.alpha },
      half: this.size < 240 ? 3 : POINTS.half,
      toScreen: (x, y) => this.toScreen(x, y),
    });
  }

  drawNames(context) {
    const places = apart(this.pose.places.map((place) => place && this.toScreen(...place)));
    context.font = `bold ${FONT}`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.fillStyle = this.theme.text; // a pale class colour would not be legible
    this.names = [];
    places.forEach((place, label) => {
      if (!place || label === NO_CLASS) return;
      this.names.push(place);
      text(context, String(label), ...place, "center", this.theme);
    });
  }

  // Middles and 1-stddev half axes of the marked images' q, in pixels.
  marks() {
    const { points, stddev } = this.pose;
    const unit = this.size / (2 * this.half);
    return this.target.marked.map((image, k) => [
      ...this.toScreen(points[2 * image], points[2 * image + 1]),
      ...(stddev[k] ?? [0, 0]).map((value) => value * unit),
    ]);
  }

  // The visitor's own picture is marked too, and has no class.
  nameDrawing(context, marks) {
    this.target.marked.forEach((image, k) => {
      if (this.target.labels[image] !== NO_CLASS) return;
      context.fillStyle = this.theme.symbol.x;
      context.font = `bold ${FONT}`;
      text(context, "x", marks[k][0] + 12, marks[k][1] - 10, "center", this.theme);
    });
  }

  drawEllipses(context, marks, colour, width) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    for (const [x, y, rx, ry] of marks) {
      if (!(rx > 0 && ry > 0)) continue; // an autoencoder has no q
      context.beginPath();
      context.ellipse(x, y, rx, ry, 0, 0, TAU);
      context.stroke();
    }
  }

  // Open in the middle, as in Explore: a q of a few pixels must stay visible inside.
  drawCrosses(context, marks, colour, width) {
    const [gap, reach] = [2.5, 6.5];
    context.strokeStyle = colour;
    context.lineWidth = width;
    for (const [x, y] of marks) {
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        line(context, x + gap * dx, y + gap * dy, x + reach * dx, y + reach * dy);
      }
    }
  }

  // --- one image's q, with the z whose pictures are shown --------------------------------------

  // The factor of the inset: a power of two, so that it does not flicker; 1 where q is large.
  factor(side) {
    const unit = this.size / (2 * this.half);
    const largest = Math.max(...this.pose.portrait[1]) * unit;
    if (!(largest > 0)) return 0; // no q
    return 2 ** Math.max(0, Math.floor(Math.log2((0.2 * side) / largest)));
  }

  drawPortrait(context) {
    const { theme, size, pose } = this;
    const side = Math.round(Math.max(52, 0.28 * size));
    const factor = this.factor(side);
    this.canvas.dataset.magnified = factor;
    const [mean] = pose.portrait;
    const [x, y] = this.toScreen(...mean);
    if (factor < 2) return this.drawQ(context, x, y, 1);
    const [left, top] = [size - side - 6, 6];
    const half = Math.max(4, side / (2 * factor));
    context.strokeStyle = theme.symbol.prior;
    context.lineWidth = 1;
    context.strokeRect(x - half, y - half, 2 * half, 2 * half);
    line(context, x - half, y - half, left, top);
    line(context, x + half, y + half, left + side, top + side);
    context.fillStyle = theme.background;
    context.fillRect(left, top, side, side);
    context.strokeRect(left, top, side, side);
    context.save();
    context.beginPath();
    context.rect(left, top, side, side);
    context.clip();
    this.drawQ(context, left + side / 2, top + side / 2, factor);
    context.restore();
    context.font = FONT;
    context.textBaseline = "alphabetic";
    context.fillStyle = theme.label;
    text(context, `q × ${factor}`, left + 4, top + side - 4, "left", theme);
  }

  // q of the image around a place on the canvas, so many times as large as the plane has it.
  drawQ(context, x, y, factor) {
    const { theme, pose, size, half } = this;
    const unit = (factor * size) / (2 * half);
    const [mean, stddev, ...samples] = pose.portrait;
    const mark = [x, y, stddev[0] * unit, stddev[1] * unit];
    if (stddev[0] > 0 && stddev[1] > 0) {
      context.fillStyle = theme.symbol.stddev;
      context.globalAlpha = 0.15;
      context.beginPath();
      context.ellipse(...mark, 0, 0, TAU);
      context.fill();
      context.globalAlpha = 1;
    }
    this.drawEllipses(context, [mark], theme.halo, 4);
    this.drawEllipses(context, [mark], theme.symbol.stddev, 2);
    this.drawCrosses(context, [mark], theme.symbol.mean, 2);
    for (const z of samples) {
      context.beginPath();
      context.arc(x + (z[0] - mean[0]) * unit, y - (z[1] - mean[1]) * unit, 2.5, 0, TAU);
      context.fillStyle = theme.symbol.sample;
      context.fill();
      context.strokeStyle = theme.background;
      context.lineWidth = 1;
      context.stroke();
    }
  }
}
