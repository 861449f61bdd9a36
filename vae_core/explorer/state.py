"""The visitor's choices: bound to the URL by Streamlit, checked here, changed by callbacks."""

import math
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.runtime.scriptrunner import get_script_run_ctx

from .. import drawing
from ..errors import InputError
from .components import picked
from .models import data_key, images_beside, listed_models, load_model, partner
from .orders import sorted_images
from .own_models import TRAINED, own_models, usable_models

__all__ = [
    "DEFAULT_IMAGE",
    "DEFAULT_K",
    "MAX_K",
    "Choices",
    "chosen_model",
    "default_image",
    "default_model",
    "enter_page",
    "forget_drawing",
    "go_random",
    "go_step",
    "handle_pick",
    "keep_choices",
    "kept_drawing",
    "known_choices",
    "landing_choices",
    "parse_z",
    "read_choices",
    "resample",
    "restart_sequence",
    "session_id",
    "show_test_image",
    "take_digit",
]


PAGE = "page"  # of the session: the page that was shown last
KEPT = "kept"  # of the session: the choices as they were then
ARRIVED = "arrived"  # of the session: the choices that each page was entered with

MAX_K = 256
MAX_Z = 50.0

# A link leaves out what has its default value, so that changing one changes what links show.
DEFAULT_IMAGE = 1367  # a plain 3 that both networks decode as a 3 from its mean
DEFAULT_K = 16

KEYS = ("model", "versus", "image", "z", "draw", "k", "scale", "seed", "layer")


@dataclass(frozen=True)
class Choices:
    """What the visitor chose, checked."""

    model: str
    versus: str  # a model's name or "none"
    image: int
    z: tuple[float, float] | None  # replaces the image
    k: int
    scale: float
    seed: int
    layer: str
    draw: str = ""  # a packed drawing, which replaces both


def parse_z(text: object) -> tuple[float, float] | None:
    """The point that `"0.30,-1.20"` names, or None where the text names none."""
    if not isinstance(text, str):
        return None
    parts = text.split(",")
    if len(parts) != 2:
        return None
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        return None
    if not all(math.isfinite(value) and abs(value) <= MAX_Z for value in (x, y)):
        return None
    return x, y


def default_model() -> str:
    """The model of an address that names none."""
    return listed_models()[0]


def default_image(model: str) -> int:
    """The test image of an address that names none."""
    with suppress(InputError):  # the page says what is wrong
        return DEFAULT_IMAGE if images_beside(model).last >= DEFAULT_IMAGE else 0
    return DEFAULT_IMAGE


def _defaults(model: str) -> dict[str, Any]:
    """What an address means by the keys that it leaves out."""
    return {
        "model": default_model(),
        "versus": partner(model),
        "image": default_image(model),
        "z": "",
        "draw": "",
        "k": DEFAULT_K,
        "scale": 1.0,
        "seed": 0,
        "layer": "none",
    }


def chosen_model() -> str:
    """The model that the widget of this run is going to show; it need not have been drawn yet."""
    state, asked = st.session_state, st.query_params.get("model")
    context = get_script_run_ctx()
    moved = context is not None and context.is_history_navigation
    names = [asked, state.get("model")] if moved else [state.get("model"), asked]
    known = [*listed_models(), *usable_models()]
    return next((name for name in names if name in known), default_model())


def known_choices() -> Choices | None:
    """The choices as the last run and the callbacks left them; None before the first run."""
    return read_choices() if all(key in st.session_state for key in KEYS) else None


def landing_choices() -> Choices | None:
    """The choices of an address without a query, before any widget has been drawn."""
    if st.query_params or st.session_state.get(KEPT):
        return None
    defaults = _defaults(default_model())
    return Choices(**(defaults | {"z": None}))


def read_choices() -> Choices:
    """The choices of this run; its widgets must have been drawn."""
    state = st.session_state
    model, versus, image = state.model, state.versus, int(state.image)
    test = images_beside(model)
    draw = (state.get("sketch") or state.draw) if test.drawable else ""
    if versus != "none" and data_key(versus) != data_key(model):  # until its widget is drawn anew
        versus = partner(model)
    return Choices(
        model=model,
        versus=versus,
        image=image if image <= test.last else default_image(model),
        z=parse_z(state.z),
        k=int(state.k),
        scale=float(state.scale),
        seed=int(state.seed),
        layer=state.layer,
        draw=draw if drawing.unpack(draw) is not None else "",
    )


