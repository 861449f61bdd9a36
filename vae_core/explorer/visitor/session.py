"""The visitor's choices in the session: bound to the URL by Streamlit, changed by callbacks."""

import random
from contextlib import suppress
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ...errors import InputError
from ...experiments import choices
from ...experiments.choices import (
    DEFAULT_IMAGE,
    MAX_SEED,
    MAX_Z,
    TABLE,
    Choices,
    parse_by,
    parse_draw,
    parse_z,
)
from ...experiments.orders import sorted_images
from ...models import drawn_digit
from ...models.test_images import TestImages
from ..server.library import data_key, images_beside, listed_models, load_model, partner
from .own_models import TRAINED, own_models, usable_models

__all__ = [
    "chosen_model",
    "default_image",
    "default_model",
    "enter_page",
    "forget_drawing",
    "go_random",
    "go_step",
    "go_to",
    "handle_noise",
    "handle_pick",
    "is_present",
    "keep_choices",
    "kept_drawing",
    "known_choices",
    "landing_choices",
    "read_choices",
    "read_subject_choices",
    "resample",
    "restart_sequence",
    "session_id",
    "show_test_image",
    "take_digit",
]


PAGE = "page"  # of the session: the page that was shown last
KEPT = "kept"  # of the session: the choices as they were then
ARRIVED = "arrived"  # of the session: the choices that each page was entered with


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
    return choices.defaults(
        model=default_model(), versus=partner(model), image=default_image(model)
    )


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
    return read_choices() if all(key in st.session_state for key in TABLE) else None


def landing_choices() -> Choices | None:
    """The choices of an address without a query, before any widget has been drawn."""
    if st.query_params or st.session_state.get(KEPT):
        return None
    return choices.read(_defaults(default_model()))


def read_choices() -> Choices:
    """The choices of this run; its widgets must have been drawn."""
    state = st.session_state
    values = {key: state[key] for key in TABLE}
    model, versus = state.model, state.versus
    test = images_beside(model)
    values["draw"] = (state.get("sketch") or state.draw) if test.drawable else ""
    if versus != "none" and data_key(versus) != data_key(model):  # until its widget is drawn anew
        values["versus"] = partner(model)
    if int(state.image) > test.last:
        values["image"] = default_image(model)
    return choices.read(values)


def read_subject_choices(test: TestImages) -> Choices:
    """The choices of a page that has no widgets for samples and for a second model."""
    state = st.session_state
    draw = state.draw if test.drawable else ""
    return Choices(
        model=state.model,
        image=int(state.image),
        z=parse_z(state.z),
        seed=int(state.seed),
        draw=parse_draw(draw),
    )


def session_id() -> str:
    """Tells this visitor's session from others."""
    context = get_script_run_ctx()
    return context.session_id if context is not None else ""


def is_present(session: str) -> bool:
    """Whether a session, by its id, has a browser."""
    return not runtime.exists() or runtime.get_instance().is_active_session(session)


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
    state[KEPT] = state.get(KEPT, {}) | {key: state[key] for key in TABLE if key in state}


def kept_drawing() -> str:
    """The packed drawing that another page has shown, or nothing."""
    kept = st.session_state.get(KEPT, {}).get("draw") or st.query_params.get("draw", "")
    return parse_draw(kept)


# --- callbacks -----------------------------------------------------------------------------------


def handle_noise(key: str) -> None:
    """Takes over the noise and the seed of ε that were chosen on the stage."""
    choice = getattr(st.session_state.get(key), "noise", None)  # as it came from the browser
    if not isinstance(choice, dict):
        return
    for name, kind in (("scale", float), ("seed", int)):
        value, limits = choice.get(name), TABLE[name]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            low, high = limits.low, limits.high
            if low is not None and high is not None and low <= value <= high:
                setattr(st.session_state, name, kind(value))


def handle_pick(key: str) -> None:
    """Takes over the test image, the point or the drawing that was picked on the stage."""
    choice = getattr(st.session_state.get(key), "pick", None)  # as it came from the browser
    if not isinstance(choice, dict):
        return
    image, z, draw = choice.get("image"), choice.get("z"), choice.get("draw")
    if type(image) is int and 0 <= image <= images_beside(st.session_state.model).last:
        go_to(image)
    elif isinstance(z, list) and all(type(value) in (int, float) for value in z):
        # First the size: an integer from a browser may lie beyond every float.
        text = ",".join(f"{value:.5g}" if abs(value) <= MAX_Z else "" for value in z)
        if parse_z(text):
            show_test_image()
            st.session_state.z = text
            st.session_state.by = parse_by(choice.get("by"))
    elif parse_draw(draw):
        st.session_state.draw = draw


def take_digit(image: NDArray[np.uint8], done: bool = True) -> None:
    """Shows a drawn picture; without any ink the test image again.

    Args:
        image: `(28, 28)`.
        done: whether the pen is up. Only then the address changes, one step for each stroke.
    """
    state = st.session_state
    text = drawn_digit.pack(image) if image.any() else ""
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
    state.z = state.by = state.draw = state.sketch = ""


def go_random() -> None:
    go_to(int(random.choice(_sequence())))


def go_step(step: int) -> None:
    """Goes along the chosen order by `step` images, around its ends."""
    sequence = _sequence()
    place = np.flatnonzero(sequence == int(st.session_state.image))
    go_to(int(sequence[(int(place[0]) + step) % len(sequence) if len(place) else 0]))


def restart_sequence() -> None:
    """Goes to the first image of a newly chosen class or order."""
    go_to(int(_sequence()[0]))


def resample() -> None:
    st.session_state.seed = (int(st.session_state.seed) + 1) % (MAX_SEED + 1)


def go_to(image: int) -> None:
    """Shows a test image."""
    st.session_state.image = image
    show_test_image()


def _sequence() -> NDArray[np.intp]:
    """Test images of the chosen class in the chosen order."""
    test = images_beside(st.session_state.model)
    order = st.session_state.order
    indices: NDArray[np.intp] = np.arange(len(test.images))
    if order != "index":
        with suppress(InputError):  # the stage says what is wrong
            model = load_model(st.session_state.model)
            with st.spinner("Sorting the test images …"):
                indices = sorted_images(order, model)
    digit = st.session_state.get("digit", "any")
    if digit in test.class_names:
        indices = indices[test.labels[indices] == test.class_names.index(digit)]
    return indices
