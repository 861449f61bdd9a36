// Receives the bytes of one model; draws nothing.

export default function ({ data }) {
  offerModel(data);
}
