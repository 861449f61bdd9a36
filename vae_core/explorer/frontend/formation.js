// Two runs side by side on one row of epochs: planes, decoded samples, curves, the numbers of the
// epoch shown. It follows the newest epoch of a run under way until the visitor goes back.

import { rounded } from "./formation_axes.js";
import { Chart, negativeElbo, priceOf } from "./formation_curves.js";
import { FormationPlane } from "./formation_plane.js";
import { Portrait } from "./formation_samples.js";
import { framesOf, onFrames } from "./frames.js";
import { bytesOf } from "./pictures.js";
import { linkSymbols } from "./symbols.js";
import { currentTheme } from "./theme.js";

const ARRIVAL = 300; // milliseconds in which the points move to a new epoch
const HANDLED = 120; // the same under the visitor's hand
const REPLAY = { whole: 6000, least: 80, most: ARRIVAL };

// Name, value, digits and, of an average over samples, its standard error.
const MEASURES = [
  ["loss at μ", (m) => m.loss_at_mean, 2],
  ["+ price of σ", priceOf, 2, (m) => m.price_stderr],
  ["+ KL", (m) => m.kl, 2],
  ["= −ELBO", negativeSum, 2, (m) => m.price_stderr],
  ["median σ", (m) => m.stddev, 3],
];
const SYMBOLS = [
  [/price of σ/g, "price"],
  [/(?<!price of )σ/g, "stddev"],
  [/μ/g, "mean"],
  [/\bKL\b/g, "kl"],
  [/(?<=a )sample(?=s? (?:costs|saves|there))/g, "sample"],
];

// The sum in the digits shown, so that it closes.
function negativeSum(m) {
  if (negativeElbo(m) === null) return null;
  return Number(m.sampled_loss.toFixed(2)) + Number(m.kl.toFixed(2));
}

// Text with every symbol in its colour; a price is taken before the σ within its name.
function withSymbols(text) {
  let parts = [text.replace(/&/g, "&amp;").replace(/</g, "&lt;")];
  for (const [pattern, symbol] of SYMBOLS) {
    parts = parts.flatMap((part) => {
      if (part.startsWith("<span")) return [part];
      const found = [...part.matchAll(pattern)];
      let end = 0;
      const cut = found.flatMap((match) => {
        const before = part.slice(end, match.index);
        end = match.index + match[0].length;
        return [before, `<span class="s" data-symbol="${symbol}">${match[0]}</span>`];
      });
      return [...cut, part.slice(end)].filter(Boolean);
    });
  }
  return parts.join("");
}

export class Formation {
  constructor(root) {
    this.root = root;
    const element = (this.element = (selector) => root.querySelector(selector));
    Object.assign(this, { calls: 0, data: null, epoch: null, following: true, timer: null });
    this.lanes = [0, 1].map((k) => ({
      element: element(`.lane[data-lane="${k}"]`),
      plane: new FormationPlane(element(`.lane[data-lane="${k}"] canvas`)),
      portrait: new Portrait(element(`.portrait[data-lane="${k}"]`)),
      frames: [],
    }));
    this.charts = [...root.querySelectorAll(".chart")].map(
      (chart) => new Chart(chart, (epoch) => this.pick(epoch, ARRIVAL)),
    );
    element(".slider").oninput = (event) => this.pick(Number(event.target.value), HANDLED);
    element(".play").onclick = () => (this.timer === null ? this.play() : this.pause());
    this.observer = new ResizeObserver(() => this.resize());
    for (const one of root.querySelectorAll(".plane-box, .chart .frame")) this.observer.observe(one);
    this.unlisten = onFrames((run) => this.data?.lanes.some((lane) => lane?.run === run) && this.refresh());
  }

  remove() {
    this.pause();
    for (const { plane } of this.lanes) plane.stop();
    this.observer.disconnect();
    this.unlisten();
  }

