// The decoder in the browser: z to pixel probabilities, 0.05 ms for 2-64-784.

class Decoder {
  // layers: [{inputs, outputs, kernel: Float32Array of (inputs, outputs), bias: Float32Array}]
  constructor(layers) {
    this.layers = layers;
    // float64 sums: a float32 sum over 512 units would already differ in the fifth digit.
    this.activations = layers.map((layer) => new Float64Array(layer.outputs));
  }

  // Logits of the pixels at (x, y); the array is overwritten by the next call.
  logits(x, y) {
    let input = [x, y];
    this.layers.forEach((layer, depth) => {
      const { inputs, outputs, kernel, bias } = layer;
      const output = this.activations[depth];
      for (let j = 0; j < outputs; j++) output[j] = bias[j];
      for (let i = 0; i < inputs; i++) {
        const value = input[i];
        if (value === 0) continue; // ReLU leaves about half of them at zero
        for (let j = 0, k = i * outputs; j < outputs; j++, k++) output[j] += value * kernel[k];
      }
      if (depth < this.layers.length - 1) {
        for (let j = 0; j < outputs; j++) if (output[j] < 0) output[j] = 0;
      }
      input = output;
    });
    return input;
  }

  // Probability that each pixel is white at (x, y), a fresh Float32Array.
  decode(x, y) {
    return probabilities(this.logits(x, y));
  }
}

export function probabilities(logits) {
  const picture = new Float32Array(logits.length);
  for (let j = 0; j < logits.length; j++) picture[j] = 1 / (1 + Math.exp(-logits[j]));
  return picture;
}

// −log p(x|z) of the logits at z, in nats: Σ softplus(l) − x l.
export function lossOf(logits, x) {
  let sum = 0;
  for (let j = 0; j < logits.length; j++) {
    const l = logits[j];
    sum += Math.max(l, 0) + Math.log1p(Math.exp(-Math.abs(l))) - x[j] * l;
  }
  return sum;
}

// What a model's bytes hold: a JSON header, then float32 arrays in the order it lists.
export function unpackModel(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headerLength)));
  let offset = bytes.byteOffset + 4 + headerLength;
  const take = (count) => {
    const array = new Float32Array(bytes.buffer.slice(offset, offset + 4 * count));
    offset += 4 * count;
    return array;
  };
  const layers = header.layers.map(([inputs, outputs]) => ({
    inputs,
    outputs,
    kernel: take(inputs * outputs),
    bias: take(outputs),
  }));
  const points = take(2 * header.points); // x0, y0, x1, y1, …
  const labels = take(header.points);
  const { id, half, width, classes, phrases } = header;
  return { id, decoder: new Decoder(layers), points, labels, half, width, classes, phrases };
}
