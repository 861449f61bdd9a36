"""The tour of Explore: five sentences, each about one view with one symbol lit up."""

import contextlib
from collections.abc import Mapping
from typing import Any

import streamlit as st

from ...errors import InputError
from ...experiments.choices import Choices, defaults
from ..parts.texts import Step, tour
from ..server.library import partner
from .session import default_image, default_model

__all__ = ["draw_tour", "step_of", "symbol_of", "tour_button"]

KEY = "tour"  # of the address


def _steps() -> tuple[Step, ...]:
    """The steps; none where their text is missing, which keeps nobody from the page."""
    with contextlib.suppress(InputError):
        return tour()
    return ()


def step_of() -> int:
    """The step that the address names, from 1 on; 0 for none."""
    text = st.query_params.get(KEY, "")
    return int(text) if text in map(str, range(1, len(_steps()) + 1)) else 0


def symbol_of(choices: Choices) -> str:
    """The symbol that is lit up; empty where the view is not that of the step."""
    step = step_of()
    return _steps()[step - 1].symbol if step and choices == _view() else ""


def tour_button() -> None:
    """Starts the tour."""
    if _steps():
        st.button("Tour", key="tour-start", on_click=_go, args=(1,), help="Five steps, a minute.")


def draw_tour(choices: Choices, stage: Mapping[str, Any]) -> None:
    """Draws the step that the address names, if any.

    Args:
        choices: what is shown; the sentences are about the landing view alone.
        stage: of `stage_data`, for the numbers in the sentence.
    """
    step, steps = step_of(), _steps()
    if not step:
        return
    here = choices == _view()
    text = "The tour is about another view."
    if here:
        text = steps[step - 1].sentence.format(**_numbers(stage))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=KEY):
        st.markdown(f"**{step} of {len(steps)}.** {text}")
        if here and step > 1:
            st.button("Back", key="tour-back", on_click=_go, args=(step - 1,))
        if here and step < len(steps):
            st.button("Next step", key="tour-next", on_click=_go, args=(step + 1,))
        if not here:
            st.button("Return to it", key="tour-return", on_click=_go, args=(step,))
        st.button("End", key="tour-end", on_click=_end)


def _view() -> Choices:
    """The landing view."""
    model = default_model()
    values = defaults(model=model, versus=partner(model), image=default_image(model))
    return Choices(**values | {"z": None})


def _numbers(stage: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for prefix, lane in zip(("", "other_"), stage["lanes"], strict=False):
        terms = {term["key"]: term["value"] for term in lane["sum"]}
        found[f"{prefix}loss"], found[f"{prefix}price"] = terms["loss_at_mean"], terms["price"]
        found[f"{prefix}sigma"] = lane["sigma"]
    return found


def _go(step: int) -> None:
    """Shows a step with its view."""
    state, view = st.session_state, _view()
    for key in ("model", "versus", "image", "k", "scale", "seed", "layer"):
        state[key] = getattr(view, key)
    state.z = state.by = state.draw = state.sketch = ""
    st.query_params[KEY] = str(step)


def _end() -> None:
    st.query_params.pop(KEY, None)
