"""Claim 3: decoding the mean optimises something else."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from ...arrays import Array
from ...experiments.claim_3_mean_objective import (
    COMPARED,
    compare,
    field_sentence,
    price_fields,
    trained_as,
    verdict,
)
from ...experiments.phrases import bounded, remainder, significant
from ...experiments.quantity import nats
from ...experiments.subject import Subject
from ...experiments.view import View
from ..parts.figures import (
    add_line,
    draw,
    ellipse,
    figure,
    heat_map,
    link_axes,
    symbols,
    table,
)
from .caching import cached
from .claim import Claim

__all__ = ["CLAIM"]


def show(subject: Subject) -> None:
    """Draws the experiment."""
    models = [subject.other(name) for name in COMPARED]
    views = cached(compare, *models, x=subject.x)
    trained = trained_as(*models)
    sample, quadrature, mean = views
    st.markdown(verdict(sample, quadrature, mean, trained))
    numbers, plane = st.columns([3, 2])
    with numbers:
        table(
            ["nats", *(f"`{name}`" for name in trained.names)],
            [
                ["loss at the mean", *(view.row("loss_at_mean").shown for view in views)],
                ["expected loss", *(_loss(view) for view in views)],
                ["KL", *(nats(view.kl) for view in views)],
                [
                    "−ELBO",
                    *(
                        bounded(view.negative_elbo, float(view.expected_loss.error[0]))
                        for view in views
                    ),
                ],
                [
                    "−log p(x)",
                    *(
                        bounded(view.negative_log_evidence, float(view.evidence.error[0]))
                        for view in views
                    ),
                ],
                ["σ of q, both directions", *(_pair(view.stddev) for view in views)],
            ],
        )
    with plane:
        _plane(views, trained.names)
    st.markdown("**The price of σ at each place of the plane, for the picture decoded there**")
    stddev = st.slider(
        "σ of q, in both directions",
        0.02,
        1.0,
        0.1,
        0.02,
        key="sigma",
        bind="query-params",
        width=300,
    )
    model = subject.model
    price, prediction = price_fields(model, stddev)
    largest = float(max(price.values.max(), np.quantile(prediction.values, 0.98)))
    for column, field, title, key in zip(
        st.columns(2),
        (price, prediction),
        (f"Price of σ under {model.name}", f"½ tr(HΣ) under {model.name}: second order"),
        ("figure-price", "figure-prediction"),
        strict=True,
    ):
        with column:
            draw(
                heat_map(field, "nats", title, largest),
                f"{title} over the plane at σ = {stddev:.2f}: median "
                f"{significant(float(np.median(field.values)))} nats, largest "
                f"{significant(float(field.values.max()))}.",
                key,
            )
    st.caption(field_sentence(price, prediction, model.name, stddev))


def _loss(view: View) -> str:
    """The expected loss, as what −ELBO and KL leave for it in the digits shown."""
    error = float(view.expected_loss.error[0])
    if not np.isfinite(view.kl):
        return bounded(float(view.expected_loss.value[0]), error)
    return bounded(remainder(view.negative_elbo, view.kl), error)


def _pair(stddev: Array) -> str:
    return ", ".join(f"{value:.3f}" for value in stddev)


def _plane(views: tuple[View, ...], names: Sequence[str]) -> None:
    colours = symbols()
    target = figure("z₁", "z₂")
    for name, view, colour in zip(
        names, views, (colours["sample"], colours["x"], colours["mean"]), strict=True
    ):
        outline = ellipse(view.mean, np.diag(view.stddev**2), 2.0)
        add_line(target, outline[:, 0], outline[:, 1], name, colour)
    circle = ellipse(np.zeros(2), np.eye(2), 2.0)
    add_line(target, circle[:, 0], circle[:, 1], "prior", colours["prior"], "dash")
    link_axes(target, np.zeros(2), 3.2)
    stddevs = (f"{name} {_pair(view.stddev)}" for name, view in zip(names, views, strict=True))
    draw(
        target,
        f"Ellipses of the three q's at 2 stddev over the prior's: {'; '.join(stddevs)}.",
        "figure-q",
    )
    st.caption("q at 2σ. Each model has a plane of its own; only the sizes compare.")


CLAIM = Claim(3, "3 The mean", show, COMPARED)
