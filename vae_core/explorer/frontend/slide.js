// The view as one picture for a slide, 1920 x 1080. What the panels show is painted again at this
// size: the plane by its own functions, the pictures from their pixels, the numbers as text.

import { drawAxes, drawClassNames, drawPoints, drawRings, line, medians } from "./canvas.js";
import { PICTURES } from "./lane.js";
import { CELL_MARGIN } from "./samples.js";
import { drawField, drawPosterior, drawTiles } from "./scene.js";

const SLIDE = { width: 1920, height: 1080, margin: 40, gap: 48 };
const SMALL = 22; // pixels: nothing is written smaller but the indices of symbols

// panels: one or two of `shownPanels`, with their pictures shown.
// texts: {title, link, headings: {model: {name, sentence}}}.
export function paintSlide(panels, texts) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: SLIDE.width, height: SLIDE.height });
  const slide = new Slide(canvas.getContext("2d"), panels[0]);
  const { margin, width, height } = SLIDE;
  slide.write(texts.title, margin, 78, { size: 46, weight: 700 });
  slide.write(subtitle(panels[0].data), margin, 120, { size: 27, colour: slide.quiet });
  const link = slide.lines(texts.link, width - 2 * margin, SMALL, 2);
  const bottom = height - 20 - 28 * link.length;
  link.forEach((part, i) => slide.write(part, margin, bottom + 28 * (i + 1) - 6, { colour: slide.quiet }));
  slide.rule(margin, bottom - 4, width - margin, bottom - 4);
  const pair = panels.length > 1;
  const column = (width - 2 * margin - (pair ? SLIDE.gap : 0)) / (pair ? 2 : 1);
  const place = (i) => margin + i * (column + SLIDE.gap);
  const tops = panels.map((panel, i) => slide.heading(texts.headings[panel.data.model], place(i), 174, column));
  const box = { y: Math.max(...tops) + 24, width: column, bottom: bottom - 10 };
  panels.forEach((panel, i) => {
    if (pair) slide.column(panel, { ...box, x: place(i) });
    else slide.single(panel, { ...box, x: margin });
  });
  if (pair) slide.rule(width / 2, 146, width / 2, bottom - 14);
  return canvas;
}

function subtitle({ xCaption, scene }) {
  const { image, z } = scene.selection;
  const what = xCaption.replace(/^x: /, "");
  const picture =
    image !== undefined ? `Test image ${image}, ${what}`
    : z ? `Picture at z = ${z.map((value) => value.toFixed(2).replace("-", "−")).join(", ")}`
    : "A drawing";
  return `${picture} · K = ${scene.samples.length} · stddev × ${scene.scale}`;
}

// Canvas, place and size of one decoded sample on the page.
function pixelsOfSample({ canvases, columns, width, height }, i) {
  const left = (i % columns) * (width + 2 * CELL_MARGIN) + CELL_MARGIN;
  return [canvases[Math.floor(i / columns)], left, CELL_MARGIN, width, height];
}

class Slide {
  constructor(context, panel) {
    const style = getComputedStyle(panel.element(".panel"));
    this.context = context;
    this.theme = panel.plane.theme;
    this.font = style.fontFamily;
    this.quiet = style.getPropertyValue("--quiet");
    this.line = style.getPropertyValue("--line");
    context.fillStyle = this.theme.background;
    context.fillRect(0, 0, SLIDE.width, SLIDE.height);
  }

  // --- text ----------------------------------------------------------------------------------

  setFont(size, weight) {
    this.context.font = `${weight} ${size}px ${this.font}`;
  }

  // Writes on the line at y; text wider than `within` is condensed. Returns its width.
  write(string, x, y, { size = SMALL, weight = 400, colour = this.theme.text, align = "left", within } = {}) {
    const { context } = this;
    this.setFont(size, weight);
    Object.assign(context, { fillStyle: colour, textAlign: align, textBaseline: "alphabetic" });
    context.fillText(string, x, y, within);
    return context.measureText(string).width;
  }

  // Breaks a string where it is wider than `width`: at spaces, else anywhere. What does not fit
  // into `most` lines is cut off.
  lines(string, width, size, most = Infinity) {
    this.setFont(size, 400);
    const fits = (part) => this.context.measureText(part).width <= width;
    const lines = [""];
    const add = (piece) => {
      if (fits(lines.at(-1) + piece)) lines[lines.length - 1] += piece;
      else lines.push(piece.trimStart());
    };
    for (const word of string.split(/(?= )/)) (fits(word) ? [word] : [...word]).forEach(add);
    if (lines.length <= most) return lines;
    let last = lines[most - 1];
    while (last && !fits(`${last}…`)) last = last.slice(0, -1);
    return [...lines.slice(0, most - 1), `${last}…`];
  }

