"""Claim 8: what training on means loses, and what not."""

from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from ..models.network import Dense, Network
from .claim_3_mean_objective import Trained, compare, trained_as
from .experiment import Experiment, Outcome
from .phrases import ONE_RUN, bounded, significant
from .rule import Rule, chosen_images, contrary, share
from .subject import Subject
from .view import View

__all__ = [
    "COMPARED",
    "EXPERIMENT",
    "LONGER",
    "Shrunk",
    "below",
    "longer_sentence",
    "rule",
    "shrunk",
    "shrunk_sentence",
    "trained_number",
    "verdict",
]

COMPARED = ("sample", "mean")
FACTORS = np.array([1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01])
ROUGH = 0.05  # nats: of −log p(x), where images are counted
APART = 10.0  # nats: a smaller difference of two decoders is none beside a price of hundreds


@dataclass(frozen=True)
class Longer:
    """Test averages after a longer training, in nats; from one run of each objective.

    Attributes:
        evidence: -log p(x), after training on samples and on means.
        at_mean: the loss at the mean of q, the same.
    """

    evidence: tuple[float, float]
    at_mean: tuple[float, float]


# Measured once, not shipped: 784-64-2-64-784, seed 0, 500 epochs in batches of 100 images at the
# learning rate .003, evaluated on the 10,000 test images as the shipped models are.
LONGER = Longer(evidence=(140.63, 140.79), at_mean=(144.18, 142.99))


@dataclass(frozen=True)
class Shrunk:
    """Means of q times a factor, and the first kernel of the decoder divided by it.

    Attributes:
        factor: from 1 down, `(factors,)`.
        loss: at the mean, averaged over test images, in nats.
        penalty: KL to the prior, averaged over them.
        images: how many.
    """

    factor: Array
    loss: Array
    penalty: Array
    images: int

    @property
    def drift(self) -> float:
        """By how much the loss changes at most, in nats: what float32 rounds."""
        return float(np.abs(self.loss - self.loss[0]).max())


def shrunk(model: LoadedModel) -> Shrunk:
    """Loss and KL of test images as all codes move towards 0 and the decoder makes up for it."""

    def compute() -> Shrunk:
        images = chosen_images(len(model.mean))
        mean, stddev = model.mean[images], model.stddev[images]
        x = np.concatenate([model.test.pixels(slice(int(i), int(i) + 1)) for i in images])
        losses, penalties = [], []
        for factor in FACTORS:
            network = _with_larger_kernel(model.network, float(factor))
            losses.append(network.reconstruction_loss(x, factor * mean).mean(dtype=np.float64))
            squares = (factor * mean) ** 2 + stddev**2 - 1 - 2 * np.log(stddev)
            penalties.append(0.5 * squares.sum(axis=1).mean())
        return Shrunk(FACTORS, np.array(losses), np.array(penalties), len(images))

    return model.once("codes moved towards 0", compute)


def _with_larger_kernel(network: Network, factor: float) -> Network:
    """The same network, but the decoder's first kernel divided by a factor."""
    changed = copy(network)
    first, *rest = network.decoder_hidden
    changed.decoder_hidden = [Dense(first.kernel / np.float32(factor), first.bias), *rest]
    return changed


def trained_number(view: View) -> float:
    """What training on means minimises: the loss at the mean plus the KL, in nats."""
    return view.loss_at_mean + view.kl


def below(model: LoadedModel) -> NDArray[np.bool_]:
    """Of which test images the trained number lies below −log p(x), evenly over all images."""

    def compute() -> NDArray[np.bool_]:
        images = chosen_images(len(model.mean))
        mean, stddev = model.mean[images], model.stddev[images]
        x = np.concatenate([model.test.pixels(slice(int(i), int(i) + 1)) for i in images])
        told = model.network.reconstruction_loss(x, mean) + gaussian.kl(mean, stddev)
        evidence = -model.grid(x, ROUGH).log_evidence
        return np.less(told, evidence)[np.isfinite(evidence)]

    return model.once("trained number below evidence", compute)


