// One symbol at a time lights up, wherever on the page it occurs: what carries `data-symbol` is
// pointed at, focused or tapped, everything else of its kind shines with it, and the rest dims.
// A component registers its root; canvases are told through `onLight`.

const hub = (globalThis.vaeSymbols ??= { roots: new Map(), lit: null });

export function litSymbol() {
  return hub.lit;
}

// Lights up a symbol on all of the page; null puts the light out.
export function lightUp(symbol) {
  if (symbol === hub.lit) return;
  hub.lit = symbol;
  for (const [root, onLight] of hub.roots) {
    if (!root.isConnected) hub.roots.delete(root);
    else showLit(root, onLight);
  }
}

function showLit(root, onLight) {
  root.classList.toggle("lighting", hub.lit !== null);
  relight(root);
  onLight?.(hub.lit);
}

// To be called where elements with symbols were written anew.
export function relight(root) {
  for (const element of root.querySelectorAll("[data-symbol]")) {
    element.classList.toggle("lit", element.dataset.symbol === hub.lit);
  }
}

// `root` is an element in which symbols occur. May be called again after its content changed.
export function linkSymbols(root, onLight) {
  const known = hub.roots.has(root);
  hub.roots.set(root, onLight);
  if (!known) {
    const light = (event) => lightUp(event.target.closest?.("[data-symbol]")?.dataset.symbol ?? null);
    for (const kind of ["pointerover", "focusin"]) root.addEventListener(kind, light);
    for (const kind of ["pointerleave", "focusout"]) root.addEventListener(kind, () => lightUp(null));
  }
  showLit(root, onLight);
}