  update(data) {
    const name = ({ lanes }) => lanes.map((lane) => lane?.run).join(" ");
    const other = !this.data || name(data) !== name(this.data);
    const ended = this.data?.lanes[0]?.live && !data.lanes[0]?.live;
    this.data = data;
    this.theme = currentTheme(this.root.host ?? this.root);
    if (other) {
      this.pause();
      Object.assign(this, { epoch: null, following: true });
    } else if (ended && this.following) {
      this.epoch = null; // to the end of both
    }
    const root = this.element(".formation");
    root.dataset.theme = this.theme.name;
    this.theme.models.forEach((colour, k) => root.style.setProperty(`--model-${k}`, colour));
    this.image = { ...data.image, picture: Float32Array.from(bytesOf(data.image.picture), (v) => v / 255) };
    this.element(".note").textContent = data.note ?? "";
    this.element(".pair").innerHTML = withSymbols(data.pair ?? "");
    this.element(".comparable").innerHTML = withSymbols(data.comparable ?? "");
    this.lanes.forEach((lane, k) => {
      const { title, kind } = data.lanes[k] ?? { title: "Yours", kind: "none" };
      lane.element.dataset.kind = kind;
      lane.element.querySelector(".title").innerHTML = withSymbols(title);
    });
    this.refresh();
    linkSymbols(root);
  }

  resize() {
    for (const { element, plane } of this.lanes) plane.resize(element.querySelector(".plane-box").clientWidth);
    for (const chart of this.charts) chart.resize();
  }

  // The last epoch that can be shown, and the newest of a run under way.
  get last() {
    return Math.max(0, ...this.lanes.map(({ frames }) => frames.at(-1)?.epoch ?? 0));
  }

  get newest() {
    const own = this.data.lanes[0];
    return own?.live ? (this.lanes[0].frames.at(-1)?.epoch ?? 0) : this.last;
  }

  // Frames or data came: the visitor stays where he is, or moves on with the newest.
  refresh() {
    this.lanes.forEach((lane, k) => {
      const one = this.data.lanes[k];
      lane.frames = one ? framesOf(one.run, one.frames) : [];
    });
    if (this.following || this.epoch === null || this.epoch > this.last) this.epoch = this.newest;
    this.show(ARRIVAL);
  }

  pick(epoch, milliseconds) {
    this.pause();
    this.moveTo(epoch, milliseconds);
  }

  moveTo(epoch, milliseconds, steady = false) {
    this.epoch = Math.min(this.last, Math.max(0, epoch));
    this.following = this.epoch === this.newest;
    this.show(milliseconds, steady);
  }

  // --- replay --------------------------------------------------------------------------------

  play() {
    if (this.last < 1) return;
    const { whole, least, most } = REPLAY;
    const pause = Math.max(least, Math.min(most, whole / this.last));
    const step = () => {
      if (this.epoch >= this.last) return this.pause();
      this.timer = setTimeout(step, pause);
      this.moveTo(this.epoch + 1, pause, true);
    };
    if (this.epoch >= this.last) this.moveTo(0, 0);
    this.following = false; // what comes meanwhile does not cut it short
    this.timer = setTimeout(step, pause);
    this.showTransport();
  }

  pause() {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.following = this.epoch === this.newest;
    this.showTransport();
  }

  // --- what is on screen -----------------------------------------------------------------------

  // Index of a lane's frame at the epoch shown: its own, or the last before it; -1 for none.
  indexIn({ frames }) {
    const before = frames.filter((frame) => frame.epoch <= this.epoch).length;
    return frames.length ? Math.max(0, before - 1) : -1;
  }

  show(milliseconds, steady) {
    const { data, lanes } = this;
    const shown = lanes.map((lane) => this.indexIn(lane));
    lanes.forEach((lane, k) => {
      const frame = lane.frames[shown[k]] ?? null;
      const told = data.lanes[k];
      Object.assign(lane.element.dataset, {
        run: told?.run ?? "", frame: shown[k], frames: lane.frames.length, epoch: frame?.epoch ?? "",
      });
      lane.plane.show(frame, data.half, this.theme, milliseconds, steady);
      const caption = captionOf(frame, told);
      lane.element.querySelector("canvas").setAttribute("aria-label", `Latent plane. ${told?.title ?? "Yours"}: ${caption}`);
      lane.element.querySelector(".now").innerHTML = withSymbols(nowOf(frame, told, this.epoch));
      lane.portrait.show(this.image, frame?.portrait ?? null, told?.title ?? "Yours");
    });
    Object.assign(this.element(".formation").dataset, {
      kind: data.lanes[0]?.kind ?? "none",
      run: data.lanes[0]?.run ?? "",
      frame: shown[0],
      frames: lanes[0].frames.length,
      epoch: lanes[0].frames[shown[0]]?.epoch ?? "",
      shown: this.epoch,
      last: this.last,
    });
    const runs = data.lanes.map((lane, k) => lane && {
      name: lane.label,
      epochs: lanes[k].frames.map((frame) => frame.epoch),
      measures: lane.measures.slice(0, lanes[k].frames.length),
    });
    const planned = Math.max(1, ...data.lanes.map((lane) => lane?.epochs ?? 1));
    for (const chart of this.charts) chart.show(runs, planned, this.last ? this.epoch : null);
    this.showTransport();
    this.showMeasures(shown);
  }

