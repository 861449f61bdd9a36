"""Claim 1: the expectation has no closed form, so it is sampled."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, in_parts
from ..inference.integrals import expected_loss
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from ..maths.estimators import Estimate
from .experiment import Experiment, Outcome
from .phrases import bounded, within
from .rule import Rule, average, chosen_images, contrary, share
from .subject import Subject
from .view import draw_epsilon

__all__ = ["EXPERIMENT", "Many", "RunningAverage", "many", "rule", "running_average", "verdict"]


DRAWS = 4096
JUDGED = 256  # samples after which the verdict looks


@dataclass(frozen=True)
class RunningAverage:
    """Averages of the loss over the first L samples of q, in nats.

    Attributes:
        count: L, from 1.
        average: `(draws,)`.
        error: standard error of the average; NaN at L = 1.
        reference: E_q[loss] by integration, with the bound of its error.
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
    losses = in_parts(lambda part: network.reconstruction_loss(x, z[part]), draws)
    count = np.arange(1.0, draws + 1)
    average = np.cumsum(losses) / count
    centred = losses - losses.mean()  # the variance of differences loses no digits
    spread = np.cumsum(centred**2) / count - (np.cumsum(centred) / count) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.maximum(spread, 0.0) / (count - 1))
    reference = expected_loss(network, model.grid, x[None], mean, stddev)
    return RunningAverage(count, average, error, reference)


@dataclass(frozen=True)
class Many:
    """Averages of `JUDGED` samples for many test images.

    Attributes:
        away: of each average from its integral, in its own standard errors, `(images,)`.
        one_sample: how far the first sample's loss is off, in nats.
    """

    away: Array
    one_sample: Array

    @property
    def contains(self) -> NDArray[np.bool_]:
        return np.less_equal(self.away, 2)


def many(model: LoadedModel) -> Many:
    """What an average of `JUDGED` samples finds for test images, every one with its own draws."""

    def compute() -> Many:
        images = chosen_images(len(model.mean))
        mean, stddev = model.mean[images], model.stddev[images]
        x = np.concatenate([model.test.pixels(slice(int(i), int(i) + 1)) for i in images])
        exact = expected_loss(model.network, model.grid, x, mean, stddev).value
        rows = []
        for i in range(len(images)):
            epsilon = draw_epsilon(int(images[i]), JUDGED)
            losses = model.network.reconstruction_loss(x[i], mean[i] + stddev[i] * epsilon)
            losses = losses.astype(np.float64) - exact[i]
            error = losses.std(ddof=1) / np.sqrt(JUDGED)
            rows.append((abs(losses.mean()) / error if error else 0.0, abs(losses[0])))
        away, first = np.array(rows).T
        return Many(away, first)

    return model.once("averages of samples for many images", compute)


def rule(found: Many) -> Rule:
    """How often the average over samples finds the integral."""
    held = found.contains
    return Rule(
        f"For {share(held)} test images, each with its own draws, the average of {JUDGED} samples "
        "lies within two of its standard errors from the integral; 95 % are expected. A single "
        f"sample is off by {average(found.one_sample)} nats on average over the images (± one "
        "standard error).",
        bool(np.mean(held) > 0.5),
    )


def verdict(result: RunningAverage, usual: bool | None = None) -> str:
    """Whether the average over samples finds the integral, from what is drawn."""
    reference, bound = float(result.reference.value[0]), float(result.reference.error[0])
    average, error = float(result.average[JUDGED - 1]), float(result.error[JUDGED - 1])
    off = abs(average - reference)
    away = off / error if error else 0.0
    figures = (
        f"The loss of one sample is off by {abs(float(result.average[0]) - reference):.2f} nats"
        f"{within(bound)}. After {JUDGED} samples the average is {average:.2f} ± {error:.2f}; the "
        f"integral, {bounded(reference, bound)}, lies {away:.1f} of these standard errors away."
    )
    if off + bound <= 2 * error or not off:
        return (
            f"{figures} **Samples estimate what no formula gives, and their own spread says how "
            "well.**"
        )
    if off - bound > 2 * error:
        return (
            f"{figures} {contrary(usual)} about one draw of {JUDGED} samples in twenty ends more "
            "than two away. Draw again to see others."
        )
    return f"{figures} **Too close to tell:** whether that is within two, the integral leaves open."


def _run(subject: Subject) -> Outcome:
    result = running_average(subject.model, subject.x, subject.seed)
    numbers = {
        "one_sample": float(result.average[0]),
        f"average_of_{JUDGED}": float(result.average[JUDGED - 1]),
        f"standard_error_of_{JUDGED}": float(result.error[JUDGED - 1]),
        "integral": float(result.reference.value[0]),
        "integral_error": float(result.reference.error[0]),
    }
    return Outcome(verdict(result, rule(many(subject.model)).usual), numbers, (result,))


EXPERIMENT = Experiment(1, "expectation", _run)
