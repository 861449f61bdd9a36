// Pictures of 28 x 28 numbers on canvases, enlarged by CSS with crisp pixels.

const OPAQUE = 0xff000000;

// Colours are 32-bit: alpha, blue, green, red from the highest byte down.
function grey(value) {
  const level = Math.round(255 * Math.min(1, Math.max(0, value)));
  return OPAQUE | (level << 16) | (level << 8) | level;
}

// Diverging scale for a difference in [-limit, limit]: more ink towards the sample's colour,
// less ink towards the mean's, nothing at zero.
export function diverging(value, limit, theme) {
  const t = Math.min(1, Math.abs(value) / limit);
  const end = value > 0 ? theme.rgb.sample : theme.rgb.mean;
  const [r, g, b] = theme.rgb.zero.map((zero, i) => Math.round(zero + t * (end[i] - zero)));
  return OPAQUE | (b << 16) | (g << 8) | r;
}

export function imageOf(values, width, colour = grey) {
  const image = new ImageData(width, values.length / width);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < values.length; i++) pixels[i] = colour(values[i]);
  return image;
}

export function paint(canvas, values, width, colour) {
  const image = imageOf(values, width, colour);
  if (canvas.width !== image.width) canvas.width = image.width;
  if (canvas.height !== image.height) canvas.height = image.height;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

// Mean and stddev of each pixel over pictures.
export function pixelMoments(pictures) {
  const count = pictures.length;
  const size = pictures[0].length;
  const average = new Float32Array(size);
  const stddev = new Float32Array(size);
  for (const picture of pictures) for (let i = 0; i < size; i++) average[i] += picture[i] / count;
  for (const picture of pictures) {
    for (let i = 0; i < size; i++) stddev[i] += (picture[i] - average[i]) ** 2 / count;
  }
  for (let i = 0; i < size; i++) stddev[i] = Math.sqrt(stddev[i]);
  return { average, stddev };
}
