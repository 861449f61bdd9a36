// What two runs measured at each epoch, both in one chart on one scale, labelled at their ends.

import { ends, short, ticks } from "./formation_axes.js";

export const negativeElbo = (m) =>
  Number.isFinite(m.sampled_loss) && Number.isFinite(m.kl) ? m.sampled_loss + m.kl : null;
export const priceOf = (m) =>
  Number.isFinite(m.sampled_loss) && Number.isFinite(m.loss_at_mean)
    ? Number(m.sampled_loss.toFixed(2)) - Number(m.loss_at_mean.toFixed(2))
    : null;

// Title with its symbols, unit, value of an epoch's measures, ends of the axis that hold what an
// ordinary run shows, whether it is logarithmic, and a level worth naming.
const CHARTS = {
  stddev: {
    title: "<span class='s' data-symbol='stddev'>σ</span> of q",
    unit: "median",
    name: "Median σ of q",
    value: (m) => m.stddev,
    range: [0.01, 3],
    logarithmic: true,
    level: [1, "σ of the prior"],
  },
  price: {
    title: "<span class='s' data-symbol='price'>price of σ</span>",
    unit: "nats, what decoding a sample costs",
    name: "Price of σ in nats",
    value: priceOf,
    range: [0.1, 1000],
    logarithmic: true,
    level: [1, "one nat"],
  },
  loss_at_mean: {
    title: "Loss at <span class='s' data-symbol='mean'>μ</span>",
    unit: "nats",
    name: "Loss at the mean in nats",
    value: (m) => m.loss_at_mean,
    range: [120, 600],
    logarithmic: true,
  },
  kl: {
    title: "<span class='s' data-symbol='kl'>KL</span> to the prior",
    unit: "nats",
    name: "KL in nats",
    value: (m) => m.kl,
    range: [0, 10],
    logarithmic: false,
  },
  negative_elbo: {
    title: "−ELBO",
    unit: "nats: loss at μ + price + KL",
    name: "−ELBO in nats",
    value: negativeElbo,
    range: [120, 600],
    logarithmic: true,
  },
};
const PLOT = { left: 42, right: 12, top: 8, bottom: 36 };
const LINE_HEIGHT = 15;

export class Chart {
  // onPick(epoch) is called for a click on the chart.
  constructor(element, onPick) {
    this.element = element;
    this.chart = CHARTS[element.dataset.chart];
    this.hovered = null;
    const { title, unit } = this.chart;
    element.innerHTML = `<figure><figcaption><b>${title}</b> <span class="unit">${unit}</span>
      <span class="readout"></span></figcaption><div class="frame"><svg role="img"></svg></div></figure>`;
    const svg = (this.svg = element.querySelector("svg"));
    const at = (event) => this.epochAt(event.clientX - svg.getBoundingClientRect().left);
    svg.onpointermove = (event) => this.hover(at(event));
    svg.onpointerleave = () => this.hover(null);
    svg.onclick = (event) => onPick(at(event));
  }

  // runs: of each lane its name, the epochs of its measures and the measures, or null; shown: the
  // epoch of the planes, or null; planned: how many epochs the axis has at least.
  show(runs, planned, shown) {
    const { value, range, logarithmic } = this.chart;
    this.series = runs.map((run) => run && { name: run.name, points: run.measures.map((m, i) => [run.epochs[i], value(m ?? {})]) });
    const all = this.series.flatMap((one) => one?.points ?? []);
    this.range = ends(range, all.map(([, v]) => v), logarithmic);
    this.last = Math.max(0, ...all.map(([epoch]) => epoch));
    Object.assign(this, { shown, planned: Math.max(1, planned, this.last) });
    this.draw();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.svg.parentElement;
    if (width === this.width && height === this.height) return;
    Object.assign(this, { width, height });
    if (this.series) this.draw();
  }

  hover(epoch) {
    if (epoch === this.hovered) return;
    this.hovered = epoch;
    this.draw();
  }

  x(epoch) {
    return PLOT.left + (epoch / this.planned) * (this.width - PLOT.left - PLOT.right);
  }

  y(value) {
    const [low, high] = this.range;
    const share = this.chart.logarithmic
      ? Math.log(value / low) / Math.log(high / low)
      : (value - low) / (high - low);
    return this.height - PLOT.bottom - share * (this.height - PLOT.top - PLOT.bottom);
  }

  epochAt(px) {
    const epoch = ((px - PLOT.left) / (this.width - PLOT.left - PLOT.right)) * this.planned;
    return Math.max(0, Math.min(this.last, Math.round(epoch)));
  }

  isKnown(value) {
    return Number.isFinite(value) && !(this.chart.logarithmic && value <= 0);
  }

  // What the lanes have at an epoch, in words.
  describe(epoch) {
    return this.series.flatMap((one) => {
      const found = one?.points.find(([at]) => at === epoch);
      return found && Number.isFinite(found[1]) ? [`${one.name} ${short(found[1])}`] : [];
    });
  }

  draw() {
    if (!(this.width > PLOT.left + PLOT.right && this.height > PLOT.top + PLOT.bottom)) return;
    const { svg, chart, hovered } = this;
    const read = hovered === null ? [] : this.series.flatMap((one) => {
      const found = one?.points.find(([at]) => at === hovered);
      return found && Number.isFinite(found[1]) ? [short(found[1])] : [];
    });
    this.element.querySelector(".readout").textContent = read.length ? `epoch ${hovered}: ${read.join(" and ")}` : "";
    const latest = this.series.flatMap((one) => {
      const known = one?.points.filter(([, value]) => Number.isFinite(value)).at(-1);
      return known ? [`${one.name} ${short(known[1])} at epoch ${known[0]}`] : [];
    });
    svg.setAttribute("aria-label", `${chart.name} over the epochs; ${latest.join(", ") || "no values yet"}`);
    svg.setAttribute("width", this.width);
    svg.setAttribute("height", this.height);
    svg.innerHTML = this.picture();
  }

