"""Claim 1: the expectation has no closed form, so it is sampled."""

import numpy as np
import streamlit as st

from ...experiments.claim_1_expectation import DRAWS, running_average, verdict
from ...experiments.experiment import no_posterior
from ...experiments.phrases import bounded
from ...experiments.quantity import LEAST_SAMPLES
from ...experiments.subject import Subject
from ..parts.figures import add_band, add_line, draw, figure, symbols
from ..visitor.session import resample
from .caching import cached
from .claim import Claim

__all__ = ["CLAIM"]


def show(subject: Subject) -> None:
    """Draws the experiment."""
    if not subject.model.has_posterior:
        st.info(no_posterior(subject.model))
        return
    result = cached(running_average, subject.model, x=subject.x, seed=subject.seed)
    colours = symbols()
    shown = np.unique(np.geomspace(1, DRAWS, 240).round().astype(int)) - 1
    count, average, error = result.count[shown], result.average[shown], result.error[shown]
    target = figure("samples L", "loss / nats", log_x=True)
    band = count >= LEAST_SAMPLES
    add_band(
        target,
        count[band],
        (average - 2 * error)[band],
        (average + 2 * error)[band],
        "±2 standard errors",
        colours["sample"],
    )
    add_line(target, count, average, "average of L samples", colours["sample"])
    integral, bound = float(result.reference.value[0]), float(result.reference.error[0])
    reference = np.full(len(count), integral)
    add_line(target, count, reference, "E over q, integrated", colours["x"], "dash")
    spread = 3 * float(result.error[15])
    target.update_yaxes(range=[integral - spread * 1.6, integral + spread * 1.6])
    st.markdown(verdict(result))
    draw(
        target,
        f"Average loss over L samples of q against L, from {average[0]:.1f} nats at L = 1 to "
        f"{average[-1]:.2f} at L = {DRAWS}, with a band of two standard errors; the integral is "
        f"{bounded(integral, bound)}.",
        "figure-running-average",
    )
    st.button("Resample", key="resample-claim", on_click=resample)


CLAIM = Claim(1, "1 Why sample", show)
