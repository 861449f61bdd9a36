"""Explore's stage: what its two lanes show of one picture, as the browser gets it."""

import base64
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import streamlit as st

from ...experiments.answer import Lane, answer, sigma_text
from ...experiments.averages import averages_of
from ...experiments.choices import Choices
from ...experiments.prediction import sigma_set_by
from ...experiments.view import View, shown_picture, view_of
from ...experiments.wording import (
    description,
    numbers,
    objective_sentence,
    picture_caption,
    picture_change,
    verdict,
)
from ...inference.loaded_model import LoadedModel
from ...models.naming import called, heading, spoken
from ..frontend import source
from .layers import layer_data

__all__ = ["TERMS", "lane_data", "mount_answer", "mount_stage", "stage_data"]

TERMS = ("loss_at_mean", "price", "kl", "negative_elbo")  # of the sum, in its order


@cache
def _answer() -> Callable[..., Any]:
    return st.components.v2.component(
        "vae_answer",
        html=source("answer.html"),
        css=source("symbols.css") + source("answer.css"),
        js=source("answer_mount.js"),
    )


@cache
def _component() -> Callable[..., Any]:
    return st.components.v2.component(
        "vae_stage",
        html=source("stage.html"),
        css=source("symbols.css") + source("stage.css"),
        js=source("stage_mount.js"),
    )


def mount_answer(data: dict[str, Any]) -> None:
    """Writes the answer in words; `data` of `stage_data`."""
    _answer()(data=data["answer"].encode(), key="answer")


def mount_stage(
    data: dict[str, Any], on_pick: Callable[[], None], on_noise: Callable[[], None]
) -> None:
    """Draws the stage.

    Args:
        data: of `stage_data`.
        on_pick: runs before the next script run when a visitor picks a point.
        on_noise: the same for the noise or a new ε.
    """
    # As bytes: Streamlit looks for data frames in a dict, and imports 70 MB of pandas to do so.
    _component()(
        data=json.dumps(data).encode(),
        key="stage",
        on_pick_change=on_pick,
        on_noise_change=on_noise,
    )


def stage_data(
    models: Sequence[tuple[str, LoadedModel]],
    choices: Choices,
    decoder: LoadedModel | None = None,
) -> dict[str, Any]:
    """What the stage draws, JSON only.

    Args:
        models: of the lanes from above, each with its key of `LANES`.
        choices: what is shown.
        decoder: of the picture, where `choices` name one for all lanes.
    """
    views = [view_of(model, shown_picture(model, choices, decoder), choices) for _, model in models]
    lanes = [Lane(model.metadata, view) for (_, model), view in zip(models, views, strict=True)]
    return {
        "version": repr(choices),
        "answer": answer(*lanes) if lanes else "",
        "scale": choices.scale,
        "seed": choices.seed,
        "k": choices.k,
        "lanes": [
            lane_data(key, model, view, choices, decoder)
            for (key, model), view in zip(models, views, strict=True)
        ],
    }


def lane_data(
    key: str,
    model: LoadedModel,
    view: View,
    choices: Choices,
    decoder: LoadedModel | None = None,
) -> dict[str, Any]:
    """What one lane draws of its view."""
    selection: dict[str, Any]
    kind = ""
    if choices.draw:
        selection = {"draw": choices.draw}
    elif choices.z is not None:
        selection = {"z": choices.z, "by": choices.by}
    else:
        kind, selection = model.test.class_of(choices.image), {"image": choices.image}
    return {
        "key": key,
        "model": model.fingerprint,
        "version": repr(choices),
        "heading": heading(model.metadata),
        "sentence": objective_sentence(model.metadata),
        "setBy": sigma_set_by(model.metadata),
        "sigma": sigma_text(view),
        "verdict": verdict(view, model.has_posterior, picture_change(model, view)),
        "description": description(called(model.metadata), view),
        "numbers": numbers(view),
        "sum": _sum(view),
        "average": _average(model),
        "x": base64.b64encode(np.round(255 * view.x).astype(np.uint8).tobytes()).decode(),
        "xCaption": picture_caption(choices, kind, spoken(decoder.metadata) if decoder else ""),
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


def _sum(view: View) -> list[dict[str, Any]]:
    """The terms of -ELBO and their total, which close in the digits shown."""
    rows = {row.key: row for row in view.rows()}
    return [{"key": key, "value": rows[key].shown, "error": rows[key].certainty} for key in TERMS]


def _average(model: LoadedModel) -> list[str]:
    """The same over the test images, in the order of `TERMS`; empty where there is none."""
    found = averages_of(model.metadata, len(model.test.images))
    return [found.row(key).shown for key in TERMS] if found else []
