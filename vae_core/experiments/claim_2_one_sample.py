"""Claim 2: one sample per image is enough for training."""

from dataclasses import dataclass, field

import numpy as np

from ..arrays import Array, in_parts
from ..inference.integrals import expected_loss
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from ..maths.gradient_estimators import pathwise, score_function
from ..models.checkpoint import Metadata
from ..models.data import ASSETS
from ..models.naming import spoken
from .experiment import Experiment, Outcome
from .gradient_record import WEIGHTS, GradientNoise, Row
from .phrases import ONE_RUN, significant
from .rule import Rule, average, contrary, share
from .subject import Subject
from .view import draw_epsilon

__all__ = [
    "EXPERIMENT",
    "GRADIENTS",
    "Ratio",
    "Spread",
    "batches_sentence",
    "gradient_sentence",
    "history_sentence",
    "routes_sentence",
    "rule",
    "spread",
    "verdict",
]


GRADIENTS = ASSETS / "experiments" / "gradients.json"
DRAWS = 1024
IMAGES = 1000  # test images whose losses are compared
REPEATS = 32  # samples of each of them
FEW = 0.2  # of the spread between images: what a sample brings is small beside it
BATCH = 100  # of the sentences
MANY = 10  # L of the sentences


@dataclass(frozen=True)
class Ratio:
    """A variance over that of the pathwise estimate, with its standard error over the draws."""

    value: float
    stderr: float


@dataclass(frozen=True)
class Spread:
    """How much one-sample losses and gradients vary.

    Attributes:
        losses: of one image at `DRAWS` samples, in nats.
        between: one-sample losses of test images, in nats.
        between_stddev: stddev over these images of E_q[loss], the samples' noise taken out.
        pathwise, score: trace of the variance of one sample's gradient with respect to the mean.
        baselined: of the score function with the loss taken less its mean over q.
        ratio, baselined_ratio: of `score` and `baselined` to `pathwise`.
        variance_stderrs: of `pathwise`, `score` and `baselined`, over the draws.
        between_stderr: of `between_stddev`, from the samples; the images are these ones.
        within: stddev of one-sample losses of each of these images, in nats.
    """

    losses: Array
    between: Array
    between_stddev: float
    pathwise: float
    score: float
    baselined: float
    ratio: Ratio
    baselined_ratio: Ratio
    between_stderr: float = 0.0
    variance_stderrs: tuple[float, float, float] = (0.0, 0.0, 0.0)
    within: Array = field(default_factory=lambda: np.empty(0))

    @property
    def within_stddev(self) -> float:
        return float(self.losses.std(ddof=1))

    @property
    def within_stderr(self) -> float:
        """Standard error of `within_stddev`, by the spread of the squares."""
        squares = np.square(self.losses - self.losses.mean())
        return float(squares.std() / np.sqrt(len(squares)) / (2 * self.within_stddev or 1.0))


def _between(model: LoadedModel) -> tuple[Array, float, float, Array]:
    """One-sample losses of the first test images, the stddev of their expectations, its error.

    And the stddev over the samples of each image.
    """
    x = model.test.pixels(slice(0, IMAGES))
    mean, stddev = model.mean[:IMAGES], model.stddev[:IMAGES]
    epsilon = draw_epsilon(0, REPEATS * len(x)).reshape(REPEATS, len(x), 2)
    losses = np.stack(
        [model.network.reconstruction_loss(x, mean + stddev * one) for one in epsilon]
    ).astype(np.float64)
    # Var over images of an average over R samples = that of the expectation + noise / R.
    noise, average = losses.var(axis=0, ddof=1) / REPEATS, losses.mean(axis=0)
    off = np.square(average - average.mean())
    between = float(np.sqrt(max(off.sum() / (len(x) - 1) - noise.mean(), 0.0)))
    # Of off less noise for one image: 4 off · noise from their product, 2 noise² from its own.
    stderr = np.sqrt((4 * off * noise + 2 * noise**2).mean() / len(x)) / (2 * between or 1.0)
    return losses[0], between, float(stderr), losses.std(axis=0, ddof=1)


