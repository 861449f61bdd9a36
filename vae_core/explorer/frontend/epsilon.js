// The ε that the browser has, and a rule for averages over N(0, I): one component brings them,
// the stage looks them up.

const bank = (globalThis.vaeEpsilon ??= { rule: null, seeds: 0, draws: 0, values: null, waiting: [] });

// A JSON header's length, the header, float32 values of (seeds, draws, 2).
export function offerEpsilon(bytes) {
  if (bank.values) return;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const start = bytes.byteOffset + 4 + length;
  const values = new Float32Array(bytes.buffer.slice(start, bytes.byteOffset + bytes.byteLength));
  const rule = { radii: header.radii, weights: header.weights };
  Object.assign(bank, { rule, seeds: header.seeds, draws: header.draws, values });
  bank.waiting.splice(0).forEach((callback) => callback());
}

// The first `count` draws of a seed, flat; null where only the server has them.
export function epsilonOf(seed, count) {
  if (!bank.values || seed >= bank.seeds || count > bank.draws) return null;
  const start = 2 * seed * bank.draws;
  return bank.values.subarray(start, start + 2 * count);
}

// Calls back once there are ε and rule.
export function whenEpsilon(callback) {
  if (bank.values) callback();
  else bank.waiting.push(callback);
}

// Nodes (ε₁, ε₂, weight) of the rule with so many directions a ring.
export function ruleNodes(directions) {
  const nodes = [];
  bank.rule.radii.forEach((radius, ring) => {
    const weight = bank.rule.weights[ring];
    if (weight < 1e-5) return; // farther out than five stddevs
    for (let i = 0; i < directions; i++) {
      const angle = (2 * Math.PI * (i + (ring % 2) / 2)) / directions;
      nodes.push([radius * Math.cos(angle), radius * Math.sin(angle), weight / directions]);
    }
  });
  return nodes;
}
