"""Claim 6: an autoencoder has no p(x), and cannot generate."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ... import latent
from ...latent import Field
from ..figures import add_line, draw, ellipse, heat_map, show_pictures, table
from ..models import LoadedModel
from ..state import resample
from ..wording import nats
from .subject import Subject, cached

__all__ = ["COMPARED", "HOLE", "Generation", "generation", "show", "verdict"]

Array = NDArray[np.floating]

COMPARED = ("sample", "mean", "autoencoder")
DRAWS = 64
HALF = 4.0
HOLE = 0.1  # of the prior's density


@dataclass(frozen=True)
class Generation:
    """How far a model's codes fill the prior, and what it makes of images.

    Attributes:
        aggregate: density of q(z) over [-4, 4]².
        holes: share of prior mass where q(z) is below a tenth of p(z).
        test_evidence: mean -log p(x) of the test images, in nats.
        evidence: -log p(x) of the visitor's image.
    """

    aggregate: Field
    holes: float
    test_evidence: float
    evidence: float


@st.cache_resource(max_entries=16, show_spinner=False)
def _aggregate(fingerprint: str, _model: LoadedModel) -> Field:
    extent = (-HALF, HALF, -HALF, HALF)
    return latent.aggregate_posterior(_model.mean, _model.stddev, extent, side=64)


def generation(model: LoadedModel, x: Array) -> Generation:
    """What claim 6 compares, for one model."""
    aggregate = _aggregate(model.fingerprint, model)
    test = model.metadata.test["negative_log_evidence"]
    return Generation(
        aggregate,
        latent.hole_share(aggregate, HOLE),
        float("nan") if test is None else float(test),
        -float(model.grid(x[None], 1e-3).log_evidence[0]),
    )


def verdict(sample: Generation, autoencoder: Generation) -> str:
    """Whether the autoencoder leaves holes and explains images worse, from the table."""
    mean_evidence = [nats(one.test_evidence) for one in (autoencoder, sample)]
    figures = (
        f"Holes hold {100 * autoencoder.holes:.0f} % of the prior's mass for `autoencoder`, "
        f"{100 * sample.holes:.0f} % for `sample`; −log p(x) is {mean_evidence[0]} nats on "
        f"average, against {mean_evidence[1]}."
    )
    if autoencoder.holes > sample.holes and autoencoder.test_evidence > sample.test_evidence:
        figures += (
            " **Draws from the prior fall where few images were put: a decoder alone is no model "
            "of x.**"
        )
    here = f"{nats(autoencoder.evidence)} against {nats(sample.evidence)}"
    if np.isnan(autoencoder.evidence) or np.isnan(sample.evidence):
        return f"{figures} This picture lies too far out to tell: {here}."
    if autoencoder.evidence > sample.evidence:
        return f"{figures} This image agrees: {here}."
    return (
        f"{figures} **Not here:** the autoencoder put this image where the prior looks, and "
        f"explains it better, {here}."
    )


def show(subject: Subject) -> None:
    """Draws the experiment."""
    models = [subject.other(name) for name in COMPARED]
    found = [cached(generation, model, x=subject.x) for model in models]
    st.markdown(verdict(found[0], found[-1]))
    colour = "#e6edf3"  # the heat map is dark in both themes
    z = np.random.default_rng(subject.seed).standard_normal((DRAWS, 2))
    largest = 1 / np.pi  # twice the peak of the prior: what is denser may as well be cut
    for column, model, one in zip(st.columns(3), models, found, strict=True):
        with column:
            show_pictures(model.network, z, 8, f"{model.name}: the same 64 draws from the prior")
            target = heat_map(one.aggregate, "per unit²", f"q(z) of {model.name}", largest)
            circle = ellipse(np.zeros(2), np.eye(2), 2.0)
            add_line(target, circle[:, 0], circle[:, 1], "prior, 2σ", colour, "dash")
            target.update_layout(showlegend=False)
            draw(
                target,
                f"Aggregate posterior of {model.name}; {100 * one.holes:.0f} percent of the "
                "prior's mass falls in holes.",
                f"figure-aggregate-{model.name}",
            )
    table(
        ["", *(f"`{name}`" for name in COMPARED)],
        [
            ["prior mass in holes", *(f"{100 * one.holes:.1f} %" for one in found)],
            [
                f"−log p(x), {len(models[0].mean):,} test images / nats",
                *(nats(one.test_evidence) for one in found),
            ],
            ["−log p(x), this image / nats", *(nats(one.evidence) for one in found)],
        ],
    )
    st.caption(
        f"Dashed: 2 stddev of the prior, whose density at 0 is {1 / (2 * np.pi):.2f}. q(z) is the "
        "average of q(z|x) over the test images; a hole is a place where it is below a tenth of "
        "the prior's density. Codes without a q are widened to a third of a cell, "
        f"{2 * HALF / 64 / 3:.3f}."
    )
    st.button("Draw again", key="resample-claim", on_click=resample)