def spread(model: LoadedModel, x: Array, seed: int) -> Spread:
    """Losses and gradients at samples of one image's q, and losses of other images."""
    network = model.network
    means, stddevs = network.encode(x[None])
    mean, stddev = means[0], stddevs[0]
    epsilon = draw_epsilon(seed, DRAWS)
    z = gaussian.reparameterize(mean, stddev, epsilon)
    loss = in_parts(lambda part: network.reconstruction_loss(x, z[part]), DRAWS)
    slopes = in_parts(lambda part: network.loss_gradient(x, z[part]), DRAWS)
    expected = expected_loss(network, model.grid, x[None], means, stddevs)
    through, _ = pathwise(slopes, epsilon, stddev)
    score, _ = score_function(loss, epsilon, stddev)
    less, _ = score_function(loss - expected.value[0], epsilon, stddev)
    between, between_stddev, between_stderr, within = model.once(
        "losses between images", lambda: _between(model)
    )
    routes = (through, score, less)
    variances = [float(one.var(axis=0, ddof=1).sum()) for one in routes]
    stderrs = [float(_squares(one).std(ddof=1) / np.sqrt(DRAWS)) for one in routes]
    return Spread(
        losses=loss,
        between=between,
        between_stddev=between_stddev,
        pathwise=variances[0],
        score=variances[1],
        baselined=variances[2],
        ratio=_ratio(score, through),
        baselined_ratio=_ratio(less, through),
        between_stderr=between_stderr,
        variance_stderrs=(stderrs[0], stderrs[1], stderrs[2]),
        within=within,
    )


def _squares(gradient: Array) -> Array:
    """Squared distance from the average of each draw."""
    return np.square(gradient - gradient.mean(axis=0)).sum(axis=1)


def _ratio(one: Array, other: Array) -> Ratio:
    """Ratio of two variances over the same draws; its error by the delta method."""
    squares = [_squares(one), _squares(other)]
    first, second = (float(square.mean()) for square in squares)
    if not first or not second:
        return Ratio(np.nan, np.nan)
    relative = squares[0] / first - squares[1] / second
    ratio = first / second
    return Ratio(ratio, float(ratio * relative.std(ddof=1) / np.sqrt(len(relative))))


def rule(result: Spread) -> Rule:
    """How many images' losses vary little with the sample, of those that are compared."""
    small = np.less(result.within, FEW * result.between_stddev)
    return Rule(
        f"The stddev over samples is {average(result.within)} nats, averaged over "
        f"{len(result.within):,} test images (± one standard error). For {share(small)} of them "
        f"it is less than a fifth of the {result.between_stddev:.2f} by which the loss varies "
        "from image to image.",
        bool(np.mean(small) > 0.5),
    )


def verdict(result: Spread, name: str = "", usual: bool | None = None) -> str:
    """Whether a sample's noise in the loss is small against what the choice of images brings."""
    within, between = result.within_stddev, result.between_stddev
    under = f"Under {name}" if name else "Here"
    figures = (
        f"{under} the loss of this image varies with the sample by {within:.2f} ± "
        f"{result.within_stderr:.2f} nats (stddev of {len(result.losses):,} samples), and the loss "
        f"averaged over q varies with the image by {between:.2f} ± {result.between_stderr:.2f} "
        f"(stddev of {IMAGES:,} test images)."
    )
    if within < FEW * between:
        return (
            f"{figures} **In this loss it matters {significant(between / within)} times as much "
            "which image is in a batch as which sample it gets.** The gradient is another thing: "
            "its shares are measured below."
        )
    return (
        f"{figures} {contrary(usual)} in this image's loss its sample matters "
        f"{significant(within / between)} times as much as the choice of images."
    )


