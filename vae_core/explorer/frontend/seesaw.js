// The see-saw of a lane: the price of σ rises, the KL falls; where their sum is least, and where
// the encoder's own σ lies. The handle on it is the noise × σ.

import { TAU, line, text } from "./canvas.js";
import { LEAST_SIGMA, MOST_SIGMA } from "./curve.js";
import { litSymbol } from "./symbols.js";
import { PAID } from "./sum.js";

const MARGIN = { left: 30, right: 12, top: 22, bottom: 32 };
const REACH = 28; // pixels around the handle in which it is taken

// A positive number with two significant digits: 0.00012, 0.024, 1.3, 18.
export function written(value) {
  const rounded = Number(value.toPrecision(2));
  return rounded.toFixed(Math.max(0, 1 - Math.floor(Math.log10(rounded))));
}

export class SeeSaw {
  // onScale(scale) is called while the handle is dragged, onScale(scale, true) when it is let go.
  constructor(canvas, onScale) {
    Object.assign(this, { canvas, onScale, width: 0, height: 0, curve: null, scale: 1 });
    const at = (event) => event.clientX - canvas.getBoundingClientRect().left;
    canvas.onpointerdown = (event) => {
      if (!this.curve || Math.abs(at(event) - this.place(this.sigma)) > REACH) return;
      canvas.setPointerCapture(event.pointerId);
      this.dragged = true;
    };
    canvas.onpointermove = (event) => {
      if (this.dragged) onScale(this.scaleAt(at(event)));
      else canvas.classList.toggle("near", Boolean(this.curve) && Math.abs(at(event) - this.place(this.sigma)) < REACH);
    };
    canvas.onpointerup = (event) => {
      if (this.dragged) onScale(this.scaleAt(at(event)), true);
      this.dragged = false;
    };
    canvas.onpointercancel = () => (this.dragged = false);
  }

  get sigma() {
    return this.curve.own * this.scale;
  }

  // A multiple of the slider's step.
  scaleAt(px) {
    const { left, right } = MARGIN;
    const share = (px - left) / (this.width - left - right);
    const sigma = LEAST_SIGMA * (MOST_SIGMA / LEAST_SIGMA) ** share;
    return Math.round(Math.min(3, Math.max(0, sigma / this.curve.own)) * 20) / 20;
  }

  show(curve, setBy, top, theme) {
    Object.assign(this, { curve, setBy, top, theme });
    this.paint();
  }

  resize(width, height) {
    Object.assign(this, { width, height });
    this.paint();
  }

  place(sigma) {
    const { left, right } = MARGIN;
    const share = Math.log(Math.max(sigma, LEAST_SIGMA) / LEAST_SIGMA) / Math.log(MOST_SIGMA / LEAST_SIGMA);
    return left + Math.min(1, share) * (this.width - left - right);
  }

  level(nats) {
    const { top, bottom } = MARGIN;
    return this.height - bottom - (nats / this.top) * (this.height - top - bottom);
  }

  paint() {
    const { canvas, width, height, theme, curve } = this;
    const ratio = globalThis.devicePixelRatio || 1;
    if (!width || !height || !theme) return;
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.font = "12px sans-serif";
    context.textBaseline = "alphabetic";
    if (!curve) {
      context.fillStyle = theme.label;
      text(context, "no q: nothing to weigh", width / 2, height / 2, "center", theme);
      return;
    }
    this.paintAxes(context);
    if (curve.sigmas.length) this.paintCurves(context);
    if (curve.sigmas.length) this.paintMarks(context);
    canvas.setAttribute("aria-label", this.description());
  }

  description() {
    const { curve, setBy } = this;
    const own = `the encoder's own σ is ${written(curve.own)}`;
    if (!curve.least) return `Price of σ and KL against σ; ${own}.`;
    const where = curve.inside ? `least at σ = ${written(curve.least)}` : "least beyond the figure";
    const unpaid = PAID[setBy] ? "" : " The price was not in its training loss: the KL alone is least at 1.";
    return `Price of σ rises with σ, KL falls until 1; their sum is ${where}; ${own}.${unpaid}`;
  }

  paintAxes(context) {
    const { theme, width, height } = this;
    const floor = this.level(0);
    context.strokeStyle = theme.grid;
    context.lineWidth = 1;
    for (let power = -3; power <= 0; power++) {
      for (let k = 1; k < 10; k++) {
        const sigma = k * 10 ** power;
        if (sigma < LEAST_SIGMA || sigma > MOST_SIGMA) continue;
        const x = this.place(sigma);
        line(context, x, floor, x, floor + (k === 1 ? 6 : 3));
        if (k > 1) continue;
        line(context, x, MARGIN.top, x, floor);
        context.fillStyle = theme.label;
        text(context, String(Number(sigma.toPrecision(1))), x, floor + 17, "center", theme);
      }
    }
    const step = [1, 2, 5, 10, 20, 50, 100].find((one) => this.top / one <= 5) ?? 200;
    for (let nats = 0; nats <= this.top; nats += step) {
      context.strokeStyle = theme.grid;
      line(context, MARGIN.left, this.level(nats), width - MARGIN.right, this.level(nats));
      context.fillStyle = theme.label;
      text(context, String(nats), MARGIN.left - 4, this.level(nats) + 4, "right", theme);
    }
    context.fillStyle = theme.label;
    text(context, "nats", 2, 12, "left", theme);
    text(context, "σ of q, log", width - MARGIN.right, height - 3, "right", theme);
  }

