// Receives a block of epochs; draws nothing.

import { offerFrames } from "./frames.js";

export default function ({ data }) {
  offerFrames(data);
}
