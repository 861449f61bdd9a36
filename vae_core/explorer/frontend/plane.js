// The latent plane: test images as points, the prior's rings, one posterior to scale, its samples.

import { drawBackdrop, drawCursor, drawPosterior } from "./scene.js";
import { View } from "./view.js";

const PICK_RADIUS = 7; // css pixels
const SAMPLE_RADIUS = 4;
const CURSOR_STEP = 8;
const DOUBLE_CLICK = 600; // milliseconds
const RAW_INTERVAL = 4; // of a mouse that reports a thousand times a second

export class Plane extends View {
  // onPick({image}) or onPick({z}) is called for a click, a tap or Enter;
  // onHover(z, image or null) or onHover(null) when the pointer or the cursor moves.
  constructor(canvas, onPick, onHover) {
    super(canvas);
    this.onPick = onPick;
    this.onHover = onHover;
    this.backdrop = document.createElement("canvas"); // all that a click does not change
    this.pointers = new Map();
    this.cursor = null;
    this.extent = undefined; // of home(): where several planes share one, that of all
    this.ghost = null; // the z that is pointed at on another plane
    this.lit = null; // the symbol that is lit up
    this.marked = null; // the sample that is pointed at
    this.lastClick = { time: -Infinity, place: [0, 0] };
    this.listen();
  }

  show(model, scene, theme) {
    const other = this.model !== model;
    // A click changes the posterior; the points below it are drawn again only if they changed.
    const backdrop = JSON.stringify([theme.name, theme.background, scene.tiles, scene.layer]);
    if (other || backdrop !== this.backdropOf) this.stale = true;
    this.backdropOf = backdrop;
    Object.assign(this, { model, scene, theme });
    if (other) {
      this.cursor = null;
      this.home();
    }
    this.draw();
  }

  // The whole cloud, with the origin in the middle and one scale for both axes.
  home() {
    if (!this.model) return;
    this.lookAt(0, 0, this.extent ?? this.model.half);
  }

  // Shows centre ± half in both directions.
  lookAt(x, y, half) {
    this.follow([x, y], Math.min(200, Math.max(1e-3, half)));
    this.onLook?.({ centre: this.centre, half: this.half });
  }

  // Shows what another plane shows.
  follow(centre, half) {
    Object.assign(this, { centre, half });
    this.stale = true;
    this.hoverX = null; // another z lies there now
    this.draw();
  }

  // Marks one of the samples; null for none.
  mark(i) {
    if (i === this.marked) return;
    this.marked = i;
    this.draw();
  }

  lookAtPosterior() {
    if (!this.model) return;
    const { mean, stddev, scale } = this.scene;
    this.lookAt(mean[0], mean[1], 4 * Math.max(scale * stddev[0], scale * stddev[1], 1e-3));
  }

  // Told by the panel: asking the canvas would have the browser lay the page out first.
  resize(size) {
    this.size = size;
    this.stale = true;
    this.draw();
  }

  // The test image whose point is nearest, if it lies within reach.
  imageNear(px, py) {
    const [x, y] = this.toData(px, py);
    const points = this.model.points;
    let best = ((PICK_RADIUS * 2 * this.half) / this.size) ** 2;
    let found = null;
    for (let i = 0; i < points.length; i += 2) {
      const distance = (points[i] - x) ** 2 + (points[i + 1] - y) ** 2;
      if (distance < best) {
        best = distance;
        found = i / 2;
      }
    }
    return found;
  }