  // A symbol in HTML, of which only <sub> is known.
  symbol(html, x, y, size, colour) {
    html.split(/<sub>(.*?)<\/sub>/).forEach((part, i) => {
      const lower = i % 2;
      x += this.write(part, x, lower ? y + 5 : y, { size: lower ? 0.8 * size : size, colour });
    });
  }

  rule(x0, y0, x1, y1) {
    this.context.strokeStyle = this.line;
    this.context.lineWidth = 2;
    line(this.context, x0, y0, x1, y1);
  }

  // --- two panels side by side, or one -------------------------------------------------------

  column(panel, { x, y, width, bottom }) {
    const layout = this.sampleLayout(panel, width, 116);
    const side = 140;
    const samples = bottom - layout.height;
    const pictures = samples - side - 42;
    const plane = pictures - 20 - y;
    this.plane(panel, x, y, plane);
    this.numbers(panel.data.numbers, { x: x + plane + 28, y, width: width - plane - 28, height: plane }, 26);
    this.pictures(panel, { x, y: pictures, width, side, columns: 6 });
    this.samples(panel, x, samples, layout);
  }

  single(panel, { x, y, width, bottom }) {
    const layout = this.sampleLayout(panel, width, 140);
    const samples = bottom - layout.height;
    const plane = samples - 14 - y;
    const side = 28 * Math.floor((plane - 3 * 34 - 24) / 3 / 28);
    const left = x + width - 2 * side - 56;
    this.plane(panel, x, y, plane);
    const numbers = { x: x + plane + 56, y, width: left - x - plane - 112, height: plane };
    this.numbers(panel.data.numbers, numbers, 32);
    this.pictures(panel, { x: left, y, width: 2 * side + 56, side, columns: 2, height: plane });
    this.samples(panel, x, samples, layout);
  }

  // Name and sentence on one line at y or, where that is too narrow, on two; returns the last.
  heading({ name, sentence } = { name: "", sentence: "" }, x, y, width) {
    const indent = this.write(name, x, y, { size: 34, weight: 700 }) + 16;
    const oneLine = (size) => this.lines(sentence, width - indent, size).length === 1;
    const size = [25, 24, 23].find(oneLine) ?? SMALL;
    const [first] = this.lines(sentence, width - indent, size);
    this.write(first, x + indent, y, { size });
    if (first.length === sentence.length) return y;
    const [second] = this.lines(sentence.slice(first.length).trimStart(), width, size, 1);
    this.write(second, x, y + 30, { size });
    return y + 30;
  }

  // --- the parts of a panel ------------------------------------------------------------------

  // The plane as it is looked at, by its own functions: each layer at the scale at which its
  // text is legible and its marks are in proportion.
  plane(panel, x, y, side) {
    const { context } = this;
    const { plane } = panel;
    const layer = (scale, draw) => {
      context.save();
      context.translate(x, y);
      context.scale(scale, scale);
      context.lineWidth = 1;
      draw(Object.assign(Object.create(plane), { size: side / scale }));
      context.restore();
    };
    context.save();
    context.beginPath();
    context.rect(x, y, side, side);
    context.clip();
    const { scene, model } = plane;
    if (scene.layer) layer(1.5, (scaled) => drawField(context, scaled, scene.layer));
    if (scene.tiles) {
      context.fillStyle = "#000"; // tiles of broken pixels leave seams
      context.fillRect(x, y, side, side);
      layer(1.5, (scaled) => drawTiles(context, scaled));
    }
    layer(SMALL / 10, (scaled) => drawAxes(context, scaled));
    layer(1.8, (scaled) => drawRings(context, scaled));
    if (!scene.tiles) layer(1.5, (scaled) => drawPoints(context, scaled));
    const names = model.classMedians ?? (model.classMedians = medians(model));
    layer(1.7, (scaled) => drawClassNames(context, scaled, names, model.classes));
    layer(SMALL / 12, (scaled) => drawPosterior(context, scaled));
    if (scene.layer) this.legend(scene.layer.caption, x + side - 12, y + 32);
    context.restore();
    context.strokeStyle = this.line;
    context.lineWidth = 2;
    context.strokeRect(x, y, side, side);
  }

