"""A pad, and the packed text of what was drawn on it.

The address says how it begins: `drawing=TEXT` for a picture that came with a link.
"""

import sys
from pathlib import Path

import numpy as np
import streamlit as st

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # Streamlit puts this script's folder there

from vae_core.explorer.parts.pad import drawn, mount_pad, pad_data, pen_down  # noqa: E402
from vae_core.models.drawn_digit import normalize, pack, rasterize, unpack  # noqa: E402

OTHER = np.zeros((28, 28), np.uint8)
OTHER[4:24, 12:16] = 255


def take() -> None:
    """What was drawn goes to the address at the end of a stroke, as on a page of the explorer."""
    state = st.session_state
    state.changes = state.get("changes", 0) + 1
    strokes = drawn("pad")
    if strokes is None:
        return
    state.own = pack(normalize(rasterize(strokes))) if strokes.lines else None
    if pen_down("pad"):
        return
    if state.own is None:
        st.query_params.pop("drawing", None)
    else:
        st.query_params["drawing"] = state.own


def main() -> None:
    st.set_page_config(layout="wide")
    state = st.session_state
    text = state.own if pen_down("pad") else st.query_params.get("drawing")
    picture = unpack(text)
    if not st.toggle("Hidden"):
        data = pad_data(picture, own=text == state.get("own"))
        with st.container(width=state.get("width", 300)):
            mount_pad("pad", data, take)
    if st.button("Narrow"):
        state.width = 150
        st.rerun()
    st.button("Nothing new")
    if st.button("Another picture"):
        st.query_params["drawing"] = pack(OTHER)
        st.rerun()
    strokes = drawn("pad")
    st.html(
        f'<div class="drawn" data-text="{pack(picture) if picture is not None else ""}" '
        f'data-strokes="{-1 if strokes is None else len(strokes.lines)}" '
        f'data-points="{0 if strokes is None else sum(map(len, strokes.lines))}" '
        f'data-changes="{state.get("changes", 0)}"></div>'
    )


if __name__ == "__main__":
    main()
