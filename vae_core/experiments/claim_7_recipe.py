"""Claim 7: the recipe as the blog prints it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..inference.evaluation import expected_loss
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from .experiment import Experiment, Outcome
from .subject import Subject
from .view import MAX_ORDER, TOLERANCE, losses_at

__all__ = ["EXPERIMENT", "READINGS", "Printed", "Settled", "printed", "settled", "verdict"]

Reading = Callable[[Array], Array]

# What the noise makes of the head s. The KL always reads it as log σ².
READINGS: dict[str, Reading] = {
    "both right: σ = exp(s/2)": lambda s: np.exp(0.5 * s),
    "noise 0.1 only: σ = 0.1 exp(s/2)": lambda s: 0.1 * np.exp(0.5 * s),
    "log σ for log σ² only: σ = exp(s)": np.exp,
    "the blog, both slips: σ = 0.1 exp(s)": lambda s: 0.1 * np.exp(s),
}
STDDEVS = np.geomspace(3e-3, 3.0, 49)
APART = 0.5  # nats: a bound that is off by less could be rounding


@dataclass(frozen=True)
class Printed:
    """The loss that the `blog` model prints for an image beside the bound of its q, in nats.

    Attributes:
        mean: of both q's, `(2,)`.
        sampled: stddev of the q it samples, `(2,)`.
        described: stddev of the q its KL describes, `(2,)`.
        loss: E over the sampled q of the loss.
        kl_sampled, kl_described: to the prior.
    """

    mean: Array
    sampled: Array
    described: Array
    loss: float
    kl_sampled: float
    kl_described: float

    @property
    def printed(self) -> float:
        return self.loss + self.kl_described

    @property
    def negative_elbo(self) -> float:
        return self.loss + self.kl_sampled


@dataclass(frozen=True)
class Settled:
    """Where one reading of the head would settle for an image and a decoder.

    Attributes:
        sampled, described: stddev of the q that is sampled, and that the KL describes.
        printed: the loss it prints, in nats.
        negative_elbo: of the q that is sampled.
    """

    sampled: float
    described: float
    printed: float
    negative_elbo: float


def printed(model: LoadedModel, x: Array) -> Printed:
    """The two q's of the blog's recipe for one image, and their terms."""
    network = model.network
    mean, sampled = network.encode(x[None])
    _, head = network.encode_raw(x[None])
    described = np.exp(0.5 * np.asarray(head, np.float64))
    loss = expected_loss(
        network, model.grid, x[None], mean, sampled, tolerance=TOLERANCE, max_order=MAX_ORDER
    )
    return Printed(
        mean[0],
        sampled[0],
        described[0],
        float(loss.value[0]),
        float(gaussian.kl(mean, sampled)[0]),
        float(gaussian.kl(mean, described)[0]),
    )


def settled(model: LoadedModel, x: Array) -> dict[str, Settled]:
    """For each reading: the s that minimises what it prints, with one σ for both directions."""
    mean, _ = model.network.encode(x[None])
    losses = losses_at(model, x, _both(STDDEVS))
    result = {}
    for name, reading in READINGS.items():
        s = np.linspace(-12.0, 4.0, 1601)
        sampled = reading(s)
        inside = (sampled >= STDDEVS[0]) & (sampled <= STDDEVS[-1])
        s, sampled = s[inside], sampled[inside]
        loss = np.interp(np.log(sampled), np.log(STDDEVS), losses)
        described = np.exp(0.5 * s)
        best = int((loss + gaussian.kl(mean, _both(described))).argmin())
        result[name] = Settled(
            float(sampled[best]),
            float(described[best]),
            float(loss[best] + gaussian.kl(mean[0], _both(described)[best])),
            float(loss[best] + gaussian.kl(mean[0], _both(sampled)[best])),
        )
    return result


def _both(stddev: Array) -> Array:
    return np.repeat(stddev[:, None], 2, axis=1)


def verdict(found: Printed) -> str:
    """By how much the printed loss misses the bound, from the terms."""
    gap = found.negative_elbo - found.printed
    figures = (
        f"For this image it prints {found.printed:.2f} nats; the bound of the q it samples is "
        f"{found.negative_elbo:.2f}."
    )
    if gap > APART:
        return (
            f"{figures} **What it prints is {gap:.2f} nats too good: no bound of any q it uses.**"
        )
    if gap >= -APART:
        return f"{figures} **Not here:** the two slips happen to cancel to {abs(gap):.2f} nats."
    return f"{figures} **Not here:** what it prints is {-gap:.2f} nats too bad."


def _run(subject: Subject) -> Outcome:
    model = subject.other("blog")
    found, readings = printed(model, subject.x), settled(model, subject.x)
    numbers = {
        "printed": found.printed,
        "negative_elbo": found.negative_elbo,
        "kl_sampled": found.kl_sampled,
        "kl_described": found.kl_described,
    }
    return Outcome(verdict(found), numbers, (found, readings))


EXPERIMENT = Experiment(7, "recipe", _run, needs_q=False)
