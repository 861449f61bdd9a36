"""Claim 8: what training on means loses, and what not."""

import numpy as np
import streamlit as st

from ...arrays import Array
from ...experiments.claim_3_mean_objective import Trained, compare, trained_as
from ...experiments.claim_8_trained_on_means import (
    COMPARED,
    Shrunk,
    below,
    longer_sentence,
    rule,
    shrunk,
    shrunk_sentence,
    trained_number,
    verdict,
)
from ...experiments.phrases import bounded
from ...experiments.quantity import nats
from ...experiments.subject import Subject
from ...experiments.view import View, draw_epsilon
from ...inference.loaded_model import LoadedModel
from ...models.naming import called, heading
from ..parts.equations import Step
from ..parts.figures import add_line, draw, figure, label, log_axis, symbols
from ..parts.planes import show_pictures
from ..parts.symbol_links import say
from ..parts.verdicts import show_here, show_rule, table
from .caching import cached, of_model
from .claim import Claim

__all__ = ["CLAIM"]

DRAWS = 32
EQUATION = (
    Step(
        "loss(μ) & + ½ ∑ ( μ^2 + σ^2 − 1 − ln σ^2 )",
        "What training on means minimises: σ stands in the KL alone, and goes to 1.",
    ),
    Step(
        "= & loss(μ) & + ½ |μ|^2",
        "Then: an autoencoder with a penalty on its codes (compare Ghosh et al., 2020, "
        "arXiv 1903.12436).",
    ),
    Step(
        "μ → a μ , & W_1 → [ W_1 // a ] : & loss(μ) + ½ a^2 |μ|^2",
        "Codes times a, the decoder's first kernel divided by a: the same loss, a smaller penalty.",
    ),
    Step(
        "{price:price of σ}(μ, σ)",
        "What is missing: with it the sum would be −ELBO, and bound −log p(x).",
    ),
)


def show(subject: Subject) -> None:
    """Draws the experiment."""
    models = [subject.other(name) for name in COMPARED]
    views = cached(compare, *models, x=subject.x)
    trained = trained_as(*models)
    ruled = rule(trained, of_model(below, models[1]))
    left, right = st.columns(2, gap="large")
    with left:
        _numbers(models, views, trained)
    with right:
        first, second = trained.names
        show_here(verdict(views[0], views[1], (first, second), ruled.usual))
        show_rule(ruled.sentence)
        say(longer_sentence())
    st.markdown(f"**Lost: what q means. {DRAWS} samples of it for this image, decoded**")
    epsilon = draw_epsilon(subject.seed, DRAWS)
    with st.container(key="samples"):
        for column, model, view in zip(st.columns(2, gap="large"), models, views, strict=True):
            with column:
                z = view.mean + view.stddev * epsilon
                spread = ", ".join(f"{value:.2f}" for value in view.stddev)
                show_pictures(model.network, z, 16, f"{heading(model.metadata)}: σ = {spread}")
    st.markdown("**Not lost, but not ensured: the objective has no minimum**")
    left, right = st.columns(2, gap="large")
    moved = of_model(shrunk, models[1])
    with left:
        _shrunk(moved)
    with right:
        say(shrunk_sentence(moved))
        say(
            "Calling μ “a q that is a point” is something else: a point has an infinite KL, which "
            "would have to be dropped. Here σ is kept in the KL and unused in the loss, so that it "
            "drifts to 1, and the KL that remains is the penalty on the codes."
        )


def _numbers(models: list[LoadedModel], views: tuple[View, ...], trained: Trained) -> None:
    here: list[tuple[str, list[str]]] = [
        (
            "what was trained",
            [
                bounded(views[0].negative_elbo, float(views[0].expected_loss.error[0])),
                nats(trained_number(views[1])),
            ],
        ),
        (
            "−log p(x) of the decoder",
            [bounded(view.negative_log_evidence, float(view.evidence.error[0])) for view in views],
        ),
        (
            "−ELBO of its q",
            [bounded(view.negative_elbo, float(view.expected_loss.error[0])) for view in views],
        ),
        ("price of σ", [view.row("price").shown for view in views]),
        ("loss at μ", [view.row("loss_at_mean").shown for view in views]),
    ]
    tests = trained.tests
    means = {
        "what was trained": [
            tests[0].get("negative_elbo"),
            _sum(tests[1].get("reconstruction_loss_at_mean"), tests[1].get("kl")),
        ],
        "−log p(x) of the decoder": [test.get("negative_log_evidence") for test in tests],
        "−ELBO of its q": [test.get("negative_elbo") for test in tests],
        "price of σ": [test.get("jensen_gap") for test in tests],
        "loss at μ": [test.get("reconstruction_loss_at_mean") for test in tests],
    }
    names = [called(model.metadata) for model in models]
    st.markdown(f"**This image, and the average of {trained.images:,} test images / nats**")
    header = ["", *names, *(f"{name}, average" for name in names)]
    table(
        header,
        [
            [name, *cells, *("–" if v is None else nats(float(v)) for v in means[name])]
            for name, cells in here
        ],
    )


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _shrunk(moved: Shrunk) -> None:
    colours = symbols()
    target = figure("factor a on the codes", "nats, averaged over test images")
    log_axis(target, float(moved.factor.min()), 1.0)
    factor: Array = np.geomspace(float(moved.factor.min()), 1.0, 60)
    change = np.interp(
        np.log(factor), np.log(moved.factor[::-1]), (moved.loss - moved.loss[0])[::-1]
    )
    add_line(
        target, factor, change, "change of the loss at the mean", colours["mean"], symbol="mean"
    )
    # ½ a² |μ|² and what σ leaves: two of the numbers give the curve, the dots are measured.
    first, last = moved.factor[0] ** 2, moved.factor[-1] ** 2
    slope = (moved.penalty[0] - moved.penalty[-1]) / (first - last)
    name = "KL: the penalty on the codes"
    curve = moved.penalty[0] + slope * (factor**2 - first)
    add_line(target, factor, curve, name, colours["kl"], symbol="kl")
    add_line(target, moved.factor, moved.penalty, name, colours["kl"], symbol="kl", mode="markers")
    label(
        target,
        float(moved.factor[1]),
        float(moved.penalty[1]),
        "KL: the penalty on the codes",
        colours["kl"],
        "kl",
        xanchor="right",
        yanchor="bottom",
        shift=(-6, 4),
    )
    label(
        target,
        float(moved.factor[-2]),
        0.0,
        "change of the loss at μ: none",
        colours["mean"],
        "mean",
        yanchor="bottom",
        shift=(0, 6),
    )
    draw(
        target,
        f"The loss at the mean stays within {moved.drift:.1g} nats while the KL falls from "
        f"{moved.penalty[0]:.2f} to {moved.penalty[-1]:.2g} as codes are scaled down to "
        f"{moved.factor[-1]:g}.",
        "figure-shrunk",
    )


CLAIM = Claim(
    8, "8 Trained on means", show, COMPARED, EQUATION, follows_model=False, follows_seed=True
)