  showTransport() {
    const { element, epoch, last } = this;
    const slider = element(".slider");
    slider.max = last;
    slider.value = epoch ?? 0;
    slider.disabled = element(".play").disabled = last < 1;
    slider.setAttribute("aria-valuetext", `epoch ${epoch ?? 0} of ${last}`);
    element(".play").textContent = this.timer !== null ? "Pause" : epoch < last ? "Play" : "Replay";
    element(".transport .epoch").textContent = `epoch ${epoch ?? 0}`;
    const frame = this.lanes.map((lane) => lane.frames[this.indexIn(lane)]).find(Boolean);
    element(".caption").innerHTML = withSymbols(frame
      ? `${counted(frame)} test images at the μ of their q, one scale for all epochs. Ellipses: q, 1 σ around μ, of one image per class; in the inset that of ${this.image.name}, with the z decoded below and their losses in nats (a nat is 1.44 bits).`
      : "");
  }

  showMeasures(shown) {
    const { element, data } = this;
    const head = element(".measures thead").querySelectorAll("th");
    head[0].textContent = `Epoch ${this.epoch}, nats per image`;
    const measures = data.lanes.map((lane, k) => (lane && shown[k] >= 0 ? lane.measures[shown[k]] : null) ?? {});
    data.lanes.forEach((lane, k) => {
      head[k + 1].dataset.lane = k;
      const epoch = this.lanes[k].frames[shown[k]]?.epoch ?? this.epoch;
      head[k + 1].textContent = (lane?.label ?? "yours") + (epoch === this.epoch ? "" : `, epoch ${epoch}`);
    });
    const row = (name, cells, type = "") => `<tr class="${type}"><th scope="row">${withSymbols(name)}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
    const own = data.lanes.map((lane, k) => lane?.objective[this.lanes[k].frames[shown[k]]?.epoch - 1]);
    element(".measures tbody").innerHTML = MEASURES.map(([name, value, digits, stderr]) =>
      row(name, measures.map((m) => {
        const [number, error] = [value(m), stderr?.(m)];
        const known = Number.isFinite(error) ? ` <span class="error">± ${rounded(error, digits)}</span>` : "";
        return Number.isFinite(number) ? rounded(number, digits) + known : "–";
      })),
    ).join("") + row("what it was trained for, all test images", own.map((v) => (Number.isFinite(v) ? rounded(v, 2) : "–")), "own");
  }
}

function counted(frame) {
  return frame.labels.filter((label) => label !== 255).length.toLocaleString("en-US");
}

// One line over a plane: which epoch it has, where that is not the one of the slider.
function nowOf(frame, lane, epoch) {
  if (!lane) return "Press Train for a run of these settings.";
  if (!frame) return lane.live ? "The initial weights come in a few seconds." : "No epochs.";
  const [, stddev] = frame.portrait?.places ?? [];
  const behind = frame.epoch === epoch ? "" : `, ${lane.live ? "its newest" : "its last"}`;
  const has = stddev && Math.max(...stddev) > 0;
  return `${lane.kind}, epoch ${frame.epoch}${behind}${has || !stddev ? "" : ": codes, no q"}`;
}

function captionOf(frame, lane) {
  if (!frame) return lane?.live ? "waiting for the initial weights." : "no epochs.";
  const start = frame.epoch === 0 ? " (initial weights)" : "";
  const spread = frame.stddev.some((pair) => Math.max(...pair) > 0);
  const [what, marks] = spread
    ? ["means of q for", "; ellipses: q of one image per class, 1 stddev"]
    : frame.marked.length
      ? ["codes of", "; crosses: one image per class"] // an autoencoder has no q
      : ["means of q for", ""];
  return `${what} ${counted(frame)} test images, epoch ${frame.epoch} of ${lane.epochs}${start}${marks}.`;
}
