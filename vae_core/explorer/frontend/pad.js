// A square to draw a digit on. It keeps the strokes and sends them while they grow; a picture that
// came from elsewhere is shown as it is, until the first stroke replaces it.

import { currentTheme } from "./theme.js";

const SEND_EVERY = 120; // milliseconds
const NEAREST = 0.002; // of the pad's side: a point closer to the last one would not show
const KEY_STEP = 1 / 28;
const BEYOND = [-0.5, 1.5]; // where a pointer that left the pad is held
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = "arrows move, Space ";

class Pad {
  constructor(root) {
    this.root = root;
    this.element = (selector) => root.querySelector(selector);
    this.canvas = this.element(".ink");
    Object.assign(this, {
      calls: 0,
      given: undefined, // the picture in the last data
      picture: null,
      strokes: [],
      history: [], // strokes as they were before each change
      line: null, // that is being drawn
      pointer: null, // that draws it
      cursor: { x: 0.5, y: 0.5 }, // of the keys
      keys: false,
      full: false,
      timer: null,
      sent: -Infinity,
      frame: null,
    });
    const { canvas } = this;
    canvas.onpointerdown = (event) => this.pointerDown(event);
    canvas.onpointermove = (event) => this.pointerMove(event);
    canvas.onpointerup = (event) => this.pointerUp(event);
    canvas.onpointercancel = canvas.onlostpointercapture = (event) => this.pointerLost(event);
    canvas.onfocus = () => this.showKeys(canvas.matches(":focus-visible"));
    canvas.onblur = () => this.endKeys();
    canvas.onkeydown = (event) => this.key(event);
    this.element(".pad").onkeydown = (event) => this.shortcut(event);
    this.element(".undo").onclick = () => this.undo();
    this.element(".clear").onclick = () => this.clear();
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(canvas);
  }

