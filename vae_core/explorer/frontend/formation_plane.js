// The latent plane of a run: test images, and q of a few of them, moving from epoch to epoch.

import {
  NO_CLASS, TAU, drawAxes, drawClassNames, drawPoints, drawRings, line, medians, text,
} from "./canvas.js";
import { View } from "./view.js";

// A fifth of the points that Explore shows: drawn as those of a closer view, and stronger.
const POINTS = { half: 1, alpha: 0.65 };

// What is drawn of a frame: it can be mixed with that of another one.
function poseOf(frame) {
  if (!frame.pose) {
    const { points, stddev, half } = frame;
    frame.pose = { points, stddev, half, places: medians(frame) };
  }
  return frame.pose;
}

function mixed(a, b, share) {
  const mix = (from, to) => from + share * (to - from);
  const mixPair = (from, to) => to && to.map((value, i) => mix(from[i], value));
  return {
    points: b.points.map((value, i) => mix(a.points[i], value)),
    stddev: b.stddev.map((pair, i) => mixPair(a.stddev[i], pair)),
    places: b.places.map((place, i) => mixPair(a.places[i], place)),
    half: mix(a.half, b.half),
  };
}

export class FormationPlane extends View {
  constructor(canvas) {
    super(canvas);
    this.emptyHalf = 1; // shown while there is no frame: it comes with the data
    this.pose = this.from = this.to = this.target = null;
  }

  // Moves to a frame from whatever is shown now; frames of another run have other points.
  show(frame, theme, milliseconds, steady) {
    const look = theme.name + theme.background;
    if (frame === this.target && look === this.look) return;
    Object.assign(this, { theme, look });
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
    this.half = pose?.half ?? this.emptyHalf;
    context.fillStyle = theme.background;
    context.fillRect(0, 0, size, size);
    drawAxes(context, this);
    drawRings(context, this);
    if (pose) {
      this.drawPoints(context);
      const marks = this.marks();
      // All halos lie below: marks that overlap, and class names, never erase each other.
      this.drawEllipses(context, marks, theme.halo, 4);
      this.drawCrosses(context, marks, theme.halo, 4);
      drawClassNames(context, this, pose.places);
      this.drawCrosses(context, marks, theme.symbol.mean, 2);
      this.drawEllipses(context, marks, theme.symbol.sample, 1.5);
      this.nameDrawing(context, marks);
    }
    this.tell();
  }

  drawPoints(context) {
    drawPoints(context, {
      size: this.size,
      scene: {},
      model: { points: this.pose.points, labels: this.target.labels },
      theme: { ...this.theme, pointAlpha: POINTS.alpha },
      half: POINTS.half,
      toScreen: (x, y) => this.toScreen(x, y),
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
      context.font = "bold 15px sans-serif";
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
}
