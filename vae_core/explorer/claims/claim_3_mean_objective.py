"""Claim 3: decoding the mean optimises something else."""

import numpy as np
import streamlit as st

from ...arrays import Array
from ...experiments.claim_3_mean_objective import (
    COMPARED,
    Trained,
    compare,
    field_sentence,
    price_fields,
    rule,
    trained_as,
    verdict,
)
from ...experiments.phrases import bounded, remainder, significant
from ...experiments.quantity import nats
from ...experiments.subject import Subject
from ...experiments.view import View
from ...inference.loaded_model import LoadedModel
from ...models.naming import called, spoken
from ..parts.equations import Step
from ..parts.figures import draw, label, symbols
from ..parts.planes import Outline, heat_map, outlines
from ..parts.symbol_links import say
from ..parts.verdicts import show_here, show_rule, table
from .caching import cached
from .claim import Claim

__all__ = ["CLAIM"]

SCALE = (0.01, 1000.0)  # nats: the same colours whatever σ is
TICKS = (0.01, 0.1, 1, 10, 100, 1000)
EQUATION = (
    Step(
        "E_ε ( loss(μ + σ ε) ) & + KL(μ, σ)",
        "Samples, and quadrature: the average over q, by one ε or by nine nodes with weights.",
    ),
    Step(
        "= & loss(μ) & + {price:price of σ} & + KL(μ, σ)",
        "The price of σ is what the average costs beyond the loss at the mean: "
        "to second order ½ tr(HΣ), with H the curvature of the loss.",
    ),
    Step(
        "loss(μ) & + KL(μ, σ)",
        "The mean: the price is gone, and σ is left in the KL alone, which is least at σ = 1.",
    ),
)


def show(subject: Subject) -> None:
    """Draws the experiment."""
    models = [subject.other(name) for name in COMPARED]
    views = cached(compare, *models, x=subject.x)
    trained = trained_as(*models)
    sample, quadrature, mean = views
    ruled = rule(trained)
    left, right = st.columns([6, 5], gap="large")
    with left:
        _plane(models, views)
    with right:
        show_here(verdict(sample, quadrature, mean, trained, ruled.usual))
        show_rule(ruled.sentence)
    _numbers(models, views, trained)
    _maps(subject.model)


def _numbers(models: list[LoadedModel], views: tuple[View, ...], trained: Trained) -> None:
    keys = {
        "loss at μ": "reconstruction_loss_at_mean",
        "expected loss": "reconstruction_loss",
        "KL": "kl",
        "−ELBO": "negative_elbo",
        "−log p(x)": "negative_log_evidence",
        "σ, both directions": "median_stddev",
    }
    here = {
        "loss at μ": [view.row("loss_at_mean").shown for view in views],
        "expected loss": [_loss(view) for view in views],
        "KL": [nats(view.kl) for view in views],
        "−ELBO": [
            bounded(view.negative_elbo, float(view.expected_loss.error[0])) for view in views
        ],
        "−log p(x)": [
            bounded(view.negative_log_evidence, float(view.evidence.error[0])) for view in views
        ],
        "σ, both directions": [_pair(view.stddev) for view in views],
    }
    names = [called(model.metadata) for model in models]
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**This image / nats**")
        table(["", *names], [[name, *cells] for name, cells in here.items()])
    with right:
        st.markdown(f"**Average of {trained.images:,} test images / nats**")
        rows = []
        for name, key in keys.items():
            cells = [_average(test.get(key), key) for test in trained.tests]
            rows.append(["σ, median" if key == "median_stddev" else name, *cells])
        table(["", *names], rows)


def _average(value: float | None, key: str) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if key == "median_stddev" else nats(float(value))


def _loss(view: View) -> str:
    """The expected loss, as what −ELBO and KL leave for it in the digits shown."""
    error = float(view.expected_loss.error[0])
    if not np.isfinite(view.kl):
        return bounded(float(view.expected_loss.value[0]), error)
    return bounded(remainder(view.negative_elbo, view.kl), error)


def _pair(stddev: Array) -> str:
    return ", ".join(f"{value:.3f}" for value in stddev)


def _plane(models: list[LoadedModel], views: tuple[View, ...]) -> None:
    colours = symbols()
    looks = ((colours["first"], "solid"), (colours["first"], "dot"), (colours["second"], "solid"))
    shown = [
        Outline(called(model.metadata), view.mean, view.stddev, colour, dash=dash)
        for model, view, (colour, dash) in zip(models, views, looks, strict=True)
    ]
    half = 3.3
    small = [one for one in shown if float(one.stddev.max()) < 0.2]
    alt = (
        "Ellipses of the three q's at 2 stddev over the prior's, the narrow ones magnified: "
        + "; ".join(f"{one.name} {_pair(one.stddev)}" for one in shown)
        + "."
    )
    with st.container(horizontal=True, gap="xsmall", key="planes"):
        for i, (target, width) in enumerate(outlines(shown, half, small)):
            named = small if i else [one for one in shown if one not in small]
            top = target.layout.yaxis.range[1]
            for j, one in enumerate(named):
                dash = "┄" if one.dash == "dot" else "━"
                label(
                    target,
                    -top,
                    top * (0.97 - 0.14 * j),
                    f"{dash} {one.name}",
                    one.colour,
                    yanchor="top",
                    shift=(4, 0),
                )
            draw(target, alt, f"figure-q{i or ''}", width)
    st.caption("q of this image at 2σ. Each network has a plane of its own: only sizes compare.")


def _maps(model: LoadedModel) -> None:
    st.markdown("**The price of σ at each place of the plane, for the picture decoded there**")
    stddev = st.slider(
        "σ of q, in both directions",
        0.02,
        1.0,
        0.1,
        0.02,
        key="sigma",
        bind="query-params",
        width=340,
    )
    price, prediction = price_fields(model, stddev)
    name = spoken(model.metadata)
    with st.container(horizontal=True, gap="small", key="maps"):
        for field, title, key in (
            (price, "Price of σ", "figure-price"),
            (prediction, "½ tr(HΣ): to second order", "figure-prediction"),
        ):
            target, width = heat_map(
                field, title, "nats", SCALE, TICKS, logarithmic=True, bar=field is prediction
            )
            draw(
                target,
                f"{title} over the plane of {name} at σ = {stddev:.2f}: median "
                f"{significant(float(np.median(field.values)))} nats, largest "
                f"{significant(float(field.values.max()))}.",
                key,
                width,
            )
    say(field_sentence(price, prediction, name, stddev))


CLAIM = Claim(3, "3 The mean", show, COMPARED, EQUATION)
