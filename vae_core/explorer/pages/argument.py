"""The argument: questions and claims, each with an experiment on the visitor's image and model."""

from collections.abc import Callable

import streamlit as st

from ...errors import InputError
from ...experiments.phrases import listed
from ...experiments.subject import Subject, subject_of
from ...inference.loaded_model import LoadedModel
from ...models.naming import called
from ..claims import all_claims
from ..claims.claim import Claim
from ..parts.equations import equation_html
from ..parts.links import Link
from ..parts.problems import show_problem
from ..parts.symbol_links import mount_symbol_links, say
from ..parts.texts import claim, questions
from ..server.library import NoCounterpart, counterpart, images_beside, load_model
from ..visitor.controls import image_controls, model_select, seed_input
from ..visitor.session import (
    chosen_model,
    default_model,
    enter_page,
    keep_choices,
    read_subject_choices,
)

__all__ = ["QUESTIONS", "labels", "show"]

QUESTIONS = "questions"
FIRST = QUESTIONS
OPEN = 2  # questions whose answers everybody came for: the first ones


def labels() -> dict[str, str]:
    """What can be opened, by its name in the address, with the label of its tab."""
    return {QUESTIONS: "Questions"} | {key: one.label for key, one in all_claims().items()}


def show(link: Link) -> None:
    """Draws the page; only the claim that is open computes anything.

    Args:
        link: draws a link to a page.
    """
    enter_page("argument")
    with st.container(key="argument"):
        st.title("The argument, claim by claim", anchor=False)
        try:
            images_beside(chosen_model())
        except InputError as error:
            show_problem(error)
            return
        opened = _opened()
        mount_symbol_links()
        if opened == QUESTIONS:
            _questions(link)
            _controls(None)
        else:
            _claim(opened, all_claims()[opened])
        keep_choices()


def _claim(opened: str, one: Claim) -> None:
    text = claim(int(opened))
    with st.container(key="statement"):
        st.subheader(text.title, anchor=False)
        words, equation = st.columns(2, gap="large")
        with words:
            say(text.body)
        with equation:
            st.markdown(equation_html(one.equation), unsafe_allow_html=True)
    _controls(one)
    try:
        subject = _subject(load_model(st.session_state.model))
        under = listed([f"**{name}**" for name in _models_of(one, subject)])
        st.caption(f"Experiment on {subject.caption}, under: {under}. Losses are in nats.")
        with st.container(key=f"experiment-{opened}"):
            one.show(subject)
    except NoCounterpart as error:
        st.info(str(error))
    except InputError as error:
        show_problem(error)


def _models_of(shown: Claim, subject: Subject) -> tuple[str, ...]:
    """What the models are called whose numbers a claim shows; the chosen one if it lacks one."""
    try:
        return shown.shown_models(subject)
    except InputError:  # the claim says what is missing
        return (called(subject.model.metadata),)


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


def _controls(one: Claim | None) -> None:
    """The controls that act on what is shown; the others keep what the address says.

    Args:
        one: the claim that is open; None for the questions, on which none acts.
    """
    if one is None:
        shown = (False, False, False)
    else:  # a model of other images, or one that decodes the picture, always acts
        other = images_beside(chosen_model()) is not images_beside(default_model())
        decodes = bool(st.session_state.get("z") or st.query_params.get("z"))
        shown = (True, one.follows_model or other or decodes, one.follows_seed)
    draws: tuple[Callable[[], object], ...] = (image_controls, model_select, seed_input)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
        for acts, draw in zip(shown, draws, strict=True):
            if acts:
                draw()
    with st.container(key="idle"):
        for acts, draw in zip(shown, draws, strict=True):
            if not acts:
                draw()


def _questions(link: Link) -> None:
    try:
        found = questions()
    except InputError as error:
        show_problem(error)
        return
    with st.container(key="questions"):
        for i, one in enumerate(found):
            with st.expander(one.question, expanded=i < OPEN):
                say(one.answer)
                seen = "Explore" if one.page == "explore" else f"claim {one.query['claim']}"
                link(one.page, f"See it: {seen}", one.query)
