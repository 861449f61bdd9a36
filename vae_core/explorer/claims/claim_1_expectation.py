"""Claim 1: the expectation has no closed form, so it is sampled."""

import numpy as np
import streamlit as st

from ...experiments.claim_1_expectation import DRAWS, many, rule, running_average, verdict
from ...experiments.experiment import no_posterior
from ...experiments.phrases import bounded
from ...experiments.quantity import LEAST_SAMPLES
from ...experiments.subject import Subject
from ..parts.equations import Step
from ..parts.figures import (
    add_band,
    add_histogram,
    add_line,
    draw,
    figure,
    label,
    log_axis,
    symbols,
    vertical,
)
from ..parts.verdicts import show_here, show_rule
from ..visitor.session import resample
from .caching import cached, of_model
from .claim import Claim

__all__ = ["CLAIM"]

EQUATION = (
    Step(
        "−log p(x) = & −log ∫ p(x|z) p(z) dz",
        "What the decoder makes of an image: p(z) is the prior, N(0, I).",
    ),
    Step(
        "= & −log E_(z∼q) [ p(x|z) p(z) // q(z|x) ]",
        "1. Multiply and divide by q: the integral becomes an average over q, with weights p/q.",
    ),
    Step(
        "≤ & E_(z∼q) ( −log [ p(x|z) p(z) // q(z|x) ] )",
        "2. Jensen: the −log of an average is at most the average of the −logs.",
    ),
    Step(
        '= & E_(z∼q) ( −log p(x|z) ) & + KL ( q ‖ p(z) ) & = "−ELBO"',
        "3. Split the logarithm: the loss averaged over q, and how far q is from the prior.",
    ),
    Step(
        "≈ & [ 1 // L ] ∑_l −log p(x|z_l) & + KL , & z_l = μ + σ ε_l",
        "Here the sample enters: the KL of a Gaussian q has a formula, the average has none.",
    ),
)


def show(subject: Subject) -> None:
    """Draws the experiment."""
    if not subject.model.has_posterior:
        st.info(no_posterior(subject.model))
        return
    result = cached(running_average, subject.model, x=subject.x, seed=subject.seed)
    left, right = st.columns(2, gap="large")
    with left:
        colours = symbols()
        shown = np.unique(np.geomspace(1, DRAWS, 240).round().astype(int)) - 1
        count, average, error = result.count[shown], result.average[shown], result.error[shown]
        integral, bound = float(result.reference.value[0]), float(result.reference.error[0])
        target = figure("samples L", "average loss / nats")
        log_axis(target, 1, DRAWS)
        band = count >= LEAST_SAMPLES
        low, high = (average - 2 * error)[band], (average + 2 * error)[band]
        add_band(target, count[band], low, high, colours["sample"], "sample")
        add_line(target, count, average, "average of L samples", colours["sample"], symbol="sample")
        reference = np.full(len(count), integral)
        add_line(target, count, reference, "E over q, integrated", colours["label"], "dash")
        # All that is drawn is seen: the first samples and the whole band.
        least = min(float(average.min()), float(low.min()), integral)
        most = max(float(average.max()), float(high.max()), integral)
        margin = 0.08 * (most - least)
        target.update_yaxes(range=[least - margin, most + margin])
        up = average[0] < integral
        label(
            target,
            DRAWS,
            integral,
            "integral over q",
            colours["label"],
            xanchor="right",
            yanchor="top" if up else "bottom",
            shift=(-4, -4 if up else 4),
        )
        label(
            target,
            1,
            float(average[0]),
            "one sample",
            colours["sample"],
            "sample",
            yanchor="bottom" if up else "top",
            shift=(4, 6 if up else -6),
        )
        middle = int(np.searchsorted(count[band], 24))
        edge = (high if up else low)[middle]
        label(
            target,
            float(count[band][middle]),
            float(edge),
            "±2 standard errors of the average",
            colours["sample"],
            "sample",
            yanchor="bottom" if up else "top",
        )
        draw(
            target,
            f"Average loss over L samples of q against L, from {average[0]:.1f} nats at L = 1 to "
            f"{average[-1]:.2f} at L = {DRAWS}, with a band of two standard errors; the integral "
            f"is {bounded(integral, bound)}.",
            "figure-running-average",
        )
        st.button("Draw again", key="resample-claim", on_click=resample)
    with right:
        found = of_model(many, subject.model)
        ruled = rule(found)
        show_here(verdict(result, ruled.usual))
        show_rule(ruled.sentence)
        edges = np.linspace(0, 4, 17)
        target = figure("distance from the integral / standard errors", "images / %", height=220)
        add_histogram(target, found.away, edges, "test images", colours["label"])
        vertical(target, 2, colours["label"])
        away = abs(float(result.average[255]) - integral) / (float(result.error[255]) or 1.0)
        vertical(target, min(away, 4), colours["sample"], "sample", "solid")
        target.update_xaxes(range=[0, 4])
        target.update_yaxes(rangemode="tozero")
        top = float(np.histogram(np.clip(found.away, 0, 4), edges)[0].max()) / len(found.away) * 100
        label(target, 2, top, "two: 95 % lie left", colours["label"], shift=(4, 0))
        label(
            target,
            min(away, 4),
            top / 2,
            "this image",
            colours["sample"],
            "sample",
            xanchor="left" if away < 3 else "right",
            shift=(4 if away < 3 else -4, 0),
        )
        draw(
            target,
            f"How far averages of 256 samples lie from the integral, for {len(found.away)} test "
            f"images, in standard errors; this image's by {away:.1f}.",
            "figure-away",
        )


CLAIM = Claim(1, "1 Why sample", show, equation=EQUATION, follows_seed=True)
