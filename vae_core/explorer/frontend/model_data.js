// Receives the bytes of one model; draws nothing.

import { page } from "./loader.js";

export default function ({ data }) {
  page.whenDefined((code) => code.offerModel(data));
}
