"""Widgets that several pages show: they are bound to the URL under one key."""

import contextlib
import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from ...errors import InputError
from ...experiments.choices import TABLE
from ...experiments.orders import ORDERS
from ...experiments.presets import presets_of
from ...models.naming import called
from ...models.test_images import TestImages
from ..parts.layers import LAYERS
from ..server.library import data_key, images_beside, listed_models, partner, trained
from .own_models import usable_models
from .session import (
    chosen_model,
    default_image,
    default_model,
    forget_drawing,
    go_random,
    go_step,
    go_to,
    restart_sequence,
    show_test_image,
)

__all__ = [
    "BOUND",
    "bound_integer",
    "image_controls",
    "model_select",
    "more_controls",
    "seed_input",
    "versus_select",
]

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
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
        st.text("Test image")
        st.number_input(
            "Test image",
            0,
            test.last,
            default_image(model),
            key="image",
            on_change=show_test_image,
            width=120,
            label_visibility="collapsed",
            **bound_integer("image"),
        )
    st.button("Previous", key="previous", on_click=go_step, args=(-1,))
    st.button("Next", key="next", on_click=go_step, args=(1,))
    st.button("Random", key="random", on_click=go_random)
    with st.popover("Choose…", key="which"):
        _choose(test)


def _choose(test: TestImages) -> None:
    """Which images there are, in what order, or a point in their place."""
    for preset in presets_of(test):
        st.button(
            preset.label,
            key=f"preset-{preset.key}",
            on_click=go_to,
            args=(preset.image,),
            width="stretch",
        )
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
        help="Two coordinates: the image is then the picture that each network decodes there.",
        on_change=forget_drawing,
        **BOUND,
    )
    # Only so that a link holds them: nobody types them.
    with st.container(key="packed-drawing"):
        st.text_input("Drawing, packed", key="draw", label_visibility="collapsed", **BOUND)
        st.text_input("Decoded by", key="by", label_visibility="collapsed", **BOUND)


def more_controls() -> None:
    """What a second look wants: the networks, how many samples, of which seed, the background."""
    k, scale = TABLE["k"], TABLE["scale"]
    name = model_select(width="stretch")
    versus_select(name, width="stretch")
    st.number_input("Samples K", k.low, k.high, k.default, key="k", **bound_integer("k"))
    st.slider(
        "Noise × σ (0 the mean, 1 q)",
        scale.low,
        scale.high,
        scale.default,
        0.05,
        key="scale",
        **BOUND,
    )
    seed_input(width="stretch")
    st.selectbox(
        "Background",
        list(LAYERS),
        key="layer",
        help=" ".join(f"**{name}**: {layer.meaning}" for name, layer in LAYERS.items()),
        **BOUND,
    )


def seed_input(width: Any = 125) -> None:
    """Chooses the seed of all samples."""
    seed = TABLE["seed"]
    st.number_input(
        "Seed",
        seed.low,
        seed.high,
        seed.default,
        key="seed",
        width=width,
        **bound_integer("seed"),
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
    settings = {"width": 230} | settings
    return st.selectbox(
        label,
        options,
        options.index(default),
        key=key,
        help=_meanings([name for name in options if name != "none"]),
        **settings,
        **BOUND,
    )


def _meanings(names: Sequence[str]) -> str:
    """What each model is called on the page; its name is that of addresses and files."""
    said = []
    for name in names:
        with contextlib.suppress(InputError):  # the stage says what is wrong
            said.append(f"**{name}**: {called(trained(name))}")
    return "; ".join(said)
