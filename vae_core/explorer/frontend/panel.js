// One model's panel: plane, numbers, pictures, samples. The server sends numbers and points of
// the plane; every picture is decoded here.

import { bytesOf, diverging, paint, pixelMoments } from "./pictures.js";
import { Plane } from "./plane.js";
import { SampleGrid } from "./samples.js";
import { store, withModel } from "./store.js";
import { currentTheme } from "./theme.js";

const panels = new WeakMap(); // per instance: Streamlit calls the function below again and again
// What is on the page, for those who carry it away: a panel's element to its panel.
export const shownPanels = new Map();

const NARROW = 520; // css pixels, as in panel.css

export const PICTURES = [
  ["x", "x", "the image"],
  ["mean", "decoded mean", "the decoder's picture of the mean of q"],
  ["sample", "one sample", "the decoder's picture of the first sample of q"],
  ["average", "average of K", "the average of the decoded samples"],
  ["difference", "sample − mean", "one decoded sample minus the decoded mean"],
  ["stddev", "stddev of K", "the standard deviation of each pixel over the samples"],
];

function build(root, setTriggerValue) {
  const element = (selector) => root.querySelector(selector);
  const row = element(".pictures");
  row.innerHTML = PICTURES.map(
    ([name, caption]) =>
      `<figure class="${name}"><canvas role="img"></canvas><figcaption>${caption}</figcaption></figure>`,
  ).join("");
  const hoverBox = element(".hover");
  const panel = { root, element, pictures: {}, work: 0, calls: 0 };
  for (const [name] of PICTURES) panel.pictures[name] = row.querySelector(`.${name} canvas`);

  const onHover = (z, image, px, py) => {
    hoverBox.hidden = z === null;
    if (z === null || !panel.model) return;
    const size = panel.plane.size;
    hoverBox.classList.toggle("left", px > size / 2);
    hoverBox.classList.toggle("below", py < size / 2);
    paint(element(".hover-digit"), panel.model.decoder.decode(...z), panel.model.width);
    const point = `z = ${z.map((v) => v.toFixed(2).replace("-", "−")).join(", ")}`;
    const kind = panel.model.phrases[panel.model.labels[image]];
    const label = image === null ? "" : `image ${image}${kind ? `, ${kind}` : ""}`;
    element(".hover-text").textContent = label || point;
  };
  panel.plane = new Plane(element(".plane"), (picked) => setTriggerValue("pick", picked), onHover);
  element(".zoom").onclick = () => panel.plane.lookAtPosterior();
  element(".whole").onclick = () => panel.plane.home();
  panel.samples = new SampleGrid(element(".samples"));
  panel.observer = new ResizeObserver(() => resize(panel));
  panel.observer.observe(element(".plane"));
  return panel;
}

function resize(panel) {
  const { element } = panel;
  panel.plane.resize(element(".plane").clientWidth);
  const narrow = element(".panel").clientWidth <= NARROW;
  if (narrow === panel.narrow) return;
  panel.narrow = narrow;
  if (panel.model) showPictures(panel, panel.data, panel.plane.theme);
}

function update(panel, data) {
  const { root, element } = panel;
  const theme = currentTheme(root.host ?? root);
  element(".panel").dataset.theme = theme.name;
  element(".verdict").innerHTML = data.verdict;
  element(".numbers tbody").innerHTML = data.numbers.map(numberRow).join("");
  element(".zoom").hidden = !(data.scene.stddev[0] * data.scene.scale > 0);
  element(".legend").textContent = data.scene.layer?.caption ?? "";
  const canvas = element(".plane");
  canvas.setAttribute("aria-label", data.description);
  withModel(data.model, () => {
    if (panel.data !== data) return; // a later update came first
    const model = store.models.get(data.model);
    panel.model = model;
    panel.plane.show(model, data.scene, theme);
    showPictures(panel, data, theme);
  });
}

function numberRow({ name, symbol, value, error, beside, sentence, colour }) {
  return `<tr class="${colour ?? ""}" title="${sentence}">
    <th scope="row">${name} <span class="symbol">${symbol}</span></th>
    <td>${value}</td>
    <td class="error">${error}${beside && `<span class="beside">${beside}</span>`}</td></tr>`;
}

function showPictures(panel, data, theme) {
  const { model, pictures, element } = panel;
  const { mean, samples } = data.scene;
  const show = (name, values, colour) => paint(pictures[name], values, model.width, colour);
  const x = Float32Array.from(bytesOf(data.x), (grey) => grey / 255);
  const atMean = model.decoder.decode(...mean);
  show("x", x);
  show("mean", atMean);
  PICTURES.forEach(([name, , meaning]) => pictures[name].setAttribute("aria-label", meaning));
  const captions = { x: data.xCaption, average: `average of ${samples.length}`, stddev: `stddev of ${samples.length}` };
  for (const [name, caption] of Object.entries(captions)) {
    element(`.pictures .${name} figcaption`).textContent = caption;
  }
  // A wide network takes about a millisecond a picture: decode in slices, drop stale work.
  const columns = samples.length <= 16 ? 8 : samples.length <= 64 ? 16 : 32;
  const fitting = panel.narrow ? Math.min(columns, 8) : columns;
  panel.samples.layOut(samples.length, fitting, model.width, x.length / model.width);
  const decoded = [];
  const work = ++panel.work;
  const slice = () => {
    if (work !== panel.work) return;
    const deadline = performance.now() + 12;
    do {
      const i = decoded.length;
      const picture = model.decoder.decode(...samples[i]);
      panel.samples.show(i, picture, data.losses[i].toFixed(samples.length > 64 ? 0 : 1));
      decoded.push(picture);
    } while (decoded.length < samples.length && performance.now() < deadline);
    if (decoded.length < samples.length) return requestAnimationFrame(slice);
    const { average, stddev } = pixelMoments(decoded);
    show("sample", decoded[0]);
    show("average", average);
    const difference = decoded[0].map((value, i) => value - atMean[i]);
    show("difference", difference, (value) => diverging(value, 1, theme));
    show("stddev", stddev.map((value) => 2 * value)); // a stddev in [0, 1] is at most one half
    element(".panel").dataset.shown = data.version;
  };
  slice();
}

export function showPanel({ data, parentElement, setTriggerValue }) {
  let panel = panels.get(parentElement);
  if (!panel) {
    panel = build(parentElement, setTriggerValue);
    panels.set(parentElement, panel);
    shownPanels.set(parentElement, panel);
  }
  const call = ++panel.calls;
  panel.data = JSON.parse(new TextDecoder().decode(data));
  update(panel, panel.data);
  return () => {
    // Streamlit also ends a call that newer data overtook: the panel is in use then.
    if (call !== panel.calls) return;
    panel.observer.disconnect();
    panel.work++;
    panels.delete(parentElement);
    shownPanels.delete(parentElement);
  };
}