def rule(trained: Trained, found: NDArray[np.bool_] | None = None) -> Rule:
    """What was lost and what not on average, from the metadata.

    Args:
        trained: of the two models, with their test averages.
        found: of which images the trained number lies below −log p(x); None to leave that out.
    """
    first, second = trained.names
    one, other = trained.tests
    keys = ("reconstruction_loss_at_mean", "kl", "negative_elbo", "negative_log_evidence")
    if any(test.get(key) is None for test in (one, other) for key in (*keys, "jensen_gap")):
        return Rule("For these networks no averages over test images are recorded.")
    at_mean, kl, elbo, evidence = (float(other[key]) for key in keys)
    told = at_mean + kl
    lies_below = told < evidence
    counted = "" if found is None else f" (below for {share(found)} images looked at)"
    where, so = ("below", ", so that it bounds nothing") if lies_below else ("above", "")
    bound = f"{told:.2f} nats, which lies {where} −log p(x) = {evidence:.2f}{so}{counted}"
    return Rule(
        f"Averaged over {trained.images:,} test images, {second} has a trained number of {bound}; "
        f"−ELBO of its q is {elbo:.2f}. Decoding a sample costs it {other['jensen_gap']:.2f} nats, "
        f"and {first} {one['jensen_gap']:.2f}. −log p(x) by its decoder is {evidence:.2f}, against "
        f"{one['negative_log_evidence']:.2f}. {ONE_RUN}",
        lies_below and float(other["jensen_gap"]) > APART,
    )


def verdict(
    sample: View,
    mean: View,
    names: tuple[str, str] = ("the network trained on samples", "the network trained on means"),
    usual: bool | None = None,
) -> str:
    """What is lost and what not for one image, from the table."""
    told, evidence = trained_number(mean), mean.negative_log_evidence
    error = float(mean.evidence.error[0])
    integral = float(mean.expected_loss.error[0])
    figures = (
        f"Under {names[1]} the trained number is {told:.2f} nats, −log p(x) "
        f"{bounded(evidence, error)}, and −ELBO of its q {bounded(mean.negative_elbo, integral)}."
    )
    if np.isnan(evidence):
        return f"{figures} Without −log p(x) there is nothing to compare it with. {ONE_RUN}"
    if abs(told - evidence) <= error:
        reason = "whether the trained number lies below −log p(x) is too close to tell"
        return f"{figures} {contrary(usual)} {reason}. {ONE_RUN}"
    other = sample.negative_log_evidence
    apart = "" if np.isnan(other) else f"; by {names[0]} it is {bounded(other, _error(sample))}"
    if told > evidence:
        return (
            f"{figures} {contrary(usual)} the trained number lies above −log p(x), as no rule "
            f"ensures{apart}. {ONE_RUN}"
        )
    if mean.price <= APART:
        return (
            f"{figures} {contrary(usual)} the trained number is no bound, but samples of this q "
            f"cost no more than {APART:.0f} nats{apart}. {ONE_RUN}"
        )
    return (
        f"{figures} **Lost: the trained number is no bound, and a sample of q costs "
        f"{bounded(mean.price, integral)} nats. Not lost: the decoder's −log p(x)**{apart}. "
        f"{ONE_RUN}"
    )


def _error(view: View) -> float:
    return float(view.evidence.error[0])


def shrunk_sentence(found: Shrunk) -> str:
    """What moving the codes towards 0 does to the trained number, from the curve."""
    return (
        f"With all means of q times {found.factor[-1]:g} and the decoder's first kernel divided by "
        f"the same, the loss at the mean of {found.images} test images changes by less than "
        f"{significant(max(found.drift, 1e-4) * 1.05, 1)} nats, and the KL goes from "
        f"{found.penalty[0]:.2f} to {significant(float(found.penalty[-1]))}: the objective has no "
        "minimum. Only that training stops keeps the codes where they are."
    )


def longer_sentence() -> str:
    """What longer training does, from the record."""
    (evidence, other), (at_mean, second) = LONGER.evidence, LONGER.at_mean
    return (
        "After 500 epochs in batches of 100 at a learning rate of .003, −log p(x) of the test "
        f"images is {other:.2f} nats trained on means, against {evidence:.2f} trained on samples, "
        f"and the loss at the mean {second:.2f} against {at_mean:.2f} (one run each)."
    )


def _run(subject: Subject) -> Outcome:
    models = [subject.other(name) for name in COMPARED]
    sample, mean = compare(*models, x=subject.x)
    trained = trained_as(*models)
    moved = shrunk(models[1])
    first, second = trained.names
    numbers = {
        "trained_number": trained_number(mean),
        "negative_log_evidence_of_mean": mean.negative_log_evidence,
        "negative_log_evidence_of_sample": sample.negative_log_evidence,
        "negative_elbo_of_mean": mean.negative_elbo,
        "price_of_mean": mean.price,
        "price_of_sample": sample.price,
    }
    sentence = verdict(sample, mean, (first, second), rule(trained).usual)
    return Outcome(sentence, numbers, (sample, mean, moved))


EXPERIMENT = Experiment(8, "trained_on_means", _run, needs_q=False)
