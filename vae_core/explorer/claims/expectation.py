"""Claim 1: the expectation has no closed form, so it is sampled."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ... import gaussian
from ...estimators import Estimate
from ...evaluation import expected_loss
from ..figures import add_band, add_line, draw, figure, symbols
from ..models import LoadedModel
from ..state import resample
from ..view import TOLERANCE, draw_epsilon
from .subject import Subject, cached, no_posterior

__all__ = ["RunningAverage", "running_average", "show", "verdict"]

Array = NDArray[np.floating]

DRAWS = 4096
JUDGED = 256  # samples after which the verdict looks
AT_ONCE = 512


@dataclass(frozen=True)
class RunningAverage:
    """Averages of the loss over the first L samples of q, in nats.

    Attributes:
        count: L, from 1.
        average: `(draws,)`.
        error: standard error of the average; NaN at L = 1.
        reference: E_q[loss] by quadrature, with its error.
    """

    count: Array
    average: Array
    error: Array
    reference: Estimate

    def contains_reference(self, count: int) -> bool:
        """Whether the reference lies within ±2 standard errors after so many samples."""
        off = abs(self.average[count - 1] - float(self.reference.value[0]))
        return bool(off <= 2 * self.error[count - 1] + float(self.reference.error[0]))


def running_average(model: LoadedModel, x: Array, seed: int, draws: int = DRAWS) -> RunningAverage:
    """Averages over the first L = 1 … `draws` samples of one image's q."""
    network = model.network
    mean, stddev = network.encode(x[None])
    z = gaussian.reparameterize(mean[0], stddev[0], draw_epsilon(seed, draws))
    losses = np.concatenate(
        [network.reconstruction_loss(x, z[i : i + AT_ONCE]) for i in range(0, draws, AT_ONCE)]
    ).astype(np.float64)
    count = np.arange(1.0, draws + 1)
    average = np.cumsum(losses) / count
    centred = losses - losses.mean()  # the variance of differences loses no digits
    spread = np.cumsum(centred**2) / count - (np.cumsum(centred) / count) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.maximum(spread, 0.0) / (count - 1))
    reference = expected_loss(
        network, model.grid, x[None], mean, stddev, tolerance=TOLERANCE, max_order=32
    )
    return RunningAverage(count, average, error, reference)


def verdict(result: RunningAverage) -> str:
    """Whether the average over samples finds the integral, from what is drawn."""
    reference = float(result.reference.value[0])
    first = abs(float(result.average[0]) - reference)
    average, error = float(result.average[JUDGED - 1]), 2 * float(result.error[JUDGED - 1])
    start = f"One sample is off by {first:.2f} nats. After {JUDGED} the average is {average:.2f} ± "
    start += f"{error:.2f}"
    if result.contains_reference(JUDGED):
        return (
            f"{start}, and the integral, {reference:.2f}, lies within: **samples estimate what no "
            "formula gives, and their own spread says how well.**"
        )
    return (
        f"{start}, and the integral, {reference:.2f}, lies outside. **Not here:** ±2 standard "
        "errors miss about one time in twenty. Resample to see the others."
    )


def show(subject: Subject) -> None:
    """Draws the experiment."""
    if not subject.model.network.has_posterior:
        st.info(no_posterior(subject.model))
        return
    result = cached(running_average, subject.model, x=subject.x, seed=subject.seed)
    colours = symbols()
    shown = np.unique(np.geomspace(1, DRAWS, 240).round().astype(int)) - 1
    count, average, error = result.count[shown], result.average[shown], result.error[shown]
    target = figure("samples L", "loss / nats", log_x=True)
    band = slice(1, None)  # one sample has no standard error
    add_band(
        target,
        count[band],
        (average - 2 * error)[band],
        (average + 2 * error)[band],
        "±2 standard errors",
        colours["sample"],
    )
    add_line(target, count, average, "average of L samples", colours["sample"])
    reference = np.full(len(count), float(result.reference.value[0]))
    add_line(target, count, reference, "E over q, by quadrature", colours["x"], "dash")
    spread = 3 * float(result.error[15])
    middle = float(reference[0])
    target.update_yaxes(range=[middle - spread * 1.6, middle + spread * 1.6])
    st.markdown(verdict(result))
    draw(
        target,
        f"Average loss over L samples of q against L, from {average[0]:.1f} nats at L = 1 to "
        f"{average[-1]:.2f} at L = {DRAWS}, with a band of two standard errors; the integral is "
        f"{reference[0]:.2f}.",
        "figure-running-average",
    )
    st.button("Resample", key="resample-claim", on_click=resample)
