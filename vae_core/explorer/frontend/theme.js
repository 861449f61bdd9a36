// One colour per symbol, the same in the plane, the frames and the numbers. The ten classes get
// muted colours that survive colour blindness (after Paul Tol), so that they never compete.

import THEMES from "./theme.json" with { type: "json" };

// Red, green and blue of "#rrggbb", in 0 to 255.
function channels(colour) {
  return colour.match(/\w\w/g).map((hex) => parseInt(hex, 16));
}

// Streamlit's theme variables follow the visitor's choice; whether it is dark is read off them.
export function currentTheme(host) {
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(host).getPropertyValue("--st-background-color") || "#fff";
  const [r, g, b] = channels(probe.fillStyle);
  const name = 0.3 * r + 0.6 * g + 0.1 * b < 128 ? "dark" : "light";
  const colours = THEMES[name];
  const rgb = { zero: channels(colours.zero) };
  for (const [symbol, colour] of Object.entries(colours.symbol)) rgb[symbol] = channels(colour);
  return { name, background: probe.fillStyle, text: colours.symbol.x, rgb, ...colours };
}
