"""Claim 5: q need not be Gaussian."""

import time

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from ...arrays import Array
from ...experiments.claim_5_families_of_q import (
    SIDE,
    Fits,
    fit_flow,
    fit_simple,
    rule,
    shown_slack,
    verdict,
)
from ...experiments.family_record import recorded
from ...experiments.phrases import bounded
from ...experiments.quantity import nats
from ...experiments.subject import Subject
from ...experiments.view import View
from ...inference import latent
from ...inference.families import FAMILIES, Fit
from ...inference.loaded_model import LoadedModel
from ..parts.equations import Step
from ..parts.figures import draw, figure, label, mark, symbols
from ..parts.verdicts import show_here, show_rule, table
from .caching import cached
from .claim import Claim

__all__ = ["CLAIM"]

FARTHEST = 6.0  # stddevs: what is farther from the peak is drawn as this
SENDING = 0.1  # seconds that the rest gets to reach the browser before the flow keeps a core busy


EQUATION = (
    Step(
        "−ELBO(q) = & −log p(x) & + KL ( q ‖ p(z|x) )",
        "For every q: the slack of the bound is how far q is from the true posterior.",
    ),
    Step(
        "q = N(μ, diag σ^2) : & KL(q ‖ p) = & ½ ∑ ( μ^2 + σ^2 − 1 − ln σ^2 )",
        "A diagonal Gaussian is chosen because it is sampled, and compared to the prior, "
        "by formulas.",
    ),
)


def show(subject: Subject) -> None:
    """Draws the experiment; the flow comes last, and nothing waits for it."""
    model = subject.model
    trained = model.metadata
    has_posterior = model.has_posterior
    found = cached(fit_simple, model, x=subject.x)
    chosen = st.segmented_control(
        "Family of q that is drawn",
        [*FAMILIES],
        default="full",
        required=True,
        key="family",
        bind="query-params",
    )
    chosen = chosen or "full"  # None for an empty value in the address
    left, right = st.columns(2, gap="large")
    with left, st.container(key="family-room"):
        drawn = st.empty()
    with right:
        if has_posterior:
            diagonal, full = found.fits["diagonal"], found.fits["full"]
            ruled = rule(recorded(model), trained)
            show_here(verdict(found.view, diagonal, full, trained, ruled.usual))
            show_rule(ruled.sentence)
        rows = st.empty()
    fits = dict(found.fits)
    if chosen != "flow":
        with drawn.container():
            _plane(found, fits[chosen])
    with rows.container():
        _table(found, fits, has_posterior)
    time.sleep(SENDING)
    fits["flow"] = cached(_fit_flow, model, x=subject.x)
    if chosen == "flow":
        with drawn.container():
            _plane(found, fits["flow"])
    with rows.container():
        _table(found, fits, has_posterior)


def _fit_flow(model: LoadedModel, x: Array) -> Fit:
    return fit_flow(cached(fit_simple, model, x=x))


def _row(one: Fit | None, view: View) -> tuple[str, str, str]:
    if one is None:
        return ("…", "…", "…")
    slack = bounded(shown_slack(one.negative_elbo, view), one.error)
    return (nats(one.kl), bounded(one.negative_elbo, one.error), slack)


def _table(found: Fits, fits: dict[str, Fit], has_posterior: bool) -> None:
    view, evidence = found.view, float(found.view.evidence.error[0])
    rows = [
        [
            FAMILIES[name].title,
            *_row(fits.get(name), view),
        ]
        for name in FAMILIES
    ]
    if has_posterior:
        integral = float(view.expected_loss.error[0])
        own = (
            nats(view.kl),
            bounded(view.negative_elbo, integral),
            bounded(shown_slack(view.negative_elbo, view), integral + evidence),
        )
        rows.append(["the encoder's own", *own])
    table(["q", "KL to the prior", "−ELBO", "slack"], rows)
    st.caption(
        f"−log p(x) = {bounded(view.negative_log_evidence, evidence)} nats: −ELBO of no q is "
        "less. For the images with the largest slack first, choose the order *slack* under *Which*."
    )


def _plane(found: Fits, one: Fit) -> None:
    colours = symbols()
    field = found.density
    left, right, bottom, top = field.extent
    cell = (right - left) / len(field.values)
    grid = latent.cell_centres(field.extent, SIDE)[::-1]
    target: go.Figure = figure("z₁", "z₂", height=440)
    with np.errstate(divide="ignore"):
        log_posterior = np.log(field.values[::-1])
    for i, (log_density, name, colour) in enumerate(
        (
            (log_posterior, "true posterior", colours["x"]),
            (one.log_prob(grid), FAMILIES[one.family].title, colours["sample"]),
        )
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
            showscale=False,
            hoverinfo="skip",
        )
        label(target, left, top, f"━ {name}", colour, yanchor="top", shift=(8, -8 - 20 * i))
    if found.view.has_posterior:
        mean = found.view.mean
        mark(target, mean[0], mean[1], "the encoder's mean", colours["mean"], "mean")
        label(
            target,
            float(mean[0]),
            float(mean[1]),
            "the encoder's μ",
            colours["mean"],
            "mean",
            shift=(8, 0),
        )
    target.update_xaxes(range=[left, right], constrain="domain")
    target.update_yaxes(range=[bottom, top], scaleanchor="x", constrain="domain")
    draw(
        target,
        f"Contours of the true posterior and of the fitted {FAMILIES[one.family].title}, which is "
        f"{bounded(shown_slack(one.negative_elbo, found.view), one.error)} nats from it.",
        f"figure-family-{one.family}",
    )


CLAIM = Claim(5, "5 Other q", show, equation=EQUATION)
