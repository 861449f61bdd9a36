// Receives the bank of ε; draws nothing.

import { page } from "./loader.js";

export default function ({ data }) {
  page.whenDefined((code) => code.offerEpsilon(data));
}
