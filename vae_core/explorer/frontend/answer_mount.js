// The answer, as Streamlit sees it.

import { page } from "./loader.js";

export default function (component) {
  page.whenDefined((code) => code.showAnswer(component));
}
