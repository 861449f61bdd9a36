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
BACKGROUND = slice(0, 10_000, 8)  # test images that a figure shows as a backdrop
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
    for column, model, view in zip(st.columns(3), models, views, strict=True):
        with column:
            _plane(model, view)
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


def _plane(model: LoadedModel, view: View) -> None:
    colours = symbols()
    target = figure("z₁", "z₂", height=280)
    target.add_scatter(
        x=model.mean[BACKGROUND, 0].astype(np.float32),
        y=model.mean[BACKGROUND, 1].astype(np.float32),
        mode="markers",
        marker={"size": 2, "color": colours["quiet"]},
        hoverinfo="skip",
        showlegend=False,
    )
    outline = ellipse(view.mean, np.diag(view.stddev**2), 2.0)
    add_line(target, outline[:, 0], outline[:, 1], "q, 2σ", colours["mean"])
    circle = ellipse(np.zeros(2), np.eye(2), 2.0)
    add_line(target, circle[:, 0], circle[:, 1], "prior, 2σ", colours["prior"], "dash")
    link_axes(target, np.zeros(2), 4.0)
    title = {"text": model.name, "font": {"size": 14}, "x": 0.98, "xanchor": "right"}
    target.update_layout(title=title)
    draw(
        target,
        f"Latent plane of {model.name}: q at {view.mean[0]:.2f}, {view.mean[1]:.2f} with stddevs "
        f"{_pair(view.stddev)}.",
        f"figure-q-{model.name}",
    )
