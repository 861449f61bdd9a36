// One test image as a run decodes it: x, the picture at the mean, and those at some z of its q.

import { paint } from "./pictures.js";

const NAMES = [
  "<span class='s' data-symbol='x'>x</span>",
  "at <span class='s' data-symbol='mean'>μ</span>",
];
const SAMPLE = "<span class='s' data-symbol='sample'>z</span>";

export class Portrait {
  constructor(element) {
    this.element = element;
  }

  // image: {name, width, picture} of x; portrait: of a frame, or null.
  show(image, portrait, run) {
    const count = portrait ? portrait.pictures.length + 1 : 8;
    const hasQ = portrait !== null && Math.max(...portrait.places[1]) > 0;
    if (this.figures?.length !== count) this.build(count);
    this.figures.forEach(({ canvas, caption }, k) => {
      const isShown = k < 2 || hasQ; // without a q there is nothing to sample
      const own = isShown ? portrait : null;
      const [picture, width] = k ? [own?.pictures[k - 1], own?.width] : [image.picture, image.width];
      const loss = k ? own?.losses[k - 1] : null;
      if (picture) paint(canvas, picture, width);
      canvas.style.visibility = picture ? "visible" : "hidden";
      const number = Number.isFinite(loss) ? loss.toFixed(1) : "";
      caption.innerHTML = isShown || !portrait ? `${NAMES[k] ?? SAMPLE}<br>${number}` : k === 2 ? "no q" : "";
      const told = Number.isFinite(loss) ? `, loss ${loss.toFixed(1)} nats` : "";
      canvas.setAttribute("aria-label", k === 0 ? image.name : k === 1 ? `${run}: decoded at the mean${told}` : `${run}: decoded at a sample${told}`);
    });
  }

  build(count) {
    this.element.innerHTML = "<figure><canvas width='28' height='28' role='img'></canvas><figcaption></figcaption></figure>".repeat(count);
    this.figures = [...this.element.querySelectorAll("figure")].map((figure) => ({
      canvas: figure.querySelector("canvas"),
      caption: figure.querySelector("figcaption"),
    }));
  }
}
