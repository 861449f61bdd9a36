"""Explore: two trained models on one stage, for one image."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ...errors import InputError
from ...experiments.choices import LANES, Choices
from ...experiments.quantity import KINDS, LEAST_SAMPLES
from ...experiments.wording import introduction
from ...inference.loaded_model import LoadedModel
from ..parts import view_buttons
from ..parts.components import mount_code, mount_epsilon, mount_model_data
from ..parts.problems import show_problem
from ..parts.stage import mount_answer, mount_stage, stage_data
from ..server.computing import compute_for
from ..server.library import brought_problem, images_beside, load_model, warm_up
from ..visitor.controls import image_controls, more_controls
from ..visitor.own_digit import is_open, own_digit, toggle
from ..visitor.session import (
    chosen_model,
    enter_page,
    handle_noise,
    handle_pick,
    keep_choices,
    known_choices,
    landing_choices,
    read_choices,
)
from ..visitor.tour import draw_tour, symbol_of, tour_button

__all__ = ["show"]

TITLE = "Why does a VAE decode a random sample, and not the mean?"
STAGE = "stage"
# Seconds between the stage and the controls. What reaches the browser within 10 ms of each other
# is laid out together: the stage of a click would wait for the controls, 80 ms became 110.
HEAD_START = 0.03
INTRODUCED = "introduced"  # of the session: the models that the page outside the fragment shows


def show() -> None:
    """Draws the page."""
    enter_page("explore")
    st.title(TITLE, anchor=False)
    browser_side = st.container(key="browser-side")
    with browser_side:
        mount_code()  # first: the browser has work to do with it while the server loads
        mount_epsilon()
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
    _reading(choices)


def _hand_over(place: DeltaGenerator, names: Sequence[str]) -> None:
    """Gives the browser the models that the stage waits for; a click changes none of them."""
    for name in names:
        warm_up(name)
    with place:
        for name in dict.fromkeys(names):  # the same twice: one copy
            with contextlib.suppress(InputError):  # the stage says what is wrong
                mount_model_data(load_model(name))


@st.fragment
def _explorer() -> None:
    """The controls and the stage: all that a click changes, run alone for most of them."""
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
    _stage(choices, place)
    view_buttons.mount(TITLE, choices)


def _later_run(known: Choices) -> None:
    """What a click changes goes out before the controls, which the visitor sees already."""
    place = _layout()
    _stage(known, place)
    time.sleep(HEAD_START)
    choices = _widgets(place)
    if choices != known:  # the address changed under the widgets: Back, Forward
        st.rerun()
    view_buttons.mount(TITLE, choices)


@dataclass(frozen=True)
class _Layout:
    """Places on the page, in its order."""

    answer: DeltaGenerator
    tour: DeltaGenerator
    controls: DeltaGenerator
    pad: DeltaGenerator | None
    stage: DeltaGenerator


def _layout() -> _Layout:
    answer, tour = st.container(key="answer-box"), st.container()
    controls = st.container(
        horizontal=True, vertical_alignment="center", gap="small", key="explore-controls"
    )
    controls.empty()  # Streamlit draws no container without content: its place would come later
    if is_open() and images_beside(chosen_model()).drawable:
        pad, stage = st.columns([2, 10], gap="medium")
        return _Layout(answer, tour, controls, pad, stage)
    return _Layout(answer, tour, controls, None, st.container(key="stage-box"))


def _widgets(place: _Layout) -> Choices:
    """Draws all that can be chosen; returns what is."""
    with place.controls:
        image_controls()
        if images_beside(chosen_model()).drawable:
            toggle()
        with st.popover("More", key="more"):
            more_controls()
        tour_button()
    choices = read_choices()
    if place.pad is not None:
        with place.pad:
            own_digit(choices)
    return choices


def _models_of(choices: Choices) -> list[str]:
    """Names of the models on screen."""
    return [name for name in (choices.model, choices.versus) if name != "none"]


def _stage(choices: Choices, place: _Layout) -> None:
    models: list[tuple[str, LoadedModel]] = []
    for key, name in zip(LANES, (choices.model, choices.versus), strict=True):
        if name == "none":
            continue
        try:
            models.append((key, load_model(name)))
        except InputError as error:
            with place.stage:
                show_problem(error)
    if not models:
        return
    decoder = next((one for _, one in models if one.name == choices.decoded_by()), None)
    data = _cached(models, choices, decoder)
    with place.answer:
        mount_answer(data)
    with place.tour:
        draw_tour(choices, data)
    data = {**data, "pointed": symbol_of(choices)}
    with place.stage:
        mount_stage(data, partial(handle_pick, STAGE), partial(handle_noise, STAGE))


@st.cache_data(
    max_entries=128, show_spinner=False, hash_funcs={LoadedModel: lambda model: model.fingerprint}
)
def _cached(
    models: list[tuple[str, LoadedModel]], choices: Choices, decoder: LoadedModel | None
) -> dict[str, Any]:
    """`stage_data`, shared by all who look at the same thing."""
    return compute_for("views", stage_data, models, choices, decoder)


def _reading(choices: Choices) -> None:
    """How to read the stage, for who asks."""
    with st.expander("Reading the picture", key="reading"):
        with contextlib.suppress(InputError):  # the stage says what is wrong
            models = [load_model(name) for name in _models_of(choices)]
            st.markdown(introduction([model.metadata for model in models]))
        st.markdown(
            "**Plane.** Each dot is the mean of q for one test image, coloured by class. Dashed: "
            "1, 2 and 3 stddev of the prior. The open cross is the mean of the chosen image's q, "
            "the ellipses its 1 and 2 stddev, to scale; the small dots are the K samples. Move "
            "the pointer to decode, click a dot to choose that image or an empty place to choose "
            "that z; wheel, drag and double-click zoom, pan and reset; arrow keys and Enter do "
            "the same."
        )
        st.markdown(
            "**See-saw.** Along it q is made wider and narrower by one factor; the axis is "
            "√(tr Σ/2). The price of σ rises, the KL falls until 1; training on samples weighs "
            "their sum, training on means the KL alone."
        )
        st.markdown(
            "\n".join(
                f"- **{kind.name}.** {kind.sentence}" for kind in KINDS.values() if not kind.beside
            )
            + "\n\nAll numbers are in nats: one nat is a factor of e ≈ 2.72 in probability. After "
            f"an average over samples, ± is one standard error (none below {LEAST_SAMPLES} "
            "samples); after an integral, *within* is a bound of its error, *exact* a bound below "
            "half a unit of the last digit. Sums close in the digits shown: the loss at the mean "
            "takes what rounding leaves, at most .01."
        )
