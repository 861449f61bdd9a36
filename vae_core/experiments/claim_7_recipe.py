"""Claim 7: the recipe as the blog prints it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..inference.integrals import TOLERANCE, expected_loss
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from ..maths.estimators import Estimate
from ..models.checkpoint import Metadata
from .experiment import Experiment, Outcome
from .least import least, losses_around
from .phrases import bounded, remainder, within
from .rule import Rule, contrary
from .subject import Subject

__all__ = ["EXPERIMENT", "READINGS", "Printed", "Settled", "printed", "rule", "settled", "verdict"]

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
        error: of `loss`.
        evidence: -log p(x) by this decoder; NaN where it is not answered.
        evidence_error: of `evidence`.
    """

    mean: Array
    sampled: Array
    described: Array
    loss: float
    kl_sampled: float
    kl_described: float
    error: float = 0.0
    evidence: float = float("nan")
    evidence_error: float = 0.0

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
        inside: False where the printed loss still falls at an end of the σ that are searched.
        error: of `printed` and `negative_elbo`, which share it: their difference is one of KLs.
    """

    sampled: float
    described: float
    printed: float
    negative_elbo: float
    inside: bool = True
    error: float = 0.0

    @property
    def off(self) -> float:
        """-ELBO less what is printed, as the two are shown."""
        return remainder(self.negative_elbo, self.printed)


def printed(model: LoadedModel, x: Array) -> Printed:
    """The two q's of the blog's recipe for one image, and their terms."""
    network = model.network
    mean, sampled = network.encode(x[None])
    _, head = network.encode_raw(x[None])
    described = np.exp(0.5 * np.asarray(head, np.float64))
    loss = expected_loss(network, model.grid, x[None], mean, sampled)
    evidence = model.grid(x[None], TOLERANCE)
    return Printed(
        mean[0],
        sampled[0],
        described[0],
        float(loss.value[0]),
        float(gaussian.kl(mean, sampled)[0]),
        float(gaussian.kl(mean, described)[0]),
        float(loss.error[0]),
        -float(evidence.log_evidence[0]),
        float(evidence.error[0]),
    )


def settled(model: LoadedModel, x: Array) -> dict[str, Settled]:
    """For each reading: the s that minimises what it prints, with one σ for both directions.

    Searched by σ; the losses of the result are integrals at the σ that is found.
    """
    mean, _ = model.network.encode(x[None])
    points = np.log(STDDEVS)
    known = losses_around(model, x, _both(STDDEVS))
    result = {}
    for name, reading in READINGS.items():
        # ln σ = a s + b, by any two points of the reading.
        b, end = np.log(reading(np.array([0.0, 1.0])))

        def described(t: Array, a: float = end - b, b: float = b) -> Array:
            return np.exp(0.5 * (t - b) / a)

        def kl_at(t: Array, described: Reading = described) -> Array:
            return gaussian.kl(mean, _both(described(t)))

        def printed_at(t: Array, kl_at: Reading = kl_at) -> Estimate:
            loss = losses_around(model, x, _both(np.exp(t)))
            return Estimate(loss.value + kl_at(t), loss.error)

        found = least(printed_at, points, Estimate(known.value + kl_at(points), known.error))
        at = np.array([found.at])
        sampled = np.exp(at)
        result[name] = Settled(
            float(sampled[0]),
            float(described(at)[0]),
            found.value,
            found.value - float(kl_at(at)[0]) + float(gaussian.kl(mean, _both(sampled))[0]),
            found.inside,
            found.error,
        )
    return result


def _both(stddev: Array) -> Array:
    return np.repeat(stddev[:, None], 2, axis=1)


def rule(trained: Metadata, images: int) -> Rule:
    """By how much the printed loss misses the bound on average, from the metadata."""
    keys = ("printed_loss", "negative_elbo", "negative_log_evidence")
    told, bound, evidence = (trained.test.get(key) for key in keys)
    if told is None or bound is None:
        return Rule("For this network no averages over test images are recorded.")
    sentence = (
        f"Averaged over {images:,} test images it prints {told:.2f} nats; −ELBO of the q it "
        f"samples is {bound:.2f}, {remainder(bound, told):.2f} above."
    )
    if evidence is not None:
        sentence += f" −log p(x) is {evidence:.2f}."
    return Rule(sentence, bound - told > APART)


def verdict(found: Printed, usual: bool | None = None) -> str:
    """By how much the printed loss misses the bound, from the terms."""
    gap = remainder(found.negative_elbo, found.printed)
    figures = (
        f"For this image it prints {found.printed:.2f} nats{within(found.error)}; −ELBO of the q "
        f"it samples is {found.negative_elbo:.2f}{within(found.error)}."
    )
    if gap > APART:
        conclusion = f"**What it prints is {gap:.2f} nats below the bound of the q it samples.**"
    elif gap >= -APART:
        conclusion = f"{contrary(usual)} the two slips happen to cancel to {abs(gap):.2f} nats."
    else:
        conclusion = (
            f"{contrary(usual)} what it prints is {-gap:.2f} nats above the bound of the q "
            "it samples."
        )
    return f"{figures} {conclusion}{_against(found)}"


def _against(found: Printed) -> str:
    """Whether what is printed is above what it would have to bound."""
    if np.isnan(found.evidence):
        return ""
    fact = f" −log p(x) is {bounded(found.evidence, found.evidence_error)}: "
    if abs(found.printed - found.evidence) <= found.error + found.evidence_error:
        return f"{fact}whether what it prints lies below is too close to tell."
    if found.printed < found.evidence:
        return f"{fact}what it prints is no bound on it."
    return f"{fact}what it prints lies above, which no rule ensures."


def _run(subject: Subject) -> Outcome:
    model = subject.other("blog")
    found, readings = printed(model, subject.x), settled(model, subject.x)
    numbers = {
        "printed": found.printed,
        "negative_elbo": found.negative_elbo,
        "kl_sampled": found.kl_sampled,
        "kl_described": found.kl_described,
    }
    usual = rule(model.metadata, len(model.mean)).usual
    return Outcome(verdict(found, usual), numbers, (found, readings))


EXPERIMENT = Experiment(7, "recipe", _run, needs_q=False)
