// Receives the bytes of one model; draws nothing.

export default function ({ data }) {
  page.whenDefined((code) => code.offerModel(data));
}
