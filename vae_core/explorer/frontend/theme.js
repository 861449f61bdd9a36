// One colour per symbol, the same in the plane, the frames and the numbers. The ten classes get
// muted colours that survive colour blindness (after Paul Tol), so that they never compete.

const THEMES = {
  light: {
    symbol: { x: "#1f2328", mean: "#0b57d0", sample: "#c2410c", prior: "#6b7280" },
    classes: [
      "#332288", "#88ccee", "#44aa99", "#117733", "#999933",
      "#ddcc77", "#cc6677", "#882255", "#aa4499", "#777777",
    ],
    rgb: { sample: [194, 65, 12], mean: [11, 87, 208], zero: [255, 255, 255] },
    halo: "rgba(255,255,255,.85)",
    text: "#1f2328",
    grid: "rgba(31,35,40,.10)",
    field: [31, 35, 40],
    pointAlpha: 0.55,
  },
  dark: {
    symbol: { x: "#e6edf3", mean: "#6cb2ff", sample: "#ff9a5c", prior: "#9aa4af" },
    classes: [
      "#8f86e0", "#88ccee", "#44aa99", "#4fb06d", "#b5b552",
      "#ddcc77", "#cc6677", "#c2688f", "#c070b8", "#a0a0a0",
    ],
    rgb: { sample: [255, 154, 92], mean: [108, 178, 255], zero: [24, 27, 33] },
    halo: "rgba(14,17,23,.85)",
    text: "#e6edf3",
    grid: "rgba(230,237,243,.12)",
    field: [230, 237, 243],
    pointAlpha: 0.5,
  },
};

// Streamlit's theme variables follow the visitor's choice; whether it is dark is read off them.
function currentTheme(host) {
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(host).getPropertyValue("--st-background-color") || "#fff";
  const [r, g, b] = probe.fillStyle.match(/\w\w/g).map((hex) => parseInt(hex, 16));
  const name = 0.3 * r + 0.6 * g + 0.1 * b < 128 ? "dark" : "light";
  return { name, background: probe.fillStyle, ...THEMES[name] };
}
