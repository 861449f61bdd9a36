"""The settings of a run as the visitor chooses them: stories to start from, and the widgets."""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ...models.naming import heading
from ...models.objectives import OBJECTIVES
from ...models.recorded_run import RECORDED, SHORT
from ...models.settings import SCHEDULES, ModelConfig, TrainingConfig
from ..server.limits import Limits
from .controls import BOUND, bound_integer

__all__ = ["BESIDE", "DEFAULT", "STORIES", "Story", "choose_settings", "settings"]

DEFAULT = SHORT
BESIDE = "beside"  # in the address: the recorded run that is shown beside
ASKED = "beside_asked"  # of the session: what the address said of it

# What can be decoded, by its label.
DECODED = {
    label: replace(DEFAULT, objective=name, samples=samples)
    for name, objective in OBJECTIVES.items()
    for label, samples in objective.settings.items()
}
MANY = "L samples"
WIDTHS = (16, 32, 64, 128, 256, 512, 1024)
BATCHES = (32, 50, 100, 128, 200, 256, 500, 512)

Asked = tuple[TrainingConfig, str, DeltaGenerator, DeltaGenerator]


@dataclass(frozen=True)
class Story:
    """Settings worth a run, and what to watch while it goes on."""

    config: TrainingConfig
    watch: str


STORIES = {
    "The VAE": Story(
        DEFAULT,
        "Decodes one random sample per image and step. Watch the ellipses: σ shrinks until the "
        "price of σ is about one nat; from then on the price stays near that.",
    ),
    "Decode the mean": Story(
        replace(DEFAULT, objective="mean"),
        "The same network and the same KL, but the mean is decoded. No loss sees σ: the KL alone "
        "sets it to 1, and the price of σ, which is not trained, rises to hundreds of nats.",
    ),
    "No KL": Story(
        replace(DEFAULT, objective="autoencoder"),
        "A plain autoencoder: nothing keeps the codes near the prior, and they spread far beyond "
        "it. Where would you draw z from?",
    ),
    "No randomness": Story(
        replace(DEFAULT, objective="quadrature"),
        "The expectation over q by quadrature: nine fixed points instead of a sample. If the noise "
        "mattered, σ would go to 1 as where the mean is decoded; watch where it goes.",
    ),
    "β = 392: collapse": Story(
        replace(DEFAULT, beta=392.0),
        "The blog of 2016 averaged its loss over the 784 pixels and its KL over the 2 dimensions, "
        "which weighs the KL 392 times. Every q becomes nearly the prior, every digit nearly the "
        "same blur.",
    ),
    "The blog's recipe": Story(
        replace(DEFAULT, objective="blog"),
        "As the blog prints it: noise of stddev 0.1 eˢ, while the KL reads the same s as ln σ². "
        "What it trains is −ELBO of neither reading, so its loss does not compare.",
    ),
}
DEFAULTS: dict[str, Any] = {
    "objective": "one sample",
    "draws": 10,
    "beta": 1.0,
    "width": 64,
    "depth": 1,
    "batch": DEFAULT.batch_size,
    "epochs": DEFAULT.epochs,
    "rate": DEFAULT.learning_rate,
    "schedule": DEFAULT.schedule,
    "start": DEFAULT.seed,
}


def _as_widgets(config: TrainingConfig) -> dict[str, Any]:
    """The values of the widgets that give a configuration."""
    objective = next(
        name
        for name, one in DECODED.items()
        if one.objective == config.objective and (one.samples > 1) == (config.samples > 1)
    )
    return {
        "objective": objective,
        "draws": config.samples if config.samples > 1 else DEFAULTS["draws"],
        "beta": config.beta,
        "width": config.model.hidden[0],
        "depth": len(config.model.hidden),
        "batch": config.batch_size,
        "epochs": config.epochs,
        "rate": config.learning_rate,
        "schedule": config.schedule,
        "start": config.seed,
    }


def _tell_story() -> None:
    """Sets the widgets to what the chosen story needs, but for the seed."""
    story = STORIES.get(st.session_state.story)
    if story:
        for name, value in _as_widgets(story.config).items():
            if name != "start":
                st.session_state[name] = value
        _follow(story.config.objective)


def choose_settings(config: TrainingConfig) -> None:
    """Sets the widgets to the settings of a run, unless the address says others."""
    if not any(key in st.query_params for key in DEFAULTS):
        for name, value in _as_widgets(config).items():
            st.session_state[name] = value
        _follow(config.objective)


def _follow(objective: str) -> None:
    """Puts the recorded run beside that an address means which names none."""
    st.session_state[BESIDE], st.session_state[ASKED] = _opposite(objective), None
    st.query_params.pop(BESIDE, None)


def _choose_objective() -> None:
    if st.session_state.get(ASKED) is None:
        _follow(DECODED[st.session_state.objective].objective)