  picture() {
    const { chart, width, height } = this;
    const [left, right, top, bottom] = [PLOT.left, width - PLOT.right, PLOT.top, height - PLOT.bottom];
    const parts = [];
    for (const { value, name } of ticks(this.range, chart.logarithmic, bottom - top)) {
      const at = this.y(value).toFixed(1);
      if (name) parts.push(`<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/>`);
      parts.push(`<path class="axis" d="M${left} ${at}h${name ? -5 : -3}"/>`);
      if (name) parts.push(`<text class="tick" x="${left - 8}" y="${Number(at) + 4}" text-anchor="end">${name}</text>`);
    }
    parts.push(this.epochAxis(left, right, top, bottom));
    const level = chart.level && this.y(chart.level[0]);
    if (level) parts.push(`<line class="level" x1="${left}" x2="${right}" y1="${level}" y2="${level}"/>`);
    const upright = (epoch, name) => {
      const x = this.x(epoch).toFixed(1);
      return `<line class="${name}" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>`;
    };
    if (this.shown !== null) parts.push(upright(this.shown, "rule"));
    if (this.hovered !== null) parts.push(upright(this.hovered, "hovered"));
    const labels = [];
    this.series.forEach((one, lane) => {
      if (!one) return;
      const { path, dot, end } = this.line(one);
      parts.push(`<g data-lane="${lane}"><path class="run" d="${path}"/>${dot}</g>`);
      if (end) labels.push({ ...end, lane, name: one.name });
    });
    parts.push(...this.endLabels(labels, left, top, bottom));
    const levelAt = left + 0.32 * (right - left);
    const crossed = level && labels.some((label) => label.from < levelAt + 7 * chart.level[1].length && label.to > levelAt && Math.abs(label.at - level - 15) < LINE_HEIGHT);
    if (level && !crossed) parts.push(`<text x="${levelAt}" y="${level + 15}">${chart.level[1]}</text>`);
    if (!labels.length) parts.push(`<text x="${(left + right) / 2}" y="${(top + bottom) / 2}" text-anchor="middle">no values yet</text>`);
    return parts.join("");
  }

  // The frame of a chart, and ticks at round epochs.
  epochAxis(left, right, top, bottom) {
    const most = (right - left) / 34;
    const step = [1, 2, 5, 10, 20, 50, 100, 200].find((s) => this.planned / s <= most) ?? 500;
    const marks = [];
    for (let epoch = 0; epoch <= this.planned; epoch += step) {
      const x = this.x(epoch);
      marks.push(`<path class="axis" d="M${x} ${bottom}v4"/><text x="${x}" y="${bottom + 17}" text-anchor="middle">${epoch}</text>`);
    }
    const title = `<text x="${(left + right) / 2}" y="${bottom + 32}" text-anchor="middle">epoch</text>`;
    return `<path class="axis" d="M${left} ${top}V${bottom}H${right}"/>${marks.join("")}${title}`;
  }

  // A line with a dot at the epoch shown; and its end, to be labelled.
  line({ points }) {
    let [path, pen, end, dot] = ["", "M", null, ""];
    for (const [epoch, value] of points) {
      const known = this.isKnown(value);
      const [x, y] = known ? [this.x(epoch), this.y(value)] : [];
      if (known) path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
      if (known) end = { x, y, value };
      if (known && epoch <= this.shown) dot = `<circle class="run" r="4" cx="${x}" cy="${y}"/>`;
      pen = known ? "L" : "M"; // a gap where there is no value
    }
    return { path, end, dot };
  }

  // Names and values at the ends of the lines, the upper one above its line, apart from each other.
  endLabels(labels, left, top, bottom) {
    labels.sort((a, b) => a.y - b.y);
    labels.forEach((label, i) => {
      const above = i === 0 && (labels.length > 1 || label.y - top > 24);
      const low = label.y + 19 > bottom - 6; // no room below its line
      label.at = above || low ? label.y - 9 : label.y + 19;
      label.at = Math.min(bottom - 6, Math.max(top + 12, label.at));
    });
    if (labels.length === 2 && labels[1].at - labels[0].at < LINE_HEIGHT) {
      const middle = Math.min(bottom - 6 - LINE_HEIGHT / 2, Math.max(top + 12 + LINE_HEIGHT / 2, (labels[0].at + labels[1].at) / 2));
      labels[0].at = middle - LINE_HEIGHT / 2;
      labels[1].at = middle + LINE_HEIGHT / 2;
    }
    // While a line is short its label stands behind its end.
    return labels.map((label) => {
      const { x, at, lane, value } = label;
      const words = `${label.name} ${short(value)}`;
      const anchor = x - left > 0.55 * (this.width - left) ? "end" : "start";
      const from = x + (anchor === "end" ? 4 : 8);
      const wide = 7 * words.length;
      Object.assign(label, anchor === "end" ? { from: from - wide, to: from } : { from, to: from + wide });
      return `<text class="end" data-lane="${lane}" x="${from}" y="${at}" text-anchor="${anchor}">${words}</text>`;
    });
  }
}
