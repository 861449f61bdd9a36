// The see-saw's curves: price of σ along c · (σ₁, σ₂), and where price + KL is least. The rule of
// rings is good to what a curve can show; exact prices come from the server.

import { lossOf } from "./decoder.js";
import { ruleNodes } from "./epsilon.js";
import { klOf } from "./sum.js";

export const LEAST_SIGMA = 0.004;
export const MOST_SIGMA = 4;
const POINTS = 24;
const SLICE = 8; // milliseconds of a frame

// √(tr Σ / d).
function spread([first, second]) {
  return Math.sqrt((first * first + second * second) / 2);
}

export class Curve {
  // lane: {decoder, x, mean, stddev}; onReady is called when all of it is computed.
  constructor(lane, top, onReady) {
    Object.assign(this, lane, { top, onReady, own: spread(lane.stddev), sigmas: [], prices: [] });
    const wide = this.decoder.layers.some(({ outputs, inputs }) => inputs * outputs > 100_000 && inputs > 100);
    this.nodes = ruleNodes(wide ? 6 : 12);
    this.lossAtMean = lossOf(this.decoder.logits(...this.mean), this.x);
    this.least = null;
    this.ended = false;
  }

  scaled(sigma) {
    return this.stddev.map((value) => (value * sigma) / this.own);
  }

  kl(sigma) {
    return klOf(this.mean, this.scaled(sigma));
  }

  // Computes in slices of a frame.
  start() {
    const step = Math.log(MOST_SIGMA / LEAST_SIGMA) / (POINTS - 1);
    const work = this.run(step);
    const slice = () => {
      if (this.ended) return;
      const deadline = performance.now() + SLICE;
      do {
        if (work.next().done) return this.onReady();
      } while (performance.now() < deadline);
      requestAnimationFrame(slice);
    };
    requestAnimationFrame(slice);
  }

  end() {
    this.ended = true;
  }

  *run(step) {
    for (let i = 0; i < POINTS; i++) {
      const sigma = LEAST_SIGMA * Math.exp(i * step);
      const price = yield* this.expected(sigma);
      this.sigmas.push(sigma);
      this.prices.push(price);
      if (price > 3 * this.top) break; // above the figure, and rising
    }
    const start = this.lowest();
    const around = [];
    for (const factor of [0.92, 1, 1 / 0.92]) {
      around.push((yield* this.expected(start * factor)) + this.kl(start * factor));
    }
    const [left, middle, right] = around;
    const bend = left - 2 * middle + right;
    const shift = bend > 0 ? Math.max(-1, Math.min(1, (left - right) / (2 * bend))) : 0;
    this.least = start * Math.exp(-Math.log(0.92) * shift);
    this.inside = start > LEAST_SIGMA * 1.01 && start < this.sigmas.at(-1) * 0.99;
  }

  *expected(sigma) {
    const [first, second] = this.scaled(sigma);
    let sum = 0;
    for (const [e1, e2, weight] of this.nodes) {
      const logits = this.decoder.logits(this.mean[0] + first * e1, this.mean[1] + second * e2);
      sum += weight * (lossOf(logits, this.x) - this.lossAtMean);
      yield;
    }
    return sum / this.nodes.reduce((total, node) => total + node[2], 0);
  }

  // Where the drawn curves' sum is least.
  lowest() {
    let best = this.sigmas[0];
    let value = Infinity;
    for (let t = 0; t <= 600; t++) {
      const sigma = LEAST_SIGMA * (this.sigmas.at(-1) / LEAST_SIGMA) ** (t / 600);
      const price = this.price(sigma);
      const sum = price === null ? Infinity : price + this.kl(sigma);
      if (sum < value) [best, value] = [sigma, sum];
    }
    return best;
  }

  // The price at σ from the computed points, by cubics through them; null beyond them.
  price(sigma) {
    const { sigmas, prices } = this;
    const last = sigmas.length - 1;
    if (last < 1) return null;
    const step = Math.log(sigmas[1] / sigmas[0]);
    const place = Math.log(sigma / sigmas[0]) / step;
    if (place < 0) return prices[0] * (sigma / sigmas[0]) ** 2; // the price is quadratic there
    if (place > last) return null;
    const i = Math.min(last - 1, Math.floor(place));
    const t = place - i;
    const slope = (k) => {
      if (k === 0) return prices[1] - prices[0];
      return k === last ? prices[last] - prices[last - 1] : (prices[k + 1] - prices[k - 1]) / 2;
    };
    const [a, b, m, n] = [prices[i], prices[i + 1], slope(i), slope(i + 1)];
    return (
      (2 * t ** 3 - 3 * t * t + 1) * a + (t ** 3 - 2 * t * t + t) * m +
      (3 * t * t - 2 * t ** 3) * b + (t ** 3 - t * t) * n
    );
  }
}
