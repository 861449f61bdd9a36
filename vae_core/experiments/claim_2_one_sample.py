"""Claim 2: one sample per image is enough for training."""

from dataclasses import dataclass

from ..arrays import Array, in_parts
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from ..maths.gradient_estimators import pathwise, score_function
from ..models.data import ASSETS
from .experiment import Experiment, Outcome
from .gradient_record import GradientNoise
from .subject import Subject
from .view import draw_epsilon

__all__ = ["EXPERIMENT", "GRADIENTS", "Spread", "gradient_sentence", "spread", "verdict"]


GRADIENTS = ASSETS / "experiments" / "gradients.json"
DRAWS = 1024
IMAGES = 1000  # test images whose losses are compared
BATCH = 100  # of the sentences
MANY = 10  # L of the sentences


@dataclass(frozen=True)
class Spread:
    """How much one-sample losses and gradients vary.

    Attributes:
        losses: of one image at `DRAWS` samples, in nats.
        between: one-sample losses of test images, in nats.
        pathwise, score: trace of the variance of one sample's gradient with respect to the mean.
    """

    losses: Array
    between: Array
    pathwise: float
    score: float

    @property
    def within_stddev(self) -> float:
        return float(self.losses.std(ddof=1))

    @property
    def between_stddev(self) -> float:
        return float(self.between.std(ddof=1))


def _between(model: LoadedModel) -> Array:
    """One-sample losses of the first test images, each with a draw of its own."""
    x = model.test.pixels(slice(0, IMAGES))
    z = model.mean[:IMAGES] + model.stddev[:IMAGES] * draw_epsilon(0, len(x))
    return model.network.reconstruction_loss(x, z)


def spread(model: LoadedModel, x: Array, seed: int) -> Spread:
    """Losses and gradients at samples of one image's q, and losses of other images."""
    network = model.network
    mean, stddev = (values[0] for values in network.encode(x[None]))
    epsilon = draw_epsilon(seed, DRAWS)
    z = gaussian.reparameterize(mean, stddev, epsilon)
    loss = in_parts(lambda part: network.reconstruction_loss(x, z[part]), DRAWS)
    slopes = in_parts(lambda part: network.loss_gradient(x, z[part]), DRAWS)
    through, _ = pathwise(slopes, epsilon, stddev)
    score, _ = score_function(loss, epsilon, stddev)
    return Spread(
        loss,
        model.once("losses between images", lambda: _between(model)),
        float(through.var(axis=0, ddof=1).sum()),
        float(score.var(axis=0, ddof=1).sum()),
    )


def verdict(result: Spread) -> str:
    """Whether the sample's noise is small against what the choice of images brings."""
    within, between = result.within_stddev, result.between_stddev
    figures = (
        f"One-sample losses of this image have a stddev of {within:.2f} nats, losses of different "
        f"images one of {between:.1f}."
    )
    if within < 0.2 * between:
        return (
            f"{figures} **Which images are in the batch matters {between / within:.0f} times as "
            "much as which sample each of them gets.**"
        )
    return (
        f"{figures} **Not here:** the q of this model is so wide for this image that its sample "
        f"matters {within / between:.2f} times as much as the choice of images."
    )


def gradient_sentence(noise: GradientNoise, weights: str = "trained") -> str:
    """What ten samples would save of the gradient's variance, from the measurement."""
    parts = []
    for part in ("encoder", "decoder"):
        one, many = (noise.row(weights, part, BATCH, samples) for samples in (1, MANY))
        parts.append(
            f"{100 * one.share:.0f} % for the {part} (± {100 * one.share_stderr:.0f}), and "
            f"{MANY} samples would lower its variance by {100 * (1 - many.total / one.total):.0f} %"
        )
    return (
        f"In batches of {BATCH} images, ε brings {'; '.join(parts)}. "
        f"{MANY} samples cost {MANY} decodings; ten times as many images lower all of it tenfold."
    )


def _run(subject: Subject) -> Outcome:
    result = spread(subject.model, subject.x, subject.seed)
    numbers = {
        "stddev_of_one_sample_losses": result.within_stddev,
        "stddev_between_images": result.between_stddev,
        "variance_pathwise": result.pathwise,
        "variance_score_function": result.score,
    }
    return Outcome(verdict(result), numbers, (result,))


EXPERIMENT = Experiment(2, "one_sample", _run)