  legend(caption, right, y) {
    this.setFont(SMALL, 400);
    const width = this.context.measureText(caption).width;
    this.context.fillStyle = this.theme.halo;
    this.context.fillRect(right - width - 6, y - 22, width + 12, 30);
    this.write(caption, right, y, { align: "right" });
  }

  // A row is two lines: name, what stands beside it, and value; below them symbol and error.
  numbers(rows, { x, y, width, height }, size) {
    const pitch = height / rows.length;
    const small = Math.max(SMALL, size - 7);
    rows.forEach(({ name, symbol, value, error, beside, colour }, i) => {
      const upper = y + (i + 0.5) * pitch - 3;
      const lower = upper + size;
      const left = x + this.write(name, x, upper, { size }) + 14;
      const right = x + width - this.write(value, x + width, upper, { size: size + 5, weight: 700, align: "right" });
      if (beside) this.write(beside, left, upper, { size: small, colour: this.quiet, within: right - left - 14 });
      this.symbol(symbol, x, lower, small + 2, this.theme.symbol[colour] ?? this.quiet);
      this.write(error, x + width, lower, { size: small, colour: this.quiet, align: "right" });
      if (i) this.rule(x, y + i * pitch, x + width, y + i * pitch);
    });
  }

  // The six pictures, from the pixels on the page, spread over a width and a height.
  pictures(panel, { x, y, width, side, columns, height }) {
    const { context, theme } = this;
    const frames = { x: theme.symbol.x, mean: theme.symbol.mean };
    frames.sample = frames.average = theme.symbol.sample;
    const pitch = (width - side) / (columns - 1);
    const rows = Math.ceil(PICTURES.length / columns);
    const drop = rows > 1 ? (height - side - 34) / (rows - 1) : 0;
    PICTURES.forEach(([name], i) => {
      const left = Math.round(x + (i % columns) * pitch);
      const top = Math.round(y + Math.floor(i / columns) * drop);
      context.imageSmoothingEnabled = false;
      context.drawImage(panel.pictures[name], left, top, side, side);
      context.strokeStyle = frames[name] ?? this.line;
      const frame = frames[name] ? 4 : 2; // around the picture, on none of its pixels
      context.lineWidth = frame;
      context.strokeRect(left - frame / 2, top - frame / 2, side + frame, side + frame);
      const caption = panel.element(`figure.${name} figcaption`).textContent;
      this.write(caption, left + side / 2, top + side + 27, { align: "center", within: pitch - 4 });
    });
  }

  // How large the samples can be in whole screen pixels per picture pixel, with their losses
  // if possible; the last resort is a few of them.
  sampleLayout({ samples }, width, room) {
    const count = samples.captions.length;
    for (const captioned of [true, false]) {
      for (const zoom of captioned ? [4, 3, 2] : [4, 3, 2, 1]) {
        const side = zoom * samples.width;
        const columns = Math.floor(width / side);
        const pitch = side + (captioned ? 30 : 2);
        const most = Math.floor(room / pitch);
        const rows = Math.ceil(count / columns);
        if (rows > most && (captioned || zoom > 1)) continue;
        const shown = Math.min(count, most * columns);
        const inRow = Math.min(count, columns);
        const step = Math.min(side + 40, Math.floor((width - side) / Math.max(1, inRow - 1)));
        return { shown, side, captioned, columns, pitch, step, height: 34 + pitch * Math.min(rows, most) };
      }
    }
  }

  samples(panel, x, y, { shown, side, captioned, columns, pitch, step }) {
    const { context } = this;
    const { samples } = panel;
    const count = samples.captions.length;
    const which = count === 1 ? "One sample" : shown < count ? `The first ${shown} of ${count} samples` : `All ${count} samples`;
    const losses = !captioned ? "" : count === 1 ? " and its loss" : ", each with its loss";
    this.write(which + losses, x, y + 20, { colour: this.quiet });
    for (let i = 0; i < shown; i++) {
      const left = x + (i % columns) * step;
      const top = y + 32 + Math.floor(i / columns) * pitch;
      context.imageSmoothingEnabled = false;
      context.drawImage(...pixelsOfSample(samples, i), left, top, side, side);
      // A line of the page between neighbours: the pictures' own margins are black.
      context.fillStyle = this.theme.background;
      context.fillRect(left + side - 2, top, 2, side);
      if (!captioned) continue;
      this.setFont(SMALL, 400);
      const wide = context.measureText(samples.captions[i].textContent).width > step - 4;
      const loss = wide ? panel.losses[i].toFixed(0) : samples.captions[i].textContent;
      this.write(loss, left + side / 2 - 1, top + side + 23, { align: "center" });
    }
  }
}
