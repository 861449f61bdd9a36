"""Claim 3: decoding the mean optimises something else."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ... import latent
from ...latent import Field
from ..figures import add_line, draw, ellipse, figure, heat_map, link_axes, symbols, table
from ..models import LoadedModel
from ..view import View, compute_view
from ..wording import nats
from .subject import Subject, cached

__all__ = ["COMPARED", "compare", "gap_fields", "show", "verdict"]

Array = NDArray[np.floating]

COMPARED = ("sample", "quadrature", "mean")
FAR = 5.0  # times as far off as what training anew with other noise changes for one image
LEAST = 10.0  # nats: less is no difference for one image


def compare(*models: LoadedModel, x: Array) -> tuple[View, ...]:
    """What each model makes of the image."""
    return tuple(compute_view(model, x, 1, 1.0, 0) for model in models)


def verdict(sample: View, quadrature: View, mean: View) -> str:
    """Which of the three objectives trained the same model, from the table."""
    expectation = quadrature.negative_elbo - sample.negative_elbo
    other = mean.negative_elbo - sample.negative_elbo
    evidence = mean.negative_log_evidence - sample.negative_log_evidence
    figures = (
        f"Against `sample`, the bound of `quadrature` differs by {_signed(expectation)} nats, "
        f"that of `mean` by {_signed(other)}, and the evidence of `mean` by {_signed(evidence)}."
    )
    if other > LEAST and other > FAR * abs(expectation) and other > FAR * abs(evidence):
        return (
            f"{figures} **The expectation matters, not the noise: without noise much the same "
            "bound, without the expectation one far above nearly the same evidence.**"
        )
    return f"{figures} **Not here:** for this image the objectives do not part as they usually do."


def _signed(value: float) -> str:
    return nats(value) if value < 0 or np.isnan(value) else f"+{nats(value)}"


@st.cache_data(max_entries=16, show_spinner=False)
def gap_fields(_model: LoadedModel, fingerprint: str, stddev: float) -> tuple[Field, Field]:
    """Jensen gap over the plane, and its prediction; `fingerprint` is there for the cache."""
    half = max(4.0, 1.06 * float(np.quantile(np.abs(_model.mean), 0.99)))
    extent = (-half, half, -half, half)
    network = _model.network
    side = 40
    return (
        latent.jensen_gap(network, stddev, extent, side),
        latent.jensen_prediction(network, stddev, extent, side),
    )


def show(subject: Subject) -> None:
    """Draws the experiment."""
    models = [subject.other(name) for name in COMPARED]
    views = cached(compare, *models, x=subject.x)
    st.markdown(verdict(*views))
    numbers, plane = st.columns([3, 2])
    with numbers:
        table(
            ["nats", *(f"`{name}`" for name in COMPARED)],
            [
                ["loss at the mean", *(nats(view.loss_at_mean) for view in views)],
                ["expected loss", *(nats(float(view.expected_loss.value[0])) for view in views)],
                ["KL", *(nats(view.kl) for view in views)],
                ["−ELBO", *(nats(view.negative_elbo) for view in views)],
                ["−log p(x)", *(nats(view.negative_log_evidence) for view in views)],
                ["σ of q, both directions", *(_pair(view.stddev) for view in views)],
            ],
        )
    with plane:
        _plane(views)
    st.markdown("**What sampling costs at each place of the plane**")
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
    gap, prediction = gap_fields(model, model.fingerprint, stddev)
    largest = float(max(gap.values.max(), np.quantile(prediction.values, 0.98)))
    for column, field, title, key in zip(
        st.columns(2),
        (gap, prediction),
        (f"Jensen gap of {model.name}", "½ tr(HΣ), its second-order prediction"),
        ("figure-gap", "figure-prediction"),
        strict=True,
    ):
        with column:
            draw(
                heat_map(field, "nats", title, largest),
                f"{title} over the plane at σ = {stddev:.2f}: median "
                f"{np.median(field.values):.2f} nats, largest {field.values.max():.2f}.",
                key,
            )
    st.caption(
        f"Median over the plane {np.median(gap.values):.2f} nats, predicted "
        f"{np.median(prediction.values):.2f}."
    )


def _pair(stddev: Array) -> str:
    return ", ".join(f"{value:.3f}" for value in stddev)


def _plane(views: tuple[View, ...]) -> None:
    colours = symbols()
    target = figure("z₁", "z₂")
    for name, view, colour in zip(
        COMPARED, views, (colours["sample"], colours["x"], colours["mean"]), strict=True
    ):
        outline = ellipse(view.mean, np.diag(view.stddev**2), 2.0)
        add_line(target, outline[:, 0], outline[:, 1], name, colour)
    circle = ellipse(np.zeros(2), np.eye(2), 2.0)
    add_line(target, circle[:, 0], circle[:, 1], "prior", colours["prior"], "dash")
    link_axes(target, np.zeros(2), 3.2)
    stddevs = (f"{name} {_pair(view.stddev)}" for name, view in zip(COMPARED, views, strict=True))
    draw(
        target,
        f"Ellipses of the three q's at 2 stddev over the prior's: {'; '.join(stddevs)}.",
        "figure-q",
    )
    st.caption("q at 2σ. Each model has a plane of its own; only the sizes compare.")