def session_id() -> str:
    """Tells this visitor's session from others."""
    context = get_script_run_ctx()
    return context.session_id if context is not None else ""


def enter_page(name: str) -> None:
    """Brings the choices along when the visitor comes from another page.

    The new page starts with an empty address, and Streamlit forgets what only the old one said.
    After Back and Forward the address counts; an empty one that was filled on arrival means what
    it was filled with. To be called before any widget is drawn.
    """
    state = st.session_state
    if state.get(PAGE) == name:
        return
    state[PAGE] = name
    arrived = state.setdefault(ARRIVED, {})
    context = get_script_run_ctx()
    if context is not None and context.is_history_navigation:
        if not st.query_params and name in arrived:
            for key, value in arrived[name].items():
                state[key] = value
        return
    kept = {key: v for key, v in state.get(KEPT, {}).items() if key not in st.query_params}
    for key, value in kept.items():
        state[key] = value
    defaults = _defaults(kept.get("model", default_model()))
    address = {key: str(v) for key, v in kept.items() if v != defaults[key]}
    if own := own_models():
        address[TRAINED] = ",".join(own)
    if address and not st.query_params:
        arrived[name] = kept
    st.query_params.update(address)  # at once: each change is a step that Back goes through


def keep_choices() -> None:
    """Remembers the choices, for the page that may come next; to be called after all widgets."""
    state = st.session_state
    state[KEPT] = state.get(KEPT, {}) | {key: state[key] for key in KEYS if key in state}


def kept_drawing() -> str:
    """The packed drawing that another page has shown, or nothing."""
    kept = st.session_state.get(KEPT, {}).get("draw") or st.query_params.get("draw", "")
    return kept if drawing.unpack(kept) is not None else ""


# --- callbacks -----------------------------------------------------------------------------------


def handle_pick(key: str) -> None:
    """Takes over the test image, the point or the drawing that was picked in a panel."""
    choice = picked(key)
    if not isinstance(choice, dict):
        return
    image, z, draw = choice.get("image"), choice.get("z"), choice.get("draw")
    if type(image) is int and 0 <= image <= images_beside(st.session_state.model).last:
        _go_to(image)
    elif isinstance(z, list) and all(type(value) in (int, float) for value in z):
        # First the size: an integer from a browser may lie beyond every float.
        text = ",".join(f"{value:.5g}" if abs(value) <= MAX_Z else "" for value in z)
        if parse_z(text):
            show_test_image()
            st.session_state.z = text
    elif isinstance(draw, str) and drawing.unpack(draw) is not None:
        st.session_state.draw = draw


def take_digit(image: NDArray[np.uint8], done: bool = True) -> None:
    """Shows a drawn picture; without any ink the test image again.

    Args:
        image: `(28, 28)`.
        done: whether the pen is up. Only then the address changes, one step for each stroke.
    """
    state = st.session_state
    text = drawing.pack(image) if image.any() else ""
    if not done:  # `sketch` stands before `draw`, and is no part of the address
        state.sketch = text
        return
    show_test_image()
    state.draw = text


def forget_drawing() -> None:
    """A point that was typed replaces the drawing."""
    st.session_state.draw = st.session_state.sketch = ""


def show_test_image() -> None:
    """A new choice of image replaces the point and the drawing."""
    state = st.session_state
    state.z = state.draw = state.sketch = ""


def resample() -> None:
    st.session_state.seed = (int(st.session_state.seed) + 1) % (2**31)


def go_random() -> None:
    _go_to(int(random.choice(_sequence())))


def go_step(step: int) -> None:
    """Goes along the chosen order by `step` images, around its ends."""
    sequence = _sequence()
    place = np.flatnonzero(sequence == int(st.session_state.image))
    _go_to(int(sequence[(int(place[0]) + step) % len(sequence) if len(place) else 0]))


def restart_sequence() -> None:
    """Goes to the first image of a newly chosen class or order."""
    _go_to(int(_sequence()[0]))


def _go_to(image: int) -> None:
    st.session_state.image = image
    show_test_image()


def _sequence() -> NDArray[np.intp]:
    """Test images of the chosen class in the chosen order."""
    test = images_beside(st.session_state.model)
    order = st.session_state.order
    indices: NDArray[np.intp] = np.arange(len(test.images))
    if order != "index":
        with suppress(InputError):  # the panel of a damaged model says so
            indices = sorted_images(order, load_model(st.session_state.model))
    digit = st.session_state.get("digit", "any")
    if digit in test.class_names:
        indices = indices[test.labels[indices] == test.class_names.index(digit)]
    return indices