def routes_sentence(result: Spread) -> str:
    """How the two routes of the gradient compare for one image, from the table."""
    ratio = result.baselined_ratio
    if not np.isfinite(ratio.value):
        return "This loss does not change with z: both gradients are 0."
    taken = (
        f"For this image, taking the mean loss off brings the score function from "
        f"{significant(result.ratio.value)} times the pathwise variance to "
        f"{ratio.value:.1f} ± {ratio.stderr:.1f} times"
    )
    if ratio.value - 2 * ratio.stderr > 1:
        return f"{taken}: the route through z is still the less noisy one."
    if ratio.value + 2 * ratio.stderr < 1:
        return f"{taken}: the route through z is the noisier one here."
    return f"{taken}: the two routes cannot be told apart."


def gradient_sentence(noise: GradientNoise, weights: str = "trained", name: str = "") -> str:
    """What ten samples would save of the gradient's variance, from the measurement.

    Args:
        noise: what was measured.
        weights: a key of `WEIGHTS`.
        name: what the model is called; without it, by its folder.
    """
    shares, savings = [], []
    for part in ("encoder", "decoder"):
        one, many = (noise.row(weights, part, BATCH, samples) for samples in (1, MANY))
        shares.append(f"{100 * one.share:.1f} ± {100 * one.share_stderr:.1f} % of the {part}'s")
        saved, error = _saved(one, many)
        savings.append(f"{100 * saved:.1f} ± {100 * error:.1f} %")
    return (
        f"Measured on {name or noise.model}, {WEIGHTS[weights]}, batches of {BATCH}: ε brings "
        f"{shares[0]} and {shares[1]} gradient variance (± one standard error). {MANY} samples an "
        f"image would lower that variance by {savings[0]} and {savings[1]}, for {MANY} times the "
        "decodings; ten times as many images lower it by 90 %."
    )


def batches_sentence(noise: GradientNoise, weights: str = "trained") -> str:
    """How far ε's shares for batches of other sizes lie from those that are drawn."""
    apart = [
        abs(noise.row(weights, part, size, samples).share - row.share)
        for part in ("encoder", "decoder")
        for samples in sorted({row.samples for row in noise.rows})
        for row in [noise.row(weights, part, BATCH, samples)]
        for size in noise.batches
    ]
    sizes = " and ".join(str(size) for size in noise.batches if size != BATCH)
    return (
        f"Batches of {sizes} images would lie within {100 * max(apart):.1f} points of these curves."
    )


def _saved(one: Row, many: Row) -> tuple[float, float]:
    """Share of the variance that more samples take off, with its standard error."""
    left = many.total / one.total
    relative = np.hypot(many.total_stderr / many.total, one.total_stderr / one.total)
    return 1 - left, float(left * relative)


def history_sentence(runs: tuple[Metadata, Metadata], names: tuple[str, str]) -> str:
    """Where two runs with few and many samples end, by steps and by decoded samples."""
    few, many = (np.array(one.history["test_loss"], np.float64) for one in runs)
    draws = [one.training.samples for one in runs]
    work = [
        draw * np.arange(1.0, len(loss) + 1) for draw, loss in zip(draws, (few, many), strict=True)
    ]
    as_many = float(np.interp(work[0][-1], work[1], many))
    return (
        f"−ELBO of the test images under {names[0]} and under {names[1]}: after equally many steps "
        f"L = {draws[0]} ends at {few[-1]:.2f} nats and L = {draws[1]} at {many[-1]:.2f}; after as "
        f"many decoded samples as L = {draws[0]} took in all, L = {draws[1]} stood at "
        f"{as_many:.2f}. {ONE_RUN}"
    )


def _run(subject: Subject) -> Outcome:
    result = spread(subject.model, subject.x, subject.seed)
    numbers = {
        "stddev_of_one_sample_losses": result.within_stddev,
        "stddev_between_images": result.between_stddev,
        "variance_pathwise": result.pathwise,
        "variance_score_function": result.score,
        "variance_score_function_less_mean_loss": result.baselined,
    }
    usual = rule(result).usual
    sentence = verdict(result, spoken(subject.model.metadata), usual)
    return Outcome(sentence, numbers, (result,))


EXPERIMENT = Experiment(2, "one_sample", _run)
