"""Widgets that several pages show: they are bound to the URL under one key."""

import contextlib
import math
from typing import Any

import streamlit as st

from ...experiments.choices import TABLE
from ...experiments.orders import ORDERS
from ..parts.layers import LAYERS
from ..server.library import data_key, images_beside, listed_models, partner
from .own_models import usable_models
from .session import (
    chosen_model,
    default_image,
    default_model,
    forget_drawing,
    go_random,
    go_step,
    resample,
    restart_sequence,
    show_test_image,
)

__all__ = [
    "BOUND",
    "bound_integer",
    "image_controls",
    "model_select",
    "sample_controls",
    "seed_input",
    "versus_select",
]

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
    model, state = chosen_model(), st.session_state
    test = images_beside(model)
    if state.get("image", 0) > test.last:  # that of another data set
        state.image = default_image(model)
    if state.get("digit", "any") not in ("any", *test.class_names):
        state.digit = "any"
    st.number_input(
        "Test image",
        0,
        test.last,
        default_image(model),
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
            ["any", *test.class_names],
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


def sample_controls() -> None:
    """Chooses what is shown of q: how many samples, of which seed, and how wide; in a row."""
    k, scale = TABLE["k"], TABLE["scale"]
    st.number_input("Samples K", k.low, k.high, k.default, key="k", width=125, **bound_integer("k"))
    st.slider(
        "Stddev × (0 mean, 1 q)",
        scale.low,
        scale.high,
        scale.default,
        0.05,
        key="scale",
        width=190,
        **BOUND,
    )
    seed_input()
    st.button("Resample", key="resample", on_click=resample)
    st.selectbox(
        "Background",
        list(LAYERS),
        key="layer",
        width=150,
        help=" ".join(f"**{name}**: {layer.meaning}" for name, layer in LAYERS.items()),
        **BOUND,
    )


def seed_input() -> None:
    """Chooses the seed of all samples."""
    seed = TABLE["seed"]
    st.number_input(
        "Seed", seed.low, seed.high, seed.default, key="seed", width=125, **bound_integer("seed")
    )


def model_select(**settings: Any) -> str:
    """Chooses a shipped model, one that the host brought, or one of the visitor's own."""
    options = [*listed_models(), *usable_models()]
    return _select("Model", "model", options, default_model(), **settings)


def versus_select(model: str, **settings: Any) -> str:
    """Chooses the model beside it: one of the same images, or none."""
    key, names = data_key(model), [*listed_models(), *usable_models()]
    options = [name for name in names if data_key(name) == key]
    return _select("Beside it", "versus", [*options, "none"], partner(model), **settings)


def _select(label: str, key: str, options: list[str], default: str, **settings: Any) -> str:
    if st.session_state.get(key, default) not in options:  # kept no more, or of other images
        st.session_state[key] = default
    return st.selectbox(
        label, options, options.index(default), key=key, width=170, **settings, **BOUND
    )
