// The square of the latent plane that a square canvas shows: centre ± half in both directions.

export class View {
  constructor(canvas) {
    Object.assign(this, { canvas, size: 0, centre: [0, 0], half: 1 }); // size in CSS pixels
  }

  toScreen(x, y) {
    const unit = this.size / (2 * this.half);
    return [(x - this.centre[0]) * unit + this.size / 2, (this.centre[1] - y) * unit + this.size / 2];
  }

  toData(px, py) {
    const unit = (2 * this.half) / this.size;
    return [this.centre[0] + (px - this.size / 2) * unit, this.centre[1] - (py - this.size / 2) * unit];
  }

  // Says on the canvas what is painted: left, right, bottom, top.
  tell() {
    const [left, top] = this.toData(0, 0);
    const [right, bottom] = this.toData(this.size, this.size);
    this.canvas.dataset.view = [left, right, bottom, top].join(" ");
  }
}
