"""Explore: two trained models side by side for one image."""

import base64
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ...errors import InputError
from ...experiments.choices import Choices
from ...experiments.quantity import KINDS, LEAST_SAMPLES
from ...experiments.view import shown_picture, view_of
from ...experiments.wording import (
    description,
    introduction,
    numbers,
    objective_sentence,
    picture_caption,
    picture_change,
    verdict,
)
from ...inference.loaded_model import LoadedModel
from ..parts import view_buttons
from ..parts.components import mount_code, mount_model_data, mount_panel
from ..parts.layers import layer_data
from ..parts.problems import show_problem
from ..parts.style import COMMON
from ..server.computing import compute_for
from ..server.library import brought_problem, images_beside, load_model, warm_up
from ..visitor.controls import image_controls, model_select, sample_controls, versus_select
from ..visitor.own_digit import is_open, own_digit, toggle
from ..visitor.session import (
    chosen_model,
    enter_page,
    handle_pick,
    keep_choices,
    known_choices,
    landing_choices,
    read_choices,
)

__all__ = ["show"]

STYLE = """
<style>
.stMainBlockContainer > .stVerticalBlock { gap: .5rem; }
.stColumn > .stVerticalBlock { gap: .25rem; }
[data-testid=stLayoutWrapper]:has(> .st-key-browser-side) {
    position: absolute; height: 0; overflow: hidden;
}
</style>
"""

TITLE = "Why does a VAE decode a random sample, and not the mean?"
PANELS = ("model", "versus")
# Seconds between the panels and the controls. What reaches the browser within 10 ms of each other
# is laid out together: the panels of a click would wait for the controls, 80 ms became 110.
HEAD_START = 0.03
INTRODUCED = "introduced"  # of the session: the models that the page outside the fragment shows


def show() -> None:
    """Draws the page."""
    enter_page("explore")
    st.html(COMMON + STYLE)
    st.title(TITLE, anchor=False)
    introduced = st.container()
    browser_side = st.container(key="browser-side")
    with browser_side:
        mount_code()  # first: the browser has work to do with it while the server loads
    if problem := brought_problem():
        show_problem(problem)
    try:
        images_beside(chosen_model())
    except InputError as error:
        show_problem(error)
        return
    known = known_choices() or landing_choices()
    if known:
        st.session_state[INTRODUCED] = _models_of(known)
        _hand_over(browser_side, _models_of(known))
    _explorer()
    choices = read_choices()
    st.session_state[INTRODUCED] = _models_of(choices)
    if not known:
        _hand_over(browser_side, _models_of(choices))
    with introduced, contextlib.suppress(InputError):  # the panels say what is wrong
        models = [load_model(name) for name in _models_of(choices)]
        st.markdown(introduction([model.metadata for model in models]))
    _legend()


def _hand_over(place: DeltaGenerator, names: Sequence[str]) -> None:
    """Gives the browser the models that the panels wait for; a click changes none of them."""
    for name in names:
        warm_up(name)
    with place:
        for name in dict.fromkeys(names):  # the same twice: one copy
            with contextlib.suppress(InputError):  # the panel says what is wrong
                mount_model_data(load_model(name))


@st.fragment
def _explorer() -> None:
    """The controls and the panels: all that a click changes, run alone for most of them."""
    known = known_choices() or landing_choices()
    if known is None:
        _first_run()
    else:
        if _models_of(known) != st.session_state[INTRODUCED]:
            st.rerun()  # the rest of the page names the models and hands them to the browser
        _later_run(known)
    keep_choices()


def _first_run() -> None:
    """The widgets have to be asked what the address says before anything can be drawn."""
    place = _layout()
    choices = _widgets(place)
    _panels(choices, place.columns)
    view_buttons.mount(TITLE, choices)


def _later_run(known: Choices) -> None:
    """What a click changes goes out before the controls, which the visitor sees already."""
    place = _layout()
    _panels(known, place.columns)
    time.sleep(HEAD_START)
    choices = _widgets(place)
    if choices != known:  # the address changed under the widgets: Back, Forward
        st.rerun()
    view_buttons.mount(TITLE, choices)


@dataclass(frozen=True)
class _Layout:
    """Places on the page, in its order."""

    controls: DeltaGenerator
    pad: DeltaGenerator | None
    columns: list[DeltaGenerator]
    headings: list[DeltaGenerator]


