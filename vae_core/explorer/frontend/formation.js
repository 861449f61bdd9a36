// A run as it forms: the plane with a slider over its epochs, the curves, the numbers of the epoch
// shown. It follows the newest epoch until the visitor goes back to an earlier one.

import { Curves, rounded } from "./formation_curves.js";
import { FormationPlane } from "./formation_plane.js";
import { framesOf, onFrames } from "./frames.js";
import { currentTheme } from "./theme.js";

const ARRIVAL = 300; // milliseconds in which the points move to a new epoch
const HANDLED = 120; // the same under the visitor's hand
const REPLAY = { whole: 6000, least: 80, most: ARRIVAL };

// Name, value, digits and, of an average over samples, its standard error.
const MEASURES = [
  ["loss at the <span class='mean'>mean</span>", (m) => m.loss_at_mean, 2],
  ["loss over <span class='sample'>samples</span>", (m) => m.sampled_loss, 2, (m) => m.price_stderr],
  ["price of σ", priceOf, 2, (m) => m.price_stderr],
  ["KL", (m) => m.kl, 2],
  ["median σ", (m) => m.stddev, 3],
];

// The difference of the two losses in the digits shown.
function priceOf({ sampled_loss: sampled, loss_at_mean: atMean }) {
  const known = Number.isFinite(sampled) && Number.isFinite(atMean);
  return known ? Number(sampled.toFixed(2)) - Number(atMean.toFixed(2)) : null;
}

export class Formation {
  constructor(root) {
    this.root = root;
    const element = (this.element = (selector) => root.querySelector(selector));
    Object.assign(this, { calls: 0, data: null, frames: [], index: -1, following: true, timer: null });
    this.plane = new FormationPlane(element(".plane"));
    this.curves = new Curves(element(".curves"), (epoch) => this.pick(this.nearest(epoch), ARRIVAL));
    element(".slider").oninput = (event) => this.pick(Number(event.target.value), HANDLED);
    element(".play").onclick = () => (this.timer === null ? this.play() : this.pause());
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(element(".plane-box"));
    this.observer.observe(element(".curves"));
    this.unlisten = onFrames((run) => run === this.data?.run && this.refresh());
  }

  remove() {
    this.pause();
    this.plane.stop();
    this.observer.disconnect();
    this.unlisten();
  }

  update(data) {
    const other = data.run !== this.data?.run;
    this.data = data;
    this.theme = currentTheme(this.root.host ?? this.root);
    this.plane.emptyHalf = data.half;
    if (other) {
      this.pause();
      Object.assign(this, { index: -1, following: true });
    }
    this.element(".formation").dataset.theme = this.theme.name;
    this.element(".note").textContent = data.note ?? "";
    this.refresh();
  }

  resize() {
    this.plane.resize(this.element(".plane-box").clientWidth);
    this.curves.resize(this.element(".curves").clientWidth);
  }

  get newest() {
    return this.frames.length - 1;
  }

  // Frames or data came: the visitor stays where he is, or moves on with the newest.
  refresh() {
    this.frames = framesOf(this.data.run, this.data.frames);
    if (this.following || this.index > this.newest) this.index = this.newest;
    this.show(ARRIVAL);
  }

  pick(index, milliseconds) {
    this.pause();
    this.moveTo(index, milliseconds);
  }

  moveTo(index, milliseconds, steady = false) {
    this.index = Math.min(this.newest, Math.max(0, index));
    this.following = this.index === this.newest;
    this.show(milliseconds, steady);
  }

  // The frame of an epoch: a run that was continued need not begin at 0.
  nearest(epoch) {
    const distances = this.frames.map((frame) => Math.abs(frame.epoch - epoch));
    return distances.indexOf(Math.min(...distances));
  }

  // --- replay --------------------------------------------------------------------------------

  play() {
    if (this.newest < 1) return;
    const { whole, least, most } = REPLAY;
    const pause = Math.max(least, Math.min(most, whole / this.newest));
    const step = () => {
      if (this.index >= this.newest) return this.pause();
      this.timer = setTimeout(step, pause);
      this.moveTo(this.index + 1, pause, true);
    };
    if (this.index >= this.newest) this.moveTo(0, 0);
    this.following = false; // what comes meanwhile does not cut it short
    this.timer = setTimeout(step, pause);
    this.showTransport();
  }

  pause() {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.following = this.index === this.newest;
    this.showTransport();
  }

  // --- what is on screen -----------------------------------------------------------------------

  show(milliseconds, steady) {
    const { data, index, element } = this;
    const frame = this.frames[index] ?? null;
    Object.assign(element(".formation").dataset, {
      run: data.run,
      frame: index,
      frames: this.frames.length,
      epoch: frame ? frame.epoch : "",
    });
    this.plane.show(frame, this.theme, milliseconds, steady);
    this.curves.show(data.history, data.epochs, frame ? frame.epoch : null);
    this.showTransport();
    this.showCaption(frame);
    this.showMeasures(frame, data.measures[index] ?? {});
  }

  showTransport() {
    const { element, index, newest } = this;
    const frame = this.frames[index];
    const slider = element(".slider");
    slider.max = Math.max(0, newest);
    slider.value = Math.max(0, index);
    slider.disabled = element(".play").disabled = newest < 1;
    if (frame) slider.setAttribute("aria-valuetext", `epoch ${frame.epoch} of ${this.data.epochs}`);
    element(".play").textContent =
      this.timer !== null ? "Pause" : index < newest ? "Play" : "Replay";
    element(".transport .epoch").textContent = frame ? `epoch ${frame.epoch}` : "";
  }

  showCaption(frame) {
    const caption = frame
      ? captionOf(frame, this.data.epochs)
      : this.data.live ? "Waiting for the initial weights." : "No epochs.";
    this.element(".caption").textContent = caption;
    this.element(".plane").setAttribute("aria-label", `Latent plane. ${caption}`);
  }

  showMeasures(frame, measures) {
    const { element } = this;
    const count = frame ? `, ${counted(frame)} test images` : "";
    element(".measures .epoch").textContent = frame ? `Epoch ${frame.epoch}` : "Epoch";
    const errors = Number.isFinite(measures.price_stderr) ? ", ± one standard error" : "";
    element(".measures .unit").textContent = `nats per image${count}${errors}`;
    element(".measures tbody").innerHTML = MEASURES.map(([name, value, digits, stderr]) => {
      const [number, error] = [value(measures), stderr?.(measures)];
      const known = Number.isFinite(error) ? ` <span class="error">± ${rounded(error, digits)}</span>` : "";
      const text = Number.isFinite(number) ? rounded(number, digits) + known : "–";
      return `<tr><th scope="row">${name}</th><td>${text}</td></tr>`;
    }).join("");
  }
}

function counted(frame) {
  return frame.labels.length.toLocaleString("en-US");
}

function captionOf(frame, epochs) {
  const start = frame.epoch === 0 ? " (initial weights)" : "";
  const spread = frame.stddev.some((pair) => Math.max(...pair) > 0);
  const [what, marks] = spread
    ? ["Means of q for", "; ellipses: q of one image per class, 1 stddev"]
    : frame.marked.length
      ? ["Codes of", "; crosses: one image per class"] // an autoencoder has no q
      : ["Means of q for", ""];
  return `${what} ${counted(frame)} test images, epoch ${frame.epoch} of ${epochs}${start}${marks}.`;
}
