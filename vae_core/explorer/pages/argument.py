"""The argument: seven claims, each with an experiment on the visitor's image and model."""

from collections.abc import Callable

import streamlit as st

from ...errors import InputError
from ..claims import (
    delta,
    expectation,
    families_of_q,
    mean_objective,
    one_sample,
    prior,
    recipe,
)
from ..claims.subject import Subject, subject_of
from ..controls import bound_integer, image_controls, model_select
from ..models import NoCounterpart, images_beside, load_model
from ..navigation import link
from ..state import chosen_model, enter_page, keep_choices, parse_z
from ..style import COMMON
from ..texts import claim, questions

__all__ = ["CLAIMS", "QUESTIONS", "show"]

STYLE = """
<style>
.stAppHeader { height: 2.75rem; min-height: 2.75rem; }
.stMainBlockContainer { padding: 2.6rem 1.5rem 2rem; max-width: 1180px; }
.stMainBlockContainer h1 { font-size: 1.6rem; line-height: 1.25; padding: 0 0 .3rem; }
.stMainBlockContainer h3 { font-size: 1.3rem; padding: .4rem 0 0; }
.stImage img { image-rendering: pixelated; }
.stMarkdown table {
    display: block; overflow-x: auto; width: auto; max-width: 100%;
    font-variant-numeric: tabular-nums; font-size: .9rem;
}
.stMarkdown :is(td, th) { padding: .2rem .7rem !important; }
@media (max-width: 640px) { .stMarkdown :is(td, th) { padding: .2rem .3rem !important; } }
</style>
"""

CLAIMS: dict[str, Callable[[Subject], None]] = {
    "1": expectation.show,
    "2": one_sample.show,
    "3": mean_objective.show,
    "4": delta.show,
    "5": families_of_q.show,
    "6": prior.show,
    "7": recipe.show,
}
QUESTIONS = "questions"
FIRST = "1"
LABELS = {
    "1": "1 Why sample",
    "2": "2 One is enough",
    "3": "3 The mean",
    "4": "4 A point",
    "5": "5 Other q",
    "6": "6 Generating",
    "7": "7 The blog",
    QUESTIONS: "Questions",
}


def show() -> None:
    """Draws the page; only the claim that is open computes anything."""
    enter_page("argument")
    st.html(COMMON + STYLE)
    st.title("The argument, claim by claim", anchor=False)
    try:
        images_beside(chosen_model())
    except InputError as error:
        st.error(str(error))
        return
    opened = _opened()
    if opened == QUESTIONS:
        _questions()
        return
    _controls()
    state = st.session_state
    text = claim(int(opened))
    st.subheader(text.title, anchor=False)
    st.markdown(text.body)
    try:
        model = load_model(state.model)
        draw = state.draw if model.test.drawable else ""
        subject = subject_of(model, int(state.image), parse_z(state.z), int(state.seed), draw)
        st.caption(f"Experiment on {subject.caption}, under `{model.name}`. Numbers are in nats.")
        CLAIMS[opened](subject)
    except NoCounterpart as error:
        st.info(str(error))
    except InputError as error:
        st.error(str(error))
    keep_choices()


def _opened() -> str:
    """The claim that the address names. Bound, the address would hold the label, not the number."""
    asked = st.query_params.get("claim", FIRST)
    st.session_state.claim = asked if asked in LABELS else FIRST
    chosen = st.segmented_control(
        "Claim",
        list(LABELS),
        required=True,
        format_func=lambda key: LABELS[key],
        key="claim",
        on_change=_open,
        label_visibility="collapsed",
    )
    return chosen or FIRST


def _open() -> None:
    st.query_params["claim"] = st.session_state.claim


def _controls() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        image_controls()
        model_select()
        st.number_input("Seed", 0, 2**31 - 1, 0, key="seed", width=125, **bound_integer("seed"))


def _questions() -> None:
    try:
        found = questions()
    except InputError as error:
        st.error(str(error))
        return
    for one in found:
        with st.expander(one.question):
            st.markdown(one.answer)
            seen = "Explore" if one.page == "explore" else f"claim {one.query['claim']}"
            link(one.page, f"See it: {seen}", one.query)
