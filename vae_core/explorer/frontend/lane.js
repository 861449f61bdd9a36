// One lane of the stage: image, q, plane, pictures, sum, see-saw of one model. The server sends
// numbers and points of the plane; every picture is decoded here, and with it its loss.

import { Curve, LEAST_SIGMA } from "./curve.js";
import { lossOf, probabilities } from "./decoder.js";
import { bytesOf, diverging, paint, pixelMoments } from "./pictures.js";
import { Plane } from "./plane.js";
import { SampleGrid } from "./samples.js";
import { SeeSaw, written } from "./seesaw.js";
import { store, withModel } from "./store.js";
import { klOf, showSum } from "./sum.js";
import { relight } from "./symbols.js";

// What is on the page, for those who carry it away: a lane's element to the lane.
export const shownPanels = new Map();

export const PICTURES = [
  ["x", "x", "the image"],
  ["mean", "decoded mean", "the decoder's picture of the mean of q"],
  ["sample", "one sample", "the decoder's picture of the first sample of q"],
  ["average", "average of K", "the average of the decoded samples"],
  ["difference", "sample − mean", "one decoded sample minus the decoded mean"],
  ["stddev", "stddev of K", "the standard deviation of each pixel over the samples"],
];
const LEAST_SAMPLES = 8; // of an average with a standard error

const figure = ([name, caption], symbol) =>
  `<figure class="${name} dims"${symbol ? ` data-symbol="${symbol}"` : ""}><canvas role="img"></canvas><figcaption>${caption}</figcaption></figure>`;

const LANE = `
<div class="panel">
  <h2 class="name"></h2><span class="sentence"></span>
  <p class="verdict"></p>
  <div class="flow">
    ${figure(PICTURES[0], "x")}
    <span class="arrow to-q" aria-hidden="true">encoder →</span>
    <div class="q">
      <span data-symbol="mean"><span class="s">μ</span> = <span class="mu tabular"></span></span>
      <span data-symbol="stddev"><span class="s">σ</span> = <span class="sigma tabular"></span></span>
      <span class="draw-line"><span class="s" data-symbol="sample">z</span> = <span class="s" data-symbol="mean">μ</span> + <span class="noise-text"></span><span class="s" data-symbol="stddev">σ</span> <span class="s" data-symbol="epsilon">ε</span></span>
    </div>
    <div class="plane-box">
      <canvas class="plane" tabindex="0" role="application"></canvas>
      <div class="tools">
        <button type="button" class="zoom" title="Show q out to 4 stddev">zoom to q</button>
        <button type="button" class="whole" title="Show the whole plane (double-click)">whole plane</button>
      </div>
      <span class="legend"></span>
      <div class="hover" hidden><canvas class="hover-digit"></canvas><span class="hover-text"></span></div>
    </div>
    <span class="arrow to-x" aria-hidden="true">decoder →</span>
    <div class="drawn pictures">
      ${figure(PICTURES[1], "reconstruction")}
      <p class="average-line tabular"></p>
      <div class="samples-box dims" tabindex="0" role="group" aria-label="samples, each with its loss" data-symbol="sample"><div class="samples"></div></div>
    </div>
    <figure class="weighed"><canvas class="see-saw" role="img"></canvas></figure>
  </div>
  <p class="sum"></p>
</div>`;

const REST = `<h3 class="name"></h3><table class="numbers"><tbody></tbody></table>
  <div class="pictures">${PICTURES.slice(2).map((one) => figure(one)).join("")}</div>`;