  draw() {
    if (this.frame || !this.model) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  paint() {
    const ratio = globalThis.devicePixelRatio || 1;
    const pixels = Math.round(this.size * ratio);
    if (!pixels) return; // not laid out yet
    const { canvas, backdrop } = this;
    if (canvas.width !== pixels || canvas.height !== pixels) {
      for (const c of [canvas, backdrop]) c.width = c.height = pixels;
      this.stale = true;
    }
    if (this.stale) {
      const context = backdrop.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      drawBackdrop(context, this);
      this.stale = false;
    }
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(backdrop, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawPosterior(context, this);
    if (this.cursor) drawCursor(context, this, this.cursor);
    if (this.ghost) drawCursor(context, this, this.ghost);
    this.tell();
  }

  // --- input ---------------------------------------------------------------------------------

  listen() {
    const { canvas } = this;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.onpointerdown = (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, at(event));
      this.moved = this.pointers.size > 1;
      this.down = at(event);
      if (event.pointerType === "touch") this.hover(...at(event));
    };
    // Where the browser has it, this event does not wait for the next frame as a move does.
    canvas.onpointerrawupdate = (event) => {
      const soon = event.timeStamp - this.hovered < RAW_INTERVAL;
      if (!this.pointers.size && !soon) this.hover(...at(event));
    };
    canvas.onpointermove = (event) => {
      const here = at(event);
      const before = this.pointers.get(event.pointerId);
      if (!before) return this.hover(...here);
      if (Math.hypot(here[0] - this.down[0], here[1] - this.down[1]) > 4) this.moved = true;
      if (this.pointers.size === 2) this.pinch(event.pointerId, here);
      else if (event.pointerType === "touch") this.hover(...here); // one finger reads the plane
      else if (this.moved) this.pan(here[0] - before[0], here[1] - before[1]);
      this.pointers.set(event.pointerId, here);
    };
    canvas.onpointerup = (event) => {
      const known = this.pointers.delete(event.pointerId);
      if (!known || this.moved) return;
      const { time, place } = this.lastClick;
      const here = at(event);
      const near = Math.hypot(here[0] - place[0], here[1] - place[1]) < 5;
      if (!near || event.timeStamp - time > DOUBLE_CLICK) this.pick(...here);
      this.lastClick = { time: event.timeStamp, place: here };
    };
    canvas.onpointercancel = (event) => this.pointers.delete(event.pointerId);
    canvas.onlostpointercapture = canvas.onpointercancel;
    canvas.onpointerleave = () => this.leave();
    canvas.ondblclick = () => {
      if (!this.model) return;
      this.home();
      if (this.before) this.onPick(this.before); // its first click has picked what lay below it
      this.before = null;
    };
    canvas.onwheel = (event) => {
      event.preventDefault();
      this.zoom(Math.exp(0.0015 * event.deltaY), ...at(event));
      this.hover(...at(event));
    };
    canvas.onkeydown = (event) => this.key(event);
    // A finger scrolls the page until the plane was tapped, and again once it is left.
    canvas.onfocus = () => (canvas.style.touchAction = "none");
    canvas.onblur = () => {
      canvas.style.touchAction = "";
      this.cursor = null;
      this.leave();
      this.draw();
    };
  }

  // The sample under the pointer, or null.
  sampleNear(px, py) {
    let found = null;
    let best = SAMPLE_RADIUS;
    this.scene.samples.forEach((z, i) => {
      const [x, y] = this.toScreen(...z);
      const distance = Math.hypot(x - px, y - py);
      if (distance < best) [best, found] = [distance, i];
    });
    return found;
  }

  hover(px, py) {
    if (!this.model) return;
    // Even where it was: what was left since then may have put the mark out.
    this.onPoint?.(this.sampleNear(px, py));
    if (px === this.hoverX && py === this.hoverY) return;
    Object.assign(this, { hoverX: px, hoverY: py, hovered: performance.now() });
    this.onHover(this.toData(px, py), this.imageNear(px, py), px, py);
  }

  leave() {
    this.hoverX = this.hoverY = null;
    this.onPoint?.(null);
    this.onHover(null);
  }

  pick(px, py) {
    if (!this.model) return;
    const image = this.imageNear(px, py);
    this.before = this.scene.selection;
    this.onPick(image === null ? { z: this.toData(px, py) } : { image });
  }

  pan(dx, dy) {
    if (!this.model) return;
    const unit = (2 * this.half) / this.size;
    this.lookAt(this.centre[0] - dx * unit, this.centre[1] + dy * unit, this.half);
  }

  // Keeps the point under (px, py) in its place.
  zoom(factor, px, py) {
    if (!this.model) return;
    const [x, y] = this.toData(px, py);
    const half = Math.min(200, Math.max(1e-3, this.half * factor));
    const share = half / this.half;
    const [cx, cy] = this.centre;
    this.lookAt(x + (cx - x) * share, y + (cy - y) * share, half);
  }

  pinch(id, here) {
    const [other] = [...this.pointers].filter(([key]) => key !== id).map(([, point]) => point);
    const before = this.pointers.get(id);
    const span = (a) => Math.max(8, Math.hypot(a[0] - other[0], a[1] - other[1]));
    this.pan((here[0] - before[0]) / 2, (here[1] - before[1]) / 2);
    this.zoom(span(before) / span(here), (here[0] + other[0]) / 2, (here[1] + other[1]) / 2);
  }

  key(event) {
    if (!this.model || event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const middle = this.size / 2;
    if (moves[event.key]) {
      const [dx, dy] = moves[event.key];
      const step = event.shiftKey ? 1 : CURSOR_STEP;
      const [px, py] = this.cursor ? this.toScreen(...this.cursor) : [middle, middle];
      const clamp = (v) => Math.min(this.size - 1, Math.max(0, v));
      this.cursor = this.toData(clamp(px + dx * step), clamp(py + dy * step));
      this.hover(...this.toScreen(...this.cursor));
      this.draw();
    } else if (event.key === "Enter" && this.cursor) {
      this.pick(...this.toScreen(...this.cursor));
    } else if (event.key === "+" || event.key === "=") {
      this.zoom(0.8, ...(this.cursor ? this.toScreen(...this.cursor) : [middle, middle]));
    } else if (event.key === "-") {
      this.zoom(1.25, ...(this.cursor ? this.toScreen(...this.cursor) : [middle, middle]));
    } else if (event.key === "Escape" || event.key === "0") {
      this.cursor = null;
      this.leave();
      this.home();
    } else {
      return;
    }
    event.preventDefault();
  }
}
