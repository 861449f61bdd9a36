"""Claim 5: q need not be Gaussian."""

import time
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from ... import latent
from ...errors import InputError
from ...evidence import Evidence
from ...families import FAMILIES, Fit, fit, fit_all
from ...latent import Field
from ...true_posterior import TruePosterior
from ..figures import draw, figure, mark, symbols, table
from ..models import LoadedModel
from ..view import View, compute_view
from ..wording import nats
from .subject import Subject, cached

__all__ = ["Fits", "fit_flow", "fit_simple", "show", "verdict"]

Array = NDArray[np.floating]

SIMPLE = tuple(name for name in FAMILIES if name != "flow")
NAMES = {
    "isotropic": "Gaussian, one σ",
    "diagonal": "Gaussian, diagonal",
    "full": "Gaussian, full",
    "laplace": "Laplace",
    "uniform": "uniform",
    "flow": "planar flow",
}
FARTHEST = 6.0  # stddevs: what is farther from the peak is drawn as this
SIDE = 56
SENDING = 0.1  # seconds that the rest gets to reach the browser before the flow keeps a core busy
SMALL = 0.05  # nats: less is not worth a sentence


@dataclass(frozen=True)
class Fits:
    """An image's true posterior and what was fitted to it.

    Attributes:
        view: of the image under the model, with the encoder's own q.
        posterior: to fit to.
        density: p(z|x), drawn.
        fits: by family.
    """

    view: View
    posterior: TruePosterior
    density: Field
    fits: dict[str, Fit]


def fit_simple(model: LoadedModel, x: Array) -> Fits:
    """The true posterior and every family but the flow.

    Raises:
        InputError: the posterior reaches beyond the plane that is integrated.
    """
    # One -log p(x) for all: of a wide network it takes a second.
    view = compute_view(model, x, 1, 1.0, 0, evidence_tolerance=1e-3)
    evidence: Evidence = view.evidence
    if np.isnan(evidence.log_evidence[0]):
        raise InputError(
            f"Under {model.name} the posterior of this picture reaches beyond the plane that is "
            f"integrated, ±{model.grid.half_width:.0f}: choose another image or point"
        )
    network = model.network
    posterior = TruePosterior(lambda z: network.reconstruction_loss(x, z), evidence)
    density = latent.true_posterior(network, x, evidence, SIDE)
    return Fits(view, posterior, density, fit_all(posterior, SIMPLE, _start(view)))


def fit_flow(model: LoadedModel, x: Array) -> Fit:
    """The planar flow, which takes longest."""
    found = cached(fit_simple, model, x=x)
    return fit("flow", found.posterior, _start(found.view))


def _start(view: View) -> tuple[Array, Array] | None:
    """The encoder's q, from where to search as well."""
    return (view.mean, view.stddev) if view.stddev.any() else None


def verdict(view: View, diagonal: Fit, full: Fit) -> str:
    """What the encoder's slack is made of, from the table."""
    amortisation = view.slack - diagonal.slack
    figures = (
        f"The encoder's q is {nats(view.slack)} nats above −log p(x): {nats(diagonal.slack)} "
        f"because q is a diagonal Gaussian, {nats(amortisation)} because one encoder serves all "
        "images."
    )
    if diagonal.slack > SMALL and full.slack < 0.8 * diagonal.slack:
        return (
            f"{figures} A full covariance would leave {nats(full.slack)}: **the Gaussian is a "
            "choice, and another q is a tighter bound.**"
        )
    return (
        f"{figures} **Not here:** for this image a full covariance would still leave "
        f"{nats(full.slack)}, so the diagonal Gaussian is nearly as good."
    )


def show(subject: Subject) -> None:
    """Draws the experiment; the flow comes last, and nothing waits for it."""
    model = subject.model
    with st.spinner("Fitting …"):  # a wide network takes a second
        found = cached(fit_simple, model, x=subject.x)
    has_posterior = model.network.has_posterior
    if has_posterior:
        st.markdown(verdict(found.view, found.fits["diagonal"], found.fits["full"]))
    chosen = st.segmented_control(
        "Family",
        FAMILIES,
        default="full",
        required=True,
        key="family",
        bind="query-params",
    )
    chosen = chosen or "full"  # None for an empty value in the address
    plane, numbers = st.columns([2, 3])
    with numbers:
        rows = st.empty()
    with plane:
        drawn = st.empty()
    fits = dict(found.fits)
    if chosen != "flow":
        with drawn.container():
            _plane(found, fits[chosen])
    with rows.container():
        _table(found, fits, has_posterior)
    with numbers, st.spinner("Fitting the flow …", show_time=False):
        time.sleep(SENDING)
        fits["flow"] = cached(fit_flow, model, x=subject.x)
    if chosen == "flow":
        with drawn.container():
            _plane(found, fits["flow"])
    with rows.container():
        _table(found, fits, has_posterior)


def _row(one: Fit | None) -> tuple[str, str, str]:
    return (nats(one.kl), nats(one.negative_elbo), nats(one.slack)) if one else ("…", "…", "…")


def _table(found: Fits, fits: dict[str, Fit], has_posterior: bool) -> None:
    view = found.view
    rows = [
        [
            NAMES[name],
            *_row(fits.get(name)),
        ]
        for name in FAMILIES
    ]
    if has_posterior:
        own = (nats(view.kl), nats(view.negative_elbo), nats(view.slack))
        rows.append(["the encoder's own", *own])
    table(["q", "KL to the prior", "−ELBO", "slack"], rows)
    st.caption(
        f"−log p(x) = {nats(view.negative_log_evidence)} nats, which no q can go below. For the "
        "images with the largest slack first, choose the order *slack* under *Which*."
    )


def _plane(found: Fits, one: Fit) -> None:
    colours = symbols()
    field = found.density
    left, right, bottom, top = field.extent
    cell = (right - left) / len(field.values)
    grid = latent.cell_centres(field.extent, SIDE)[::-1]
    target: go.Figure = figure("z₁", "z₂", height=380)
    with np.errstate(divide="ignore"):
        log_posterior = np.log(field.values[::-1])
    for log_density, name, colour in (
        (log_posterior, "true posterior", colours["x"]),
        (one.log_prob(grid), NAMES[one.family], colours["sample"]),
    ):
        # Contours of √(2 ln(peak / density)): at 1, 2 and 3 a Gaussian has its 1 to 3 stddevs.
        distance = np.sqrt(2 * (log_density.max() - log_density))
        target.add_contour(
            z=np.minimum(distance, FARTHEST).astype(np.float32),
            x0=left + cell / 2,
            dx=cell,
            y0=bottom + cell / 2,
            dy=cell,
            contours={"start": 1, "end": 3, "size": 1, "coloring": "none"},
            line={"color": colour, "width": 1.5},
            name=name,
            showlegend=True,
            showscale=False,
            hoverinfo="skip",
        )
    if found.view.stddev.any():
        mark(target, found.view.mean, "the encoder's mean", colours["mean"])
    target.update_xaxes(range=[left, right], constrain="domain")
    target.update_yaxes(range=[bottom, top], scaleanchor="x", constrain="domain")
    draw(
        target,
        f"Contours of the true posterior and of the fitted {NAMES[one.family]}, which is "
        f"{one.slack:.2f} nats from it.",
        f"figure-family-{one.family}",
    )
