// The grid of decoded samples, each with its loss below it. One canvas a row: a canvas for each
// sample would have the browser keep and composite up to 256 of them.

import { imageOf } from "./pictures.js";

const CAPTION = 16; // pixels below a row
export const CELL_MARGIN = 1; // transparent picture pixels around each sample

export class SampleGrid {
  // onPoint(index) is called when a sample is pointed at, onPoint(null) when none is any more.
  constructor(element, onPoint) {
    this.element = element;
    element.onpointermove = (event) => onPoint(this.at(event));
    element.onpointerleave = () => onPoint(null);
  }

  at({ clientX, clientY }) {
    for (let row = 0; row < this.canvases.length; row++) {
      const box = this.canvases[row].getBoundingClientRect();
      if (clientY < box.top || clientY > box.bottom + CAPTION) continue;
      const i = row * this.columns + Math.floor((this.columns * (clientX - box.left)) / box.width);
      return i < this.captions.length ? i : null;
    }
    return null;
  }

  // Marks one of them; null for none.
  mark(i) {
    this.marked?.classList.remove("marked");
    this.marked = i === null ? null : this.captions[i];
    this.marked?.classList.add("marked");
  }

  // Makes room for `count` pictures of width x height in rows of `columns`.
  layOut(count, columns, width, height) {
    const shape = [count, columns, width, height].join();
    if (shape === this.shape) return;
    Object.assign(this, { shape, columns, width, height });
    this.element.style.setProperty("--columns", columns);
    this.element.classList.toggle("dense", columns > 16);
    this.element.replaceChildren();
    this.canvases = [];
    this.captions = [];
    for (let first = 0; first < count; first += columns) {
      const canvas = document.createElement("canvas");
      canvas.width = columns * (width + 2 * CELL_MARGIN);
      canvas.height = height + 2 * CELL_MARGIN;
      canvas.setAttribute("role", "img");
      const last = Math.min(first + columns, count);
      canvas.setAttribute("aria-label", `decoded samples ${first + 1} to ${last}, their losses below`);
      this.element.append(canvas);
      this.canvases.push(canvas);
      for (let i = first; i < last; i++) {
        this.captions.push(document.createElement("span"));
        this.element.append(this.captions[i]);
      }
    }
  }

  show(i, picture, caption) {
    const canvas = this.canvases[Math.floor(i / this.columns)];
    const left = (i % this.columns) * (this.width + 2 * CELL_MARGIN) + CELL_MARGIN;
    canvas.getContext("2d").putImageData(imageOf(picture, this.width), left, CELL_MARGIN);
    this.captions[i].textContent = caption;
  }
}
