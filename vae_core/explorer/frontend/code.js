// The page's code, as a component that draws nothing. Streamlit sends a component's source along
// with its data, whole, whenever the data change: this one has none, so it comes once.

import { page } from "./loader.js";
import { showPanel, shownPanels } from "./panel.js";
import { paintSlide } from "./slide.js";
import { offerModel } from "./store.js";

export default function () {
  if (!page.code) page.define({ offerModel, showPanel, shownPanels, paintSlide });
}
