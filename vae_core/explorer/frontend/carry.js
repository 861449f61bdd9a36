// The buttons of the view that need the browser: its link, and its picture.

import { page } from "./loader.js";

const SAID = 2000; // milliseconds that a button says what has happened
const PATIENCE = 5000; // for panels that are still drawing their pictures

// The app's address; Community Cloud shows the app in a frame of another path.
function link() {
  const { origin, pathname, search } = location;
  return origin + pathname.replace("/~/+", "") + search;
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without HTTPS, or in a frame that may not: by way of a selection.
    const area = document.createElement("textarea");
    area.value = text;
    area.style.cssText = "position: fixed; opacity: 0";
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    focused?.focus?.();
    return copied;
  }
}

// The panels from left to right, once each shows the pictures of its data.
async function settledPanels({ shownPanels }) {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const panels = [...shownPanels.values()];
    const settled = (panel) => panel.element(".panel").dataset.shown === panel.data.version;
    if (panels.length && panels.every(settled)) {
      const left = (panel) => panel.element(".plane").getBoundingClientRect();
      return panels.sort((a, b) => left(a).left - left(b).left || left(a).top - left(b).top);
    }
    if (performance.now() > deadline) return [];
    await new Promise(requestAnimationFrame);
  }
}

async function download(canvas) {
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = "vae-view.png";
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000);
}

export default function ({ data, parentElement }) {
  const texts = JSON.parse(new TextDecoder().decode(data));
  const element = (selector) => parentElement.querySelector(selector);
  const say = (button, words, aloud) => {
    const label = (button.dataset.label ??= button.textContent);
    button.textContent = words;
    element(".said").textContent = aloud;
    clearTimeout(Number(button.dataset.timer));
    button.dataset.timer = setTimeout(() => {
      button.textContent = label;
      element(".said").textContent = "";
    }, SAID);
  };
  element(".copy").onclick = async ({ currentTarget }) => {
    const copied = await copyText(link());
    say(currentTarget, copied ? "Copied" : "Not copied", copied ? "Link copied" : "The browser does not let the link be copied");
  };
  element(".png").onclick = ({ currentTarget: button }) => {
    button.disabled = true;
    page.whenDefined(async (code) => {
      try {
        const panels = await settledPanels(code);
        if (!panels.length) return say(button, "No panel", "There is no panel to paint");
        await download(code.paintSlide(panels, { ...texts, link: link() }));
      } finally {
        button.disabled = false;
      }
    });
  };
}
