// The answer in words, above the controls: its numbers are those of the stage, which says when
// they are under way.

import { currentTheme } from "./theme.js";
import { linkSymbols } from "./symbols.js";

const answers = new Set();

export function showAnswer({ data, parentElement }) {
  const element = parentElement.querySelector(".answer");
  element.innerHTML = new TextDecoder().decode(data);
  element.parentElement.dataset.theme = currentTheme(parentElement.host ?? parentElement).name;
  answers.add(element);
  linkSymbols(element);
  return () => {
    if (!element.isConnected) answers.delete(element);
  };
}

// Whether the numbers in the answer are older than what the stage shows.
export function markAnswers(pending) {
  for (const element of answers) element.classList.toggle("pending", pending);
}
