"""Widgets that several pages show: they are bound to the URL under one key."""

import contextlib
import math
from typing import Any

import streamlit as st

from .models import MODEL_NAMES
from .orders import ORDERS
from .own_models import usable_models
from .state import (
    DEFAULT_IMAGE,
    LAST_IMAGE,
    forget_drawing,
    go_random,
    go_step,
    restart_sequence,
    show_test_image,
)

__all__ = ["BOUND", "bound_integer", "image_controls", "model_select"]

HIDDEN = "<style>.st-key-packed-drawing { display: none; }</style>"
BOUND: dict[str, Any] = {"bind": "query-params"}


def bound_integer(key: str) -> dict[str, Any]:
    """Binds an integer to the address, but for an infinite one, at which Streamlit 1.67 raises."""
    try:
        infinite = math.isinf(float(st.query_params.get(key, "")))
    except ValueError:
        infinite = False
    if not infinite:
        return BOUND
    with contextlib.suppress(
        st.errors.StreamlitAPIException
    ):  # Back to such an address: bound by now
        del st.query_params[key]
    return {}


def image_controls() -> None:
    """Chooses the image, or a point of the plane in its place; to be put in a row."""
    st.number_input(
        "Test image",
        0,
        LAST_IMAGE,
        DEFAULT_IMAGE,
        key="image",
        on_change=show_test_image,
        width=125,
        **bound_integer("image"),
    )
    st.button("Previous", key="previous", on_click=go_step, args=(-1,))
    st.button("Next", key="next", on_click=go_step, args=(1,))
    st.button("Random", key="random", on_click=go_random)
    with st.popover("Which", key="which"):
        st.selectbox(
            "Class",
            ["any", *"0123456789"],
            key="digit",
            on_change=restart_sequence,
            help="Previous, Next and Random stay within this class.",
            **BOUND,
        )
        st.selectbox(
            "Order",
            list(ORDERS),
            key="order",
            on_change=restart_sequence,
            help="; ".join(f"{name}: {meaning}" for name, meaning in ORDERS.items()),
            **BOUND,
        )
        st.text_input(
            "A point z instead",
            key="z",
            placeholder="0.30,-1.20",
            help="Two coordinates: the image is then the picture each model decodes there.",
            on_change=forget_drawing,
            **BOUND,
        )
        # Only so that a link holds the drawing: nobody types it.
        with st.container(key="packed-drawing"):
            st.html(HIDDEN)
            st.text_input("Drawing, packed", key="draw", label_visibility="collapsed", **BOUND)


def model_select(label: str, key: str, default: str, none: bool = False, **settings: Any) -> str:
    """Chooses one of the shipped models or of the visitor's own; `none` offers no model too."""
    options = [*MODEL_NAMES, *usable_models(), *(["none"] if none else [])]
    if st.session_state.get(key, default) not in options:  # the server keeps it no more
        st.session_state[key] = default
    return st.selectbox(
        label, options, options.index(default), key=key, width=170, **settings, **BOUND
    )