def _choose_beside() -> None:
    st.query_params[BESIDE] = st.session_state[ASKED] = st.session_state[BESIDE]


def _read_beside(objective: str) -> None:
    """Takes the recorded run from the address when it is another one than before."""
    state, asked = st.session_state, st.query_params.get(BESIDE)
    asked = asked if asked in RECORDED else None
    if BESIDE not in state or asked != state.get(ASKED):
        state[BESIDE], state[ASKED] = asked or _opposite(objective), asked


def _opposite(objective: str) -> str:
    """The recorded run that teaches most beside one of an objective."""
    return "sample" if objective == "mean" else "mean"


def settings(limits: Limits) -> Asked:
    """Draws the widgets; returns the settings, the recorded run beside, and two places.

    The first place stands in the row of what matters first, the other among what is folded.

    Args:
        limits: of this server.
    """
    with st.container(key="stories"):
        shown = st.container()
        story_text = st.container(key="watch")
    config, beside, go, more = _widgets(limits)
    # The story that the settings tell, whoever chose them.
    told = next(
        (name for name, one in STORIES.items() if replace(config, seed=DEFAULT.seed) == one.config),
        None,
    )
    st.session_state.story = told
    with shown:
        st.pills(
            "Start from a story",
            list(STORIES),
            key="story",
            on_change=_tell_story,
            label_visibility="collapsed",
        )
    story_text.markdown(
        STORIES[told].watch if told else "Your own settings: no story tells how this ends."
    )
    return config, beside, go, more


def _widgets(limits: Limits) -> Asked:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="first"):
        objective = st.selectbox(
            "What is decoded",
            list(DECODED),
            key="objective",
            on_change=_choose_objective,
            width=170,
            help="The objective of training: what is decoded for each image, and with which KL.",
            **BOUND,
        )
        draws = 1
        if objective == MANY:
            draws = st.number_input(
                "Samples L",
                2,
                max(2, limits.samples),
                min(DEFAULTS["draws"], max(2, limits.samples)),
                key="draws",
                width=110,
                **bound_integer("draws"),
            )
        beta = st.number_input(
            "β, weight of the KL",
            0.0,
            1e4,
            DEFAULTS["beta"],
            0.5,
            "%g",
            key="beta",
            width=150,
            disabled=not DECODED[objective].trained_for.has_kl,
            **BOUND,
        )
        _read_beside(DECODED[objective].objective)
        beside = st.selectbox(
            "Beside it, recorded",
            list(RECORDED),
            key=BESIDE,
            width=190,
            format_func=_named,
            on_change=_choose_beside,
            help="A run that was recorded with the settings of the page, for comparison.",
        )
        go = st.container(key="go", width="content")
    more = st.expander("More settings, the command, a model's zip", key="more")
    with more, st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        epochs = st.number_input(
            "Epochs",
            1,
            limits.epochs,
            min(DEFAULTS["epochs"], limits.epochs),
            key="epochs",
            width=110,
            **bound_integer("epochs"),
        )
        start = st.number_input(
            "Seed of the run",
            0,
            2**31 - 1,
            DEFAULTS["start"],
            key="start",
            width=130,
            help="Of the initial weights, the order of the images and every draw of ε.",
            **bound_integer("start"),
        )
        widths = [width for width in WIDTHS if width <= limits.units] or [limits.units]
        width = st.selectbox(
            "Hidden units",
            widths,
            widths.index(64) if 64 in widths else len(widths) - 1,
            key="width",
            width=120,
            **BOUND,
        )
        depth = st.selectbox(
            "Hidden layers",
            list(range(1, limits.layers + 1)),
            key="depth",
            width=120,
            help="Of the encoder, and as many of the decoder.",
            **BOUND,
        )
        batch = st.selectbox(
            "Batch size",
            BATCHES,
            BATCHES.index(DEFAULTS["batch"]),
            key="batch",
            width=120,
            **BOUND,
        )
        rate = st.number_input(
            "Learning rate",
            1e-6,
            1e4,
            DEFAULTS["rate"],
            0.001,
            "%g",
            key="rate",
            width=140,
            help="Of Adam, at the first step.",
            **BOUND,
        )
        schedule = st.selectbox(
            "Schedule",
            SCHEDULES,
            SCHEDULES.index(DEFAULTS["schedule"]),
            key="schedule",
            width=130,
            help="Cosine: from the learning rate to zero over the whole run.",
            **BOUND,
        )
    chosen = DECODED[objective]
    config = replace(
        chosen,
        samples=int(draws) if objective == MANY else 1,
        beta=float(beta) if chosen.trained_for.has_kl else 1.0,
        epochs=int(epochs),
        batch_size=int(batch),
        learning_rate=float(rate),
        schedule=schedule,
        seed=int(start),
        model=ModelConfig(hidden=(int(width),) * int(depth)),
    )
    return config, beside, go, more


def _named(name: str) -> str:
    return heading(RECORDED[name])
