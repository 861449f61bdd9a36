// The stage, as Streamlit sees it: called for every change of its data, drawn by the page's code.

import { page } from "./loader.js";

export default function (component) {
  let remove = null;
  let removed = false;
  page.whenDefined((code) => {
    if (!removed) remove = code.showStage(component);
  });
  return () => {
    removed = true;
    remove?.();
  };
}
