// A run, as Streamlit sees it: called for every change of its data or of the theme.

import { Formation } from "./formation.js";

const formations = new WeakMap(); // per instance

export default function ({ data, parentElement }) {
  let formation = formations.get(parentElement);
  if (!formation) {
    formation = new Formation(parentElement);
    formations.set(parentElement, formation);
  }
  const call = ++formation.calls;
  formation.update(JSON.parse(new TextDecoder().decode(data)));
  return () => {
    // Streamlit also ends a call that newer data overtook: the visitor's place outlives that.
    const onPage = (parentElement.host ?? parentElement).isConnected;
    if (onPage || call !== formation.calls) return;
    formation.remove();
    formations.delete(parentElement);
  };
}
