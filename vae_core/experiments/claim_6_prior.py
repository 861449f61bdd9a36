"""Claim 6: an autoencoder has no p(x), and cannot generate."""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..inference import latent
from ..inference.latent import Field
from ..inference.loaded_model import LoadedModel
from .experiment import Experiment, Outcome
from .quantity import nats
from .subject import Subject

__all__ = ["COMPARED", "EXPERIMENT", "HOLE", "Generation", "generation", "verdict"]


COMPARED = ("sample", "mean", "autoencoder")
HALF = 4.0
SIDE = 64
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


def _aggregate(model: LoadedModel) -> Field:
    extent = (-HALF, HALF, -HALF, HALF)
    return latent.aggregate_posterior(model.mean, model.stddev, extent, side=SIDE)


def generation(model: LoadedModel, x: Array) -> Generation:
    """What claim 6 compares, for one model."""
    aggregate = model.once("aggregate of the claim", lambda: _aggregate(model))
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


def _run(subject: Subject) -> Outcome:
    found = [generation(subject.other(name), subject.x) for name in COMPARED]
    numbers: dict[str, float] = {}
    for name, one in zip(COMPARED, found, strict=True):
        numbers |= {
            f"share_of_prior_in_holes_of_{name}": one.holes,
            f"test_negative_log_evidence_of_{name}": one.test_evidence,
            f"negative_log_evidence_of_{name}": one.evidence,
        }
    return Outcome(verdict(found[0], found[-1]), numbers, tuple(found))


EXPERIMENT = Experiment(6, "prior", _run, needs_q=False)