export class Lane {
  // on: {pick(picked), hover(lane, z, image, px, py), look(lane, view), scale(scale, done)}.
  constructor(key, on) {
    this.on = on;
    this.root = document.createElement("section");
    this.rest = document.createElement("section");
    for (const [root, html, kind] of [[this.root, LANE, "lane"], [this.rest, REST, "side"]]) {
      Object.assign(root, { className: kind, innerHTML: html });
      root.dataset.key = key;
    }
    this.element = (selector) => this.root.querySelector(selector) ?? this.rest.querySelector(selector);
    this.pictures = {};
    for (const [name, , meaning] of PICTURES) {
      this.pictures[name] = this.element(`figure.${name} canvas`);
      this.pictures[name].setAttribute("aria-label", meaning);
    }
    this.work = 0;
    this.plane = new Plane(this.element(".plane"), on.pick, (...at) => on.hover(this, ...at));
    this.plane.onLook = (view) => on.look(this, view);
    this.plane.onPoint = (i) => this.point(i);
    this.element(".zoom").onclick = () => this.plane.lookAtPosterior();
    this.element(".whole").onclick = () => this.plane.home();
    this.samples = new SampleGrid(this.element(".samples"), (i) => this.point(i));
    this.seeSaw = new SeeSaw(this.element(".see-saw"), on.scale);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.element(".plane"));
    this.observer.observe(this.element(".weighed"));
    this.observer.observe(this.element(".drawn"));
    shownPanels.set(this.root, this);
  }

  remove() {
    this.observer.disconnect();
    this.work++;
    this.curve?.end();
    shownPanels.delete(this.root);
    this.root.remove();
    this.rest.remove();
  }

  resize() {
    this.plane.resize(this.element(".plane").clientWidth);
    const box = this.element(".weighed");
    this.seeSaw.resize(box.clientWidth, box.clientHeight);
    const width = this.element(".drawn").clientWidth;
    if (width === this.drawnWidth) return;
    this.drawnWidth = width;
    if (this.model) this.showPictures();
  }

  // Takes over what the server sent. local: {scale, seed, epsilon, confirmed}.
  show(data, theme, local) {
    const { element } = this;
    this.data = data;
    this.theme = theme;
    this.losses = data.losses;
    this.xPixels = Float32Array.from(bytesOf(data.x), (grey) => grey / 255);
    for (const root of [this.root, this.rest]) root.querySelector(".name").textContent = data.heading;
    element(".sentence").textContent = data.sentence;
    element(".verdict").innerHTML = data.verdict;
    element(".numbers tbody").innerHTML = data.numbers.map(numberRow).join("");
    element(".legend").textContent = data.scene.layer?.caption ?? "";
    element(".x figcaption").textContent = data.xCaption;
    element(".plane").setAttribute("aria-label", data.description);
    withModel(data.model, () => {
      if (this.data !== data) return; // a later update came first
      this.model = store.models.get(data.model);
      this.on.ready();
      this.draw(local);
      this.weigh();
    });
  }

  get hasPosterior() {
    return this.data.scene.stddev[0] > 0;
  }

  // The samples under the noise and the ε that are chosen here; null where only the server can.
  samplesAt({ scale, epsilon, confirmed }) {
    const { mean, stddev, samples, scale: sent } = this.data.scene;
    if (confirmed) return samples;
    const moved = (i, axis) => {
      if (epsilon) return scale * stddev[axis] * epsilon[2 * i + axis];
      return (samples[i][axis] - mean[axis]) * (scale / sent);
    };
    if (!epsilon && !(sent > 0)) return null;
    return samples.map((_, i) => mean.map((m, axis) => m + moved(i, axis)));
  }

  // Draws all that depends on noise and ε.
  draw(local) {
    const { data, theme, element } = this;
    const samples = this.samplesAt(local);
    if (!this.model || !samples) return;
    this.local = local;
    const scene = { ...data.scene, scale: local.scale, samples };
    this.scene = scene;
    this.plane.show(this.model, scene, theme);
    const { mean, stddev } = scene;
    const fixed = (value) => value.toFixed(2).replace("-", "−");
    element(".mu").textContent = `(${mean.map(fixed).join(", ")})`;
    element(".sigma").textContent = this.hasPosterior ? pair(stddev) : "none";
    element(".noise-text").textContent = local.scale === 1 ? "" : `${local.scale} · `;
    element(".zoom").hidden = !(stddev[0] * local.scale > 0);
    this.seeSaw.scale = local.scale;
    this.seeSaw.paint();
    this.showSum(local);
    this.showPictures();
  }

  showSum(local) {
    const { mean, stddev } = this.data.scene;
    const scaled = stddev.map((value) => value * local.scale);
    const sigma = this.curve ? this.curve.own * local.scale : 0;
    const price = this.curve?.sigmas.length && local.scale > 0 ? this.curve.price(sigma) : null;
    const pending = local.confirmed ? null : { price: local.scale > 0 ? price : 0, kl: klOf(mean, scaled) };
    showSum(this.element(".sum"), this.data, this.hasPosterior ? pending : null);
    this.root.classList.toggle("under-way", !local.confirmed);
    relight(this.root);
  }

  showPictures() {
    const { model, pictures, element, scene, data, local, xPixels } = this;
    const { mean, samples } = scene;
    const show = (name, values, colour) => paint(pictures[name], values, model.width, colour);
    show("x", xPixels);
    const meanLogits = model.decoder.logits(...mean);
    const atMean = probabilities(meanLogits);
    show("mean", atMean);
    element(".mean figcaption").innerHTML = `<span class="s">x̂</span> at μ: loss ${lossOf(meanLogits, xPixels).toFixed(1)}`;
    element(".average figcaption").textContent = `average of ${samples.length}`;
    element(".stddev figcaption").textContent = `stddev of ${samples.length}`;
    // A wide network takes about a millisecond a picture: decode in slices, drop stale work.
    const phone = this.drawnWidth < 240;
    const columns = samples.length <= 16 ? (phone ? 4 : 8) : samples.length <= 64 ? 16 : 32;
    const fitting = this.drawnWidth < 300 ? Math.min(columns, 8) : columns;
    this.samples.layOut(samples.length, phone ? 4 : fitting, model.width, xPixels.length / model.width);
    const decoded = [];
    const losses = [];
    const work = ++this.work;
    const slice = () => {
      if (work !== this.work) return;
      const deadline = performance.now() + 12;
      do {
        const i = decoded.length;
        const logits = model.decoder.logits(...samples[i]);
        const picture = probabilities(logits);
        losses.push(local.confirmed ? data.losses[i] : lossOf(logits, xPixels));
        this.samples.show(i, picture, losses[i].toFixed(samples.length > 64 ? 0 : 1));
        decoded.push(picture);
      } while (decoded.length < samples.length && performance.now() < deadline);
      if (decoded.length < samples.length) return requestAnimationFrame(slice);
      this.losses = losses;
      const { average, stddev } = pixelMoments(decoded);
      show("sample", decoded[0]);
      show("average", average);
      const difference = decoded[0].map((value, i) => value - atMean[i]);
      show("difference", difference, (value) => diverging(value, 1, this.theme));
      show("stddev", stddev.map((value) => 2 * value)); // a stddev in [0, 1] is at most one half
      element(".average-line").innerHTML = this.hasPosterior ? averageLine(losses) : "nothing to sample";
      relight(this.root);
      const panel = element(".panel");
      panel.dataset.local = `${local.scale} ${local.seed}`;
      if (local.confirmed) panel.dataset.shown = data.version;
      else delete panel.dataset.shown;
    };
    slice();
  }

  // The highest that both lanes' see-saws have to show, in nats.
  get height() {
    if (!this.hasPosterior) return 0;
    const { mean } = this.data.scene;
    return 1.12 * klOf(mean, [LEAST_SIGMA, LEAST_SIGMA]);
  }

  // Computes the see-saw's curves, unless they are of this picture and this q already.
  weigh() {
    const { mean, stddev } = this.data.scene;
    const top = this.on.top();
    const of = [this.data.model, this.data.x, top.toFixed(3)].join();
    if (of !== this.weighed) {
      this.weighed = of;
      this.curve?.end();
      this.curve = null;
      if (this.hasPosterior) {
        const known = { decoder: this.model.decoder, x: this.xPixels, mean, stddev };
        const curve = new Curve(known, top, () => {
          this.seeSaw.paint();
          this.element(".see-saw").dataset.least = curve.inside ? String(curve.least) : "";
          if (this.local && !this.local.confirmed) this.showSum(this.local);
        });
        this.curve = curve;
        this.on.whenRule(() => curve.start());
      }
    }
    this.seeSaw.show(this.curve, this.data.setBy, top, this.theme);
  }

  // One sample is pointed at, among the pictures or on the plane; null for none.
  point(i) {
    this.samples.mark(i);
    this.plane.mark(i);
  }

  // Shows what lies at z: the decoded picture; its name on the lane that is pointed at.
  showHover(z, words, px, py) {
    const box = this.element(".hover");
    box.hidden = z === null;
    if (z === null || !this.model) return;
    const { size } = this.plane;
    box.classList.toggle("left", px > size / 2);
    box.classList.toggle("below", py < size / 2);
    paint(this.element(".hover-digit"), this.model.decoder.decode(...z), this.model.width);
    this.element(".hover-text").textContent = words;
  }
}

function pair(stddev) {
  const [first, second] = stddev.map(written);
  return first === second ? first : `(${first}, ${second})`;
}

function averageLine(losses) {
  const count = losses.length;
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / count;
  const variance = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / (count - 1);
  const error = count < LEAST_SAMPLES ? "" : ` ± ${Math.sqrt(variance / count).toFixed(2)}`;
  const what = count === 1 ? "one sample" : `${count} samples, on average`;
  return `<span class="s" data-symbol="reconstruction">x̂</span> at <span class="s" data-symbol="sample">z</span>: ${what} ${mean.toFixed(2)}${error}`;
}

function numberRow({ name, symbol, value, error, beside, sentence, colour }) {
  return `<tr class="${colour ?? ""}">
    <th scope="row">${name} <span class="symbol">${symbol}</span><span class="sentence">${sentence}</span></th>
    <td>${value}</td>
    <td class="error">${error}${beside && `<span class="beside">${beside}</span>`}</td></tr>`;
}
