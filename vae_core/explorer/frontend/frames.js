// The epochs of training runs, shared by all components of the page: each block of epochs comes
// in a component of its own, so that what has come is not sent again; the plane looks them up.

const frameStore = (globalThis.vaeFrames ??= { runs: new Map(), listeners: new Set() });
const RUNS_KEPT = 6; // a run of 100 epochs holds 2.5 MB

// A block: length of a JSON header, the header, labels, int16 coordinates frame after frame, and
// the decoded pictures of one image, a byte a pixel, in the same order.
function unpackFrames(bytes) {
  const copy = bytes.slice(); // aligned, and without the message around it
  const length = new DataView(copy.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + length)));
  const { run, first, points: count, marked, width } = header;
  const labels = copy.subarray(4 + length, 4 + length + count);
  let offset = 4 + length + 4 * Math.ceil(count / 4);
  const frames = header.frames.map(({ epoch, scale, half, stddev, portrait }) => {
    const whole = new Int16Array(copy.buffer, offset, 2 * count);
    offset += 4 * count;
    const points = Float32Array.from(whole, (v) => v * scale);
    return { run, epoch, labels, marked, half, stddev, points, portrait };
  });
  for (const { portrait } of frames.filter((frame) => frame.portrait)) {
    portrait.width = width;
    portrait.pictures = portrait.losses.map(() => {
      const picture = copy.subarray(offset, (offset += header.pixels));
      return Float32Array.from(picture, (v) => v / 255);
    });
  }
  return { run, first, frames };
}

function sameFrame(a, b) {
  return (
    a.epoch === b.epoch &&
    a.points.length === b.points.length &&
    a.points.every((value, i) => value === b.points[i]) &&
    String(a.stddev) === String(b.stddev)
  );
}

export function offerFrames(bytes) {
  const { run, first, frames } = unpackFrames(bytes);
  const held = frameStore.runs.get(run) ?? [];
  frameStore.runs.delete(run);
  frameStore.runs.set(run, held); // the run that grew last goes last
  for (const old of [...frameStore.runs.keys()].slice(0, -RUNS_KEPT)) frameStore.runs.delete(old);
  frames.forEach((frame, i) => {
    // The last block comes again with every epoch: what is on screen already stays the same object.
    const before = held[first + i];
    if (!before || !sameFrame(before, frame)) held[first + i] = frame;
  });
  frameStore.listeners.forEach((callback) => callback(run));
}

// The frames of a run from the first on, as far as they have come.
export function framesOf(run, count) {
  const held = frameStore.runs.get(run) ?? [];
  const missing = Array.from(held).findIndex((frame) => !frame); // blocks may overtake each other
  return held.slice(0, Math.min(count, missing < 0 ? held.length : missing));
}

// Calls back when frames of any run came; returns what ends it.
export function onFrames(callback) {
  frameStore.listeners.add(callback);
  return () => frameStore.listeners.delete(callback);
}
