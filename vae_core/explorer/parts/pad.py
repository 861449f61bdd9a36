"""A pad to draw a digit on, as a component of the page."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ...models.drawn_digit import MAX_POINTS, MAX_STROKES, PEN_WIDTH, Strokes, strokes_from_json
from ..frontend import source

__all__ = ["drawn", "mount_pad", "pad_data", "pen_down"]


@cache
def _pad() -> Callable[..., Any]:
    return st.components.v2.component(
        "vae_pad",
        html=source("pad.html"),
        css=source("pad.css"),
        js=source("pad.js"),
    )


def pad_data(picture: NDArray[np.uint8] | None = None, own: bool = False) -> bytes:
    """What the pad is to show.

    Args:
        picture: `(28, 28)`, shown until the first stroke replaces it; None for an empty pad.
            Another picture than before replaces what was drawn.
        own: this picture is what the pad's strokes made, as they were last seen: a pad that has
            strokes keeps them. None after the pad was cleared is its own as well.
    """
    levels = None
    if picture is not None:
        levels = "".join(f"{level:x}" for level in np.rint(picture.ravel() / 17).astype(int))
    # As bytes: Streamlit looks for data frames in a dict, and imports 70 MB of pandas to do so.
    return json.dumps(
        {
            "picture": levels,
            "own": own,
            "width": PEN_WIDTH,
            "strokes": MAX_STROKES,
            "points": MAX_POINTS,
        }
    ).encode()


def mount_pad(key: str, data: bytes, on_change: Callable[[], None]) -> None:
    """Shows the pad; `on_change` runs before the next script run when something was drawn.

    Args:
        key: of the component.
        data: made by `pad_data`.
        on_change: finds in `drawn` what is on the pad now, some ten times a second.
    """
    _pad()(data=data, key=key, on_strokes_change=on_change)


def drawn(key: str) -> Strokes | None:
    """Strokes on the pad, without any after Clear; None before the first, and for nonsense."""
    return strokes_from_json(_sent(key).get("lines"))


def pen_down(key: str) -> bool:
    """Whether a stroke is being drawn: time to show it, not yet to write it into the address.

    Each change of the address is a step that Back goes through, and browsers ration them.
    """
    return _sent(key).get("down") is True


def _sent(key: str) -> dict[str, object]:
    value = getattr(st.session_state.get(key), "strokes", None)
    return value if isinstance(value, dict) else {}
