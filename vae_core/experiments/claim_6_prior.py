"""Claim 6: an autoencoder's objective defines no p(x); a prior before its decoder does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..inference import latent
from ..inference.latent import Field
from ..inference.loaded_model import LoadedModel
from ..models.naming import spoken
from .experiment import Experiment, Outcome
from .phrases import ONE_RUN, bounded
from .rule import Rule, average, chosen_images, contrary, share
from .subject import Subject
from .view import draw_epsilon

__all__ = [
    "COMPARED",
    "EXPERIMENT",
    "RADIUS",
    "REACH",
    "Gains",
    "Generation",
    "gains",
    "generation",
    "hole_share",
    "rule",
    "verdict",
]


COMPARED = ("sample", "mean", "autoencoder")
HALF = 4.0  # of the plane drawn
SIDE = 64  # cells of the drawing
RADIUS = 0.25  # of the prior's stddevs: farther from every code is a hole
REACH = 3.0  # of the prior's stddevs: 98.9 % of its mass lies within
CELL = 0.02  # of the lattice that the holes are summed over
EDGE = 5.0  # of that lattice; 4e-6 of the prior's mass lies beyond
EVIDENCE_TOLERANCE = 5e-3  # nats: half a unit of the last digit shown
ROUGH = 0.05  # nats: of an average over images
MANY = 200  # images whose evidence is compared


@dataclass(frozen=True)
class Generation:
    """How far a model's codes fill the prior, and what it makes of images.

    Attributes:
        name: what the model is called in a sentence.
        aggregate: density of q(z) over [-4, 4]², as it is drawn.
        holes: share of the prior's mass that is farther than `RADIUS` from every test image's code.
        chance: the same share for as many draws of the prior in place of the codes.
        test_evidence: mean -log p(x) of the test images, in nats.
        evidence: -log p(x) of the visitor's image.
        error: of `evidence`.
        radius: distance of that image's code from the origin.
        images: how many test images.
        test_error: of `test_evidence`.
    """

    name: str
    aggregate: Field
    holes: float
    chance: float
    test_evidence: float
    evidence: float
    error: float = 0.0
    radius: float = 0.0
    images: int = 10_000
    test_error: float = 0.0


def hole_share(codes: Array, radius: float = RADIUS, cell: float = CELL) -> float:
    """Mass of N(0, I) farther than `radius` from every code.

    No density of the codes is needed, and so no width: the same for a model with and without a q.
    Summed over the middles of the cells of a lattice; halving `cell` changes less than 0.0005.

    Args:
        codes: `(images, 2)`.
        radius: in the plane's units, the stddev of the prior.
        cell: side of a cell.

    Returns:
        Between 0 and 1.
    """
    count = round(2 * EDGE / cell)
    near = codes[(np.abs(codes) < EDGE + radius).all(axis=1)]
    x, y = (near.T + EDGE) / cell - 0.5  # in cells, from the middle of the first one
    # Of each column of cells that a disc cuts it covers one run: +1 where it begins, -1 behind it.
    edges = np.zeros((count, count + 1), np.int64)
    reach = radius / cell
    for offset in range(-int(reach) - 1, int(reach) + 2):
        column = np.round(x).astype(np.intp) + offset
        half = np.sqrt(np.maximum(reach**2 - (column - x) ** 2, 0.0))
        first = np.clip(np.ceil(y - half), 0, count).astype(np.intp)
        behind = np.clip(np.floor(y + half) + 1, 0, count).astype(np.intp)
        cut = (np.abs(column - x) <= reach) & (column >= 0) & (column < count) & (behind > first)
        np.add.at(edges, (column[cut], first[cut]), 1)
        np.add.at(edges, (column[cut], behind[cut]), -1)
    covered = np.cumsum(edges, axis=1)[:, :-1] > 0
    line = np.exp(-0.5 * ((np.arange(count) + 0.5) * cell - EDGE) ** 2)
    mass = np.outer(line, line)
    return float(mass[~covered].sum() / mass.sum())


def _aggregate(model: LoadedModel) -> Field:
    extent = (-HALF, HALF, -HALF, HALF)
    return latent.aggregate_posterior(model.mean, model.stddev, extent, side=SIDE)


def generation(model: LoadedModel, x: Array) -> Generation:
    """What claim 6 compares, for one model."""
    count = len(model.mean)
    test = model.metadata.test.get("negative_log_evidence")
    evidence = model.grid(x[None], EVIDENCE_TOLERANCE)
    mean, _ = model.network.encode(x[None])
    return Generation(
        spoken(model.metadata),
        model.once("aggregate of the claim", lambda: _aggregate(model)),
        model.once("holes", lambda: hole_share(model.mean)),
        model.once("holes of the prior", lambda: hole_share(draw_epsilon(0, count))),
        float("nan") if test is None else float(test),
        -float(evidence.log_evidence[0]),
        float(evidence.error[0]),
        float(np.hypot(*mean[0])),
        count,
        float(model.metadata.test.get("negative_log_evidence_stderr") or 0.0),
    )


@dataclass(frozen=True)
class Gains:
    """How much worse than a VAE an autoencoder explains test images, in nats.

    Attributes:
        radius: of each image's code from the origin, in the prior's stddevs, `(images,)`.
        worse: −log p(x) with the autoencoder's decoder, less that with the VAE's.
    """

    radius: Array
    worse: Array

    @property
    def inside(self) -> NDArray[np.bool_]:
        return np.less_equal(self.radius, REACH)


def gains(sample: LoadedModel, autoencoder: LoadedModel) -> Gains:
    """−log p(x) of test images evenly over all, with both decoders behind the prior."""

    def compute() -> Gains:
        images = chosen_images(len(sample.mean), MANY)
        x = np.concatenate([sample.test.pixels(slice(int(i), int(i) + 1)) for i in images])
        first, second = (-one.grid(x, ROUGH).log_evidence for one in (sample, autoencoder))
        worse = second - first
        radius = np.hypot(*autoencoder.mean[images].T)
        known = np.isfinite(worse)
        return Gains(radius[known], worse[known])

    return autoencoder.once(("gains", sample.fingerprint), compute)


def rule(found: Gains) -> Rule:
    """Where the autoencoder explains images worse, and where not."""
    near, far = found.worse[found.inside], found.worse[~found.inside]
    if len(near) < 2 or len(far) < 2:
        return Rule("Too few test images lie on either side to compare the two decoders.")
    return Rule(
        f"The autoencoder explains {share(near < 0)} test images better whose code lies within "
        f"{REACH:.0f} stddevs of the prior, and {share(far > 0)} worse whose code lies beyond; on "
        f"average its −log p(x) is higher by {average(near)} and by {average(far)} nats (± one "
        "standard error). Images with codes within share the prior among few, those beyond have "
        f"next to none of it. {ONE_RUN}",
        bool(np.mean((found.worse > 0) == ~found.inside) > 0.5),
    )


def verdict(sample: Generation, autoencoder: Generation, usual: bool | None = None) -> str:
    """Whether the autoencoder leaves holes and explains images worse, from the table."""
    one, other = autoencoder.name, sample.name
    figures = (
        f"Farther than {RADIUS} from the code of every test image lies "
        f"{100 * autoencoder.holes:.1f} % of the prior's mass for {one}, {100 * sample.holes:.1f} "
        f"% for {other}. With the prior before its decoder, −log p(x) is "
        f"{bounded(autoencoder.test_evidence, autoencoder.test_error)} nats on average, against "
        f"{bounded(sample.test_evidence, sample.test_error)}."
    )
    if autoencoder.holes > sample.holes and autoencoder.test_evidence > sample.test_evidence:
        figures += (
            " **More of what is drawn from the prior falls far from all codes, and images are "
            "explained worse.**"
        )
    return f"{figures} {_here(sample, autoencoder, usual)} {ONE_RUN}"


def _here(sample: Generation, autoencoder: Generation, usual: bool | None) -> str:
    """Whether for the visitor's image it is as its code's place lets expect."""
    here = " against ".join(bounded(one.evidence, one.error) for one in (autoencoder, sample))
    difference = autoencoder.evidence - sample.evidence
    if np.isnan(difference):
        return f"This picture lies too far out to tell: {here}."
    if abs(difference) <= autoencoder.error + sample.error:
        return f"For this image the two cannot be told apart: {here}."
    near = autoencoder.radius <= REACH
    where = (
        f"its code lies at radius {autoencoder.radius:.1f}, "
        + ("where the prior looks" if near else "where the prior hardly looks")
        + f" (98.9 % of it within {REACH:.0f})"
    )
    word = "worse" if difference > 0 else "better"
    if near != (difference > 0):
        as_others = ", as most images whose code lies there" if usual else ""
        return f"This image it explains {word}, {here}{as_others}: {where}."
    return f"{contrary(usual)} this one it explains {word}, {here}, although {where}."


def _run(subject: Subject) -> Outcome:
    found = [generation(subject.other(name), subject.x) for name in COMPARED]
    numbers: dict[str, float] = {}
    for name, one in zip(COMPARED, found, strict=True):
        numbers |= {
            f"share_of_prior_in_holes_of_{name}": one.holes,
            f"test_negative_log_evidence_of_{name}": one.test_evidence,
            f"negative_log_evidence_of_{name}": one.evidence,
        }
    models = [subject.other(name) for name in (COMPARED[0], COMPARED[-1])]
    usual = rule(gains(models[0], models[1])).usual
    return Outcome(verdict(found[0], found[-1], usual), numbers, tuple(found))


EXPERIMENT = Experiment(6, "prior", _run, needs_q=False)