  remove() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
  }

  // Data or the theme changed. A picture that the pad's own strokes made leaves them alone.
  update(data, setStateValue) {
    this.data = data;
    this.setStateValue = setStateValue;
    const untouched = !this.strokes.length && !this.history.length;
    if (data.picture !== this.given && (untouched || !data.own)) {
      this.end();
      clearTimeout(this.timer); // what was about to be sent is past
      Object.assign(this, { timer: null, picture: data.picture, strokes: [], history: [], full: false });
    }
    this.given = data.picture;
    this.element(".pad").dataset.theme = currentTheme(this.root.host ?? this.root).name;
    this.redraw();
  }

  // --- strokes -------------------------------------------------------------------------------

  get points() {
    return this.strokes.reduce((sum, line) => sum + line.length, 0);
  }

  begin(point) {
    this.end();
    this.full = this.strokes.length >= this.data.strokes || this.points >= this.data.points;
    if (this.full) return this.redraw();
    this.history.push(this.strokes);
    this.picture = null;
    this.line = [point];
    this.strokes = [...this.strokes, this.line];
    this.changed();
  }

  extend(point, nearest = NEAREST) {
    if (!this.line) return;
    const [x, y] = this.line[this.line.length - 1];
    if (Math.hypot(point[0] - x, point[1] - y) < nearest) return;
    if (this.points >= this.data.points) {
      this.full = true;
      this.end();
      return this.redraw();
    }
    this.line.push(point);
    this.changed();
  }

  end() {
    const drew = this.line;
    this.line = this.pointer = null;
    if (drew) this.changed(); // says that the pen is up
  }

  undo() {
    this.end();
    if (!this.history.length) return;
    this.strokes = this.history.pop();
    this.full = false;
    this.changed();
  }

  clear() {
    this.end();
    if (this.isEmpty) return;
    if (this.strokes.length) this.history.push(this.strokes);
    Object.assign(this, { strokes: [], picture: null, full: false });
    this.changed();
  }

  get isEmpty() {
    return !this.strokes.length && !this.picture;
  }

  changed() {
    this.redraw();
    this.timer ??= setTimeout(() => this.send(), this.sent + SEND_EVERY - performance.now());
  }

  send() {
    this.timer = null;
    this.sent = performance.now();
    // With the time: what is drawn again is a change to the page as well.
    const [lines, down] = [structuredClone(this.strokes), this.line !== null];
    this.setStateValue("strokes", { lines, down, time: Date.now() });
    this.redraw();
  }

  // --- pointer -------------------------------------------------------------------------------

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return rounded3((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }

  pointerDown(event) {
    if (this.pointer !== null || event.button !== 0) return; // one finger draws
    this.showKeys(false);
    this.begin(this.place(event));
    if (!this.line) return;
    this.pointer = event.pointerId;
    try {
      this.canvas.setPointerCapture(event.pointerId); // beyond the pad it goes on drawing
    } catch {
      // a pointer that is gone already
    }
  }

  pointerMove(event) {
    if (event.pointerId !== this.pointer) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) this.extend(this.place(one));
  }

  pointerUp(event) {
    if (event.pointerId !== this.pointer) return;
    this.extend(this.place(event), 1e-6);
    this.end();
  }

  pointerLost(event) {
    if (event.pointerId === this.pointer) this.end();
  }

  // --- keys ----------------------------------------------------------------------------------

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.moveCursor(arrow, event.shiftKey ? KEY_STEP / 4 : KEY_STEP);
    else if (event.key === " ") event.repeat || this.togglePen();
    else if (event.key === "Escape" && this.line) this.end();
    else return;
    event.preventDefault(); // the page does not scroll
    this.showKeys(true);
  }

  moveCursor([dx, dy], step) {
    const { cursor } = this;
    cursor.x = Math.min(1, Math.max(0, cursor.x + dx * step));
    cursor.y = Math.min(1, Math.max(0, cursor.y + dy * step));
    if (this.pointer === null) this.extend(rounded3(cursor.x, cursor.y));
  }

  togglePen() {
    if (this.line) this.end();
    else this.begin(rounded3(this.cursor.x, this.cursor.y));
  }

  shortcut(event) {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    if (event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    this.undo();
  }

  showKeys(shown) {
    this.keys = shown;
    this.redraw();
  }

  endKeys() {
    if (this.pointer === null) this.end();
    this.showKeys(false);
  }

  // --- what is on screen -----------------------------------------------------------------------

  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
      this.tell();
    });
  }

  draw() {
    const { canvas } = this;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((v) => Math.round(v * scale));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const colour = getComputedStyle(canvas).color;
    Object.assign(context, {
      fillStyle: colour,
      strokeStyle: colour,
      lineWidth: this.data.width * width,
      lineCap: "round",
      lineJoin: "round",
    });
    if (this.picture) drawPicture(context, this.picture, width);
    for (const line of this.strokes) drawLine(context, line, width);
    if (this.keys) this.drawCursor(context, width, scale);
  }

  // A ring as wide as the pen: on ink and beside it, and filled while the pen is down.
  drawCursor(context, width, scale) {
    const style = getComputedStyle(this.element(".pad"));
    context.beginPath();
    context.arc(this.cursor.x * width, this.cursor.y * width, (this.data.width * width) / 2, 0, 7);
    if (this.line) {
      context.fillStyle = style.getPropertyValue("--mean");
      context.fill();
    }
    const rings = [[4, "--st-background-color"], [2, "--mean"]];
    for (const [lineWidth, name] of rings) {
      context.lineWidth = lineWidth * scale;
      context.strokeStyle = style.getPropertyValue(name);
      context.stroke();
    }
  }

  tell() {
    const { element, keys, line } = this;
    const pad = element(".pad");
    pad.dataset.strokes = this.strokes.length;
    pad.dataset.points = this.points;
    pad.dataset.sending = this.timer !== null;
    pad.toggleAttribute("data-picture", Boolean(this.picture));
    pad.toggleAttribute("data-empty", this.isEmpty);
    pad.toggleAttribute("data-keys", keys);
    element(".undo").setAttribute("aria-disabled", !this.history.length);
    element(".clear").setAttribute("aria-disabled", this.isEmpty);
    const text = this.full
      ? "The pad is full: undo or clear."
      : keys
        ? `Pen ${line ? "down" : "up"}: ${KEYS}${line ? "lifts" : "draws"}`
        : "";
    const status = element(".status");
    if (status.textContent !== text) status.textContent = text;
  }
}

// To 3 digits, as it is sent: what the server sees is what is drawn.
function rounded3(...place) {
  const [low, high] = BEYOND;
  return place.map((v) => Math.round(Math.min(high, Math.max(low, v)) * 1000) / 1000);
}

function drawLine(context, [first, ...rest], size) {
  context.beginPath();
  context.moveTo(first[0] * size, first[1] * size);
  if (!rest.length) context.lineTo(first[0] * size, first[1] * size); // a dot
  for (const [x, y] of rest) context.lineTo(x * size, y * size);
  context.stroke();
}

// 28 x 28 grey levels, one hexadecimal digit each.
function drawPicture(context, picture, size) {
  const edge = (i) => Math.round((i * size) / 28);
  for (let i = 0; i < picture.length; i++) {
    const [x, y] = [i % 28, Math.floor(i / 28)];
    context.globalAlpha = parseInt(picture[i], 16) / 15;
    context.fillRect(edge(x), edge(y), edge(x + 1) - edge(x), edge(y + 1) - edge(y));
  }
  context.globalAlpha = 1;
}

const pads = new WeakMap(); // per instance

export default function ({ data, parentElement, setStateValue }) {
  let pad = pads.get(parentElement);
  if (!pad) {
    pad = new Pad(parentElement);
    pads.set(parentElement, pad);
  }
  const call = ++pad.calls;
  pad.update(JSON.parse(new TextDecoder().decode(data)), setStateValue);
  return () => {
    // Streamlit also ends a call that newer data overtook: what is drawn outlives that.
    const onPage = (parentElement.host ?? parentElement).isConnected;
    if (onPage || call !== pad.calls) return;
    pad.remove();
    pads.delete(parentElement);
  };
}