def _layout() -> _Layout:
    controls, pad = st.container(), None
    if is_open() and images_beside(chosen_model()).drawable:
        pad, *columns = st.columns([2, 5, 5], gap="medium")
    else:
        columns = [*st.columns(2, gap="medium")]
    return _Layout(controls, pad, columns, [column.container() for column in columns])


def _widgets(place: _Layout) -> Choices:
    """Draws all that can be chosen; returns what is."""
    with place.controls:
        _controls()
    for heading, key in zip(place.headings, PANELS, strict=True):
        with heading:
            _heading(key)
    choices = read_choices()
    if place.pad is not None:
        with place.pad:
            own_digit(choices)
    return choices


def _models_of(choices: Choices) -> list[str]:
    """Names of the models on screen."""
    return [name for name in (choices.model, choices.versus) if name != "none"]


def _panels(choices: Choices, columns: Sequence[DeltaGenerator]) -> None:
    for column, key, name in zip(columns, PANELS, (choices.model, choices.versus), strict=True):
        if name != "none":
            with column:
                _panel(key, name, choices)


def _controls() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        image_controls()
        if images_beside(chosen_model()).drawable:
            toggle()
        sample_controls()


def _heading(key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if key == "model":
            name = model_select(label_visibility="collapsed")
        else:
            name = versus_select(st.session_state.model, label_visibility="collapsed")
        if name == "none":
            return
        with contextlib.suppress(InputError):  # the panel says what is wrong
            st.markdown(objective_sentence(load_model(name).metadata))


def _panel(key: str, name: str, choices: Choices) -> None:
    try:
        model = load_model(name)
    except InputError as error:
        show_problem(error)
        return
    panel = f"panel-{key}"
    mount_panel(panel, _cached(model, choices), partial(handle_pick, panel))


@st.cache_data(
    max_entries=128, show_spinner=False, hash_funcs={LoadedModel: lambda model: model.fingerprint}
)
def _cached(model: LoadedModel, choices: Choices) -> dict[str, Any]:
    """`panel_data`, shared by all who look at the same thing."""
    return compute_for("panels", panel_data, model, choices)


def panel_data(model: LoadedModel, choices: Choices) -> dict[str, Any]:
    """What the panel draws, JSON only."""
    x = shown_picture(model, choices)
    selection: dict[str, Any]
    kind = ""
    if choices.draw:
        selection = {"draw": choices.draw}
    elif choices.z is not None:
        selection = {"z": choices.z}
    else:
        kind, selection = model.test.class_of(choices.image), {"image": choices.image}
    view = view_of(model, x, choices)
    return {
        "model": model.fingerprint,
        "version": repr(choices),
        "verdict": verdict(view, model.has_posterior, picture_change(model, view)),
        "description": description(model.name, view),
        "numbers": numbers(view),
        "x": base64.b64encode(np.round(255 * x).astype(np.uint8).tobytes()).decode(),
        "xCaption": picture_caption(choices, kind),
        "losses": view.losses.tolist(),
        "scene": {
            "mean": view.mean.tolist(),
            "stddev": view.stddev.tolist(),
            "scale": view.scale,
            "samples": view.z.tolist(),
            "picked": selection.get("z"),
            "selection": selection,
            "tiles": choices.layer == "tiles",
            "layer": layer_data(choices.layer, model, view),
        },
    }


def _legend() -> None:
    st.subheader("Reading the picture", anchor=False)
    st.markdown(
        "**Plane.** Each dot is the mean of q for one test image, coloured by class. Dashed: 1, 2 "
        "and 3 stddev of the prior. The open cross is the mean of the chosen image's q, the "
        "ellipses its 1 and 2 stddev, to scale; the small dots are the K samples. Move the pointer "
        "to decode, click a dot to choose that image or an empty place to choose that z; wheel, "
        "drag and double-click zoom, pan and reset; arrow keys and Enter do the same."
    )
    st.markdown(
        "\n".join(
            f"- **{kind.name}.** {kind.sentence}" for kind in KINDS.values() if not kind.beside
        )
        + "\n\nAll numbers are in nats. After an average over samples, ± is one standard error "
        f"(none below {LEAST_SAMPLES} samples); after an integral, *within* is a bound of its "
        "error, *exact* a bound below half a unit of the last digit. Sums close in the digits "
        "shown: the loss at the mean takes what rounding leaves, at most .01."
    )
