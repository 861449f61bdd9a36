"""The argument: seven claims, each with an experiment on the visitor's image and model."""

import streamlit as st

from ...errors import InputError
from ...experiments.phrases import listed
from ...experiments.subject import Subject, subject_of
from ...inference.loaded_model import LoadedModel
from ..claims import all_claims
from ..claims.claim import Claim
from ..parts.links import Link
from ..parts.problems import show_problem
from ..parts.texts import claim, questions
from ..server.library import NoCounterpart, counterpart, images_beside, load_model
from ..visitor.controls import image_controls, model_select, seed_input
from ..visitor.session import chosen_model, enter_page, keep_choices, read_subject_choices

__all__ = ["QUESTIONS", "labels", "show"]

STYLE = """
<style>
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

QUESTIONS = "questions"
FIRST = "1"


def labels() -> dict[str, str]:
    """What can be opened, by its name in the address, with the label of its tab."""
    return {key: one.label for key, one in all_claims().items()} | {QUESTIONS: "Questions"}


def show(link: Link) -> None:
    """Draws the page; only the claim that is open computes anything.

    Args:
        link: draws a link to a page.
    """
    enter_page("argument")
    st.html(STYLE)
    st.title("The argument, claim by claim", anchor=False)
    try:
        images_beside(chosen_model())
    except InputError as error:
        show_problem(error)
        return
    opened = _opened()
    if opened == QUESTIONS:
        _questions(link)
        return
    _controls()
    text = claim(int(opened))
    st.subheader(text.title, anchor=False)
    st.markdown(text.body)
    try:
        subject = _subject(load_model(st.session_state.model))
        shown = all_claims()[opened]
        under = listed([f"`{name}`" for name in _models_of(shown, subject)])
        st.caption(f"Experiment on {subject.caption}, under {under}. Losses are in nats.")
        shown.show(subject)
    except NoCounterpart as error:
        st.info(str(error))
    except InputError as error:
        show_problem(error)
    keep_choices()


def _models_of(shown: Claim, subject: Subject) -> tuple[str, ...]:
    """Names of the models whose numbers a claim shows; of the chosen one if it lacks another."""
    try:
        return shown.shown_models(subject)
    except InputError:  # the claim says what is missing
        return (subject.model.name,)


def _subject(model: LoadedModel) -> Subject:
    def other(name: str) -> LoadedModel:
        found = counterpart(name, model)
        return model if found == model.name else load_model(found)

    return subject_of(model, read_subject_choices(model.test), other)


def _opened() -> str:
    """The claim that the address names. Bound, the address would hold the label, not the number."""
    asked = st.query_params.get("claim", FIRST)
    tabs = labels()
    st.session_state.claim = asked if asked in tabs else FIRST
    chosen = st.segmented_control(
        "Claim",
        list(tabs),
        required=True,
        format_func=lambda key: tabs[key],
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
        seed_input()


def _questions(link: Link) -> None:
    try:
        found = questions()
    except InputError as error:
        show_problem(error)
        return
    for one in found:
        with st.expander(one.question):
            st.markdown(one.answer)
            seen = "Explore" if one.page == "explore" else f"claim {one.query['claim']}"
            link(one.page, f"See it: {seen}", one.query)
