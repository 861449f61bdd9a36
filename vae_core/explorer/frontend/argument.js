// The argument's symbols: in prose and equations they carry `data-symbol`; curves and labels of
// figures name theirs, and take part as soon as they are drawn.

import { lightUp, linkSymbols } from "./symbols.js";

const FAINT = 0.25;
const WORDS = ".equation .why, .st-key-questions [data-testid=stExpanderDetails] .stMarkdown p";

// What of a figure is a symbol: its curves, by `meta`, and its labels, by their `name`.
function* symbolsOf(figure) {
  for (const trace of figure._fullData ?? []) {
    for (const element of figure.querySelectorAll(`.trace${trace.uid}`)) {
      yield [element, typeof trace.meta === "string" ? trace.meta : ""];
    }
  }
  const notes = figure._fullLayout?.annotations ?? [];
  for (const element of figure.querySelectorAll(".annotation")) {
    yield [element, notes[Number(element.dataset.index)]?.name ?? ""];
  }
}

function light(root, symbol) {
  for (const figure of root.querySelectorAll(".js-plotly-plot")) {
    for (const [element, own] of symbolsOf(figure)) {
      element.style.opacity = symbol === null || own === symbol ? "" : FAINT;
    }
  }
}

// Pointing at a curve or at its label lights up what it is.
function listen(figure) {
  if (figure.vaeListens || !figure.on) return;
  figure.vaeListens = true;
  figure.on("plotly_hover", (event) => lightUp(event.points[0]?.data.meta ?? null));
  figure.on("plotly_unhover", () => lightUp(null));
}

function markLabels(root) {
  for (const figure of root.querySelectorAll(".js-plotly-plot")) {
    listen(figure);
    for (const [element, own] of symbolsOf(figure)) {
      if (own && element.dataset.symbol !== own) {
        element.dataset.symbol = own;
        if (element.classList.contains("annotation")) element.style.pointerEvents = "all";
      }
    }
  }
}

// The claim that is open may lie beyond the end of its strip on a narrow screen.
function showOpen(root) {
  const strip = root.querySelector(".st-key-claim [role=radiogroup]");
  const open = strip?.querySelector("[aria-checked=true]");
  if (open) strip.scrollLeft = open.offsetLeft - (strip.clientWidth - open.offsetWidth) / 2;
}

// The page shows once its words stand where they stay: later a line less would move all the rest.
function reveal(root) {
  const words = root.querySelector(WORDS);
  if (!words) return requestAnimationFrame(() => reveal(root));
  return document.fonts.ready.then(() => {
    requestAnimationFrame(() => requestAnimationFrame(() => (root.dataset.ready = "")));
  });
}

export default function ({ parentElement }) {
  const root = (parentElement.host ?? parentElement).closest(".st-key-argument");
  if (!root) return undefined;
  linkSymbols(root, (symbol) => light(root, symbol));
  let waiting = 0;
  const observer = new MutationObserver(() => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      markLabels(root);
    });
  });
  observer.observe(root, { childList: true, subtree: true });
  markLabels(root);
  showOpen(root);
  if (!("ready" in root.dataset)) reveal(root);
  return () => {
    observer.disconnect();
    cancelAnimationFrame(waiting);
    root.onpointerover = root.onpointerleave = null;
  };
}
