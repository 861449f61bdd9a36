"""The row of buttons that carry the current view away: link, picture, numbers, script."""

import contextlib
import json
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import streamlit as st

from ...errors import InputError
from ...experiments.choices import Choices
from ...experiments.view import compute_view
from ...experiments.view_files import SCRIPT_FILE, view_csv, view_script
from ...experiments.wording import objective_sentence
from ...inference.loaded_model import LoadedModel
from ...models.naming import heading
from ..frontend import source
from ..server.library import load_model

__all__ = ["mount"]


@cache
def _component() -> Callable[..., Any]:
    return st.components.v2.component(
        "vae_carry",
        html=source("carry.html"),
        css=source("carry.css"),
        js=source("carry.js"),
    )


def mount(title: str, choices: Choices) -> None:
    """Draws the row; to be called where every change of the choices runs it again.

    Link and picture are made in the browser, from the stage as it is on the page; the
    numbers and the script when they are asked for.

    Args:
        title: of the picture.
        choices: what the stage shows.
    """
    models: list[LoadedModel] = []
    for name in dict.fromkeys((choices.model, choices.versus)):
        with contextlib.suppress(InputError):  # the stage says what is wrong
            models += [load_model(name)] if name != "none" else []
    if not models:
        return
    headings = {
        model.fingerprint: {
            "name": heading(model.metadata),
            "sentence": objective_sentence(model.metadata),
        }
        for model in models
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="carry"):
        # As bytes: see `mount_stage`.
        texts = json.dumps({"title": title, "headings": headings}).encode()
        _component()(data=texts, key="carry-browser", width="content")
        st.download_button(
            "CSV",
            partial(_csv, models, choices),
            "vae-view.csv",
            "text/csv",
            key="carry-csv",
            on_click="ignore",
            help="The numbers in full, and every sample with its loss.",
        )
        st.download_button(
            "Python",
            partial(view_script, [model.name for model in models], choices),
            SCRIPT_FILE,
            "text/x-python",
            key="carry-python",
            on_click="ignore",
            help="A script that computes these numbers again from `vae_core` alone.",
        )


def _csv(models: Sequence[LoadedModel], choices: Choices) -> str:
    """Runs when the button is pressed, outside of any session."""
    decoder = next((model for model in models if model.name == choices.decoded_by()), None)
    views = [(model.name, compute_view(model, choices, decoder)) for model in models]
    return view_csv(views, choices)
