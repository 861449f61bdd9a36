// The page's code, as a component that draws nothing. Streamlit sends a component's source along
// with its data, whole, whenever the data change: this one has none, so it comes once.

import { showAnswer } from "./answer.js";
import { offerEpsilon } from "./epsilon.js";
import { shownPanels } from "./lane.js";
import { page } from "./loader.js";
import { paintSlide } from "./slide.js";
import { showStage } from "./stage.js";
import { offerModel } from "./store.js";

export default function () {
  if (!page.code) page.define({ offerModel, offerEpsilon, showAnswer, showStage, shownPanels, paintSlide });
}
