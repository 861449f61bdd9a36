// Receives a block of epochs; draws nothing.

export default function ({ data }) {
  offerFrames(data);
}