  paintCurves(context) {
    const { theme, curve, setBy } = this;
    const lit = litSymbol();
    const faint = (symbol) => (lit && lit !== symbol ? 0.25 : 1);
    const paid = PAID[setBy];
    const draw = (value, colour, thick, alpha, dash = []) => {
      context.globalAlpha = alpha;
      context.strokeStyle = colour;
      context.lineWidth = thick;
      context.setLineDash(dash);
      context.beginPath();
      for (let px = MARGIN.left, first = true; px <= this.width - MARGIN.right; px += 2) {
        const sigma = LEAST_SIGMA * (MOST_SIGMA / LEAST_SIGMA) ** ((px - MARGIN.left) / (this.width - MARGIN.left - MARGIN.right));
        const nats = value(sigma);
        if (nats === null) break;
        context[first ? "moveTo" : "lineTo"](px, this.level(nats));
        first = false;
      }
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
    };
    context.save();
    context.beginPath();
    context.rect(0, MARGIN.top - 8, this.width, this.height);
    context.clip();
    const { price, kl, x } = theme.symbol;
    draw((sigma) => curve.price(sigma), price, 2, faint("price") * (paid ? 1 : 0.8), paid ? [] : [3, 4]);
    draw((sigma) => curve.kl(sigma), kl, paid ? 2 : 3.5, faint("kl"));
    const sum = (sigma) => {
      const rise = curve.price(sigma);
      return rise === null ? null : rise + curve.kl(sigma);
    };
    draw(sum, x, paid ? 3.5 : 1.2, faint("elbo") * (paid ? 1 : 0.6), paid ? [] : [3, 4]);
    context.restore();
  }

  paintMarks(context) {
    const { theme, curve, setBy } = this;
    const { price, kl, x, stddev } = theme.symbol;
    const paid = PAID[setBy];
    const lit = litSymbol();
    const faint = (...symbols) => (lit && !symbols.includes(lit) ? 0.25 : 1);
    const dot = (sigma, nats, colour, radius, filled) => {
      context.beginPath();
      context.arc(this.place(sigma), this.level(Math.min(nats, this.top)), radius, 0, TAU);
      context.lineWidth = 2;
      context.fillStyle = filled ? colour : theme.background;
      context.strokeStyle = colour;
      context.fill();
      context.stroke();
    };
    const note = (words, sigma, y, colour, align) => {
      context.fillStyle = colour;
      text(context, words, this.place(sigma), y, align, theme);
    };
    // Curves are named where they leave the figure.
    context.globalAlpha = faint("kl");
    note("KL", LEAST_SIGMA * 1.12, this.level(curve.kl(LEAST_SIGMA)) - 6, kl, "left");
    dot(1, curve.kl(1), kl, 4, !paid);
    note(paid ? "without the price: 1" : "KL alone: least at 1", 0.8, this.level(curve.kl(1)) - 3, kl, "right");
    context.globalAlpha = faint("price");
    const high = curve.sigmas.findIndex((sigma, i) => curve.prices[i] > 0.8 * this.top);
    const leaves = curve.sigmas[high < 0 ? curve.sigmas.length - 1 : high];
    note(paid ? "price" : "price, not in its loss", leaves * 1.15, MARGIN.top + 12, price, "left");
    if (curve.least && curve.inside) {
      context.globalAlpha = faint("elbo") * (paid ? 1 : 0.7);
      const value = curve.price(curve.least) + curve.kl(curve.least);
      dot(curve.least, value, x, 4, true);
      const words = paid ? `sum least at ${written(curve.least)}` : `sum would be least at ${written(curve.least)}`;
      note(words, curve.least, Math.max(MARGIN.top + 4, this.level(value) - 9), x, this.place(curve.least) < 90 ? "left" : "center");
    }
    // The encoder's own σ, and the handle: noise × σ.
    context.globalAlpha = faint("stddev");
    context.strokeStyle = stddev;
    context.lineWidth = 1.5;
    context.setLineDash([2, 3]);
    const own = this.place(curve.own);
    line(context, own, MARGIN.top - 6, own, this.level(0));
    context.setLineDash([]);
    note(`encoder: σ = ${written(curve.own)}`, curve.own, 12, stddev, own > this.width / 2 ? "right" : "left");
    if (this.scale > 0) {
      const rise = curve.price(this.sigma);
      dot(this.sigma, rise === null ? this.top : rise + curve.kl(this.sigma), stddev, 7, false);
    }
    context.globalAlpha = 1;
  }
}
