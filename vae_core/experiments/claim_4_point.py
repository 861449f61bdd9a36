"""Claim 4: a q as narrow as a point has an infinite KL."""

from dataclasses import dataclass, field

import numpy as np

from ..arrays import Array
from ..inference.integrals import TOLERANCE, expected_loss
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from ..maths.estimators import Estimate
from .balance import Balance, balance
from .experiment import Experiment, Outcome
from .least import Least, least, losses_around
from .phrases import bounded, significant, within
from .quantity import EXACT, nats
from .rule import Rule, contrary, share
from .subject import Subject

__all__ = [
    "EXPERIMENT",
    "Codes",
    "Shrinking",
    "codes_of",
    "codes_sentence",
    "rule",
    "shrink",
    "verdict",
    "widened",
]


FACTORS = np.geomspace(1e-4, 2.0, 61)
SMALL = 0.01  # below it the KL is a straight line in ln c
DRAWN = 0.02  # nats: of the integrals that are only drawn
NEAR_ONE = (0.8, 1.25)  # where the best factor of a q that fits lies
REACH = 3.0  # of the prior's stddevs
WIDEST = 2.0  # σ that is drawn


@dataclass(frozen=True)
class Shrinking:
    """One image's q with its stddev multiplied by c, in nats.

    Attributes:
        factor: c, `(factors,)`, rising.
        loss: E_q[loss] at each c.
        kl: KL to the prior at each c.
        bound: the least -ELBO over c, at ln c.
        alone: the least E_q[loss] over c, at ln c.
        at_mean: loss at the mean, where c is 0.
        at_one: -ELBO at c = 1, with its error.
        unit: stddev at c = 1, `(2,)`.
    """

    factor: Array
    loss: Array
    kl: Array
    bound: Least
    alone: Least
    at_mean: float
    at_one: tuple[float, float]
    unit: Array = field(default_factory=lambda: np.ones(2))

    @property
    def negative_elbo(self) -> Array:
        return self.loss + self.kl

    @property
    def slope(self) -> float:
        """Of the KL against ln c, for small c: -2 for two dimensions."""
        small = self.factor < SMALL
        return float(np.polyfit(np.log(self.factor[small]), self.kl[small], 1)[0])

    @property
    def best(self) -> float:
        """The factor of the least -ELBO; where it still falls at the largest, that one."""
        return float(np.exp(self.bound.at))

    @property
    def saved(self) -> float:
        """By how much the least -ELBO is below that at c = 1, in nats."""
        return max(self.at_one[0] - self.bound.value, 0.0)

    @property
    def gained(self) -> float:
        """By how much the least loss is below that of the mean, in nats; 0 where no c is seen."""
        gain = self.at_mean - self.alone.value
        return gain if gain > max(self.alone.error, EXACT) else 0.0


@dataclass(frozen=True)
class Codes:
    """Where an autoencoder puts images, and what noise of stddev 1 would do to one.

    Attributes:
        spread: stddev of the codes over the test images, `(2,)`.
        code: of the image, `(2,)`.
        beyond: share of codes more than 3 from the origin; of the prior, 1.1 %.
        loss: at the image's code.
        loss_with_noise: averaged over N(code, I), with its error.
    """

    spread: Array
    code: Array
    beyond: float
    loss: float
    loss_with_noise: float
    error: float = 0.0


def shrink(model: LoadedModel, x: Array) -> Shrinking:
    """Loss and KL as q shrinks; a model without a q starts from stddev 1."""
    mean, stddev = model.network.encode(x[None])
    unit = stddev[0] if model.has_posterior else np.ones(2)
    points = np.log(FACTORS)

    def loss_at(t: Array, tolerance: float = TOLERANCE) -> Estimate:
        return losses_around(model, x, np.exp(t)[:, None] * unit, tolerance)

    def kl_at(t: Array) -> Array:
        return gaussian.kl(mean, np.exp(t)[:, None] * unit)

    def bound_at(t: Array) -> Estimate:
        loss = loss_at(t)
        return Estimate(loss.value + kl_at(t), loss.error)

    loss, kl = loss_at(points, DRAWN), kl_at(points)
    own = loss_at(np.zeros(1))
    at_mean = float(model.network.reconstruction_loss(x, mean)[0])
    bound = least(bound_at, points, Estimate(loss.value + kl, loss.error))
    alone = Least(float(points[0]), at_mean, 0.0, float(points[0]), float(points[0]), inside=False)
    if at_mean - float(loss.value.min()) > EXACT:
        alone = least(loss_at, points, loss)
    at_one = float(own.value[0] + kl_at(np.zeros(1))[0]), float(own.error[0])
    return Shrinking(FACTORS, loss.value, kl, bound, alone, at_mean, at_one, unit)


def widened(model: LoadedModel, x: Array, unit: Array) -> tuple[Array, Array, Array]:
    """Factors beyond those that are searched, up to σ = 2, with loss and KL: to be drawn."""
    mean, _ = model.network.encode(x[None])
    last = WIDEST / float(np.sqrt(np.mean(unit**2)))
    if last <= FACTORS[-1]:
        return np.empty(0), np.empty(0), np.empty(0)
    factor = np.geomspace(FACTORS[-1], last, 28)[1:]
    stddevs = factor[:, None] * unit
    return factor, losses_around(model, x, stddevs, DRAWN).value, gaussian.kl(mean, stddevs)


def codes_of(model: LoadedModel, x: Array) -> Codes:
    """The codes of a model, and the loss around that of one image."""
    mean, _ = model.network.encode(x[None])
    noisy = expected_loss(model.network, model.grid, x[None], mean, np.ones((1, 2)))
    return Codes(
        spread=model.mean.std(axis=0),
        code=mean[0],
        beyond=float(np.mean(np.hypot(*model.mean.T) > REACH)),
        loss=float(model.network.reconstruction_loss(x, mean[0])),
        loss_with_noise=float(noisy.value[0]),
        error=float(noisy.error[0]),
    )


def codes_sentence(found: Codes, name: str) -> str:
    """Where the codes lie, and what noise does to this image's, from the figure."""
    change = found.loss_with_noise - found.loss
    verb = "raises" if change > 0 else "lowers"
    if abs(change) <= found.error:
        verb = "takes"
    code = ", ".join(nats(float(value)) for value in found.code)
    return (
        f"Under {name}, no KL: its codes spread with stddevs {found.spread[0]:.1f} and "
        f"{found.spread[1]:.1f}, and {100 * found.beyond:.1f} % lie more than 3 from the origin, "
        "where 1.1 % of the prior does. This image's is at "
        f"{code}; noise of the prior's stddev 1 around it {verb} the "
        f"loss from {found.loss:.1f} to {found.loss_with_noise:.1f} nats{within(found.error)}."
    )


def rule(found: Balance, has_posterior: bool) -> Rule:
    """Where −ELBO is least for many test images."""
    near = found.inside & (found.factor >= NEAR_ONE[0]) & (found.factor <= NEAR_ONE[1])
    count = len(found.factor)
    if not has_posterior:
        return Rule(
            f"Noise around this network's codes would give the least price + KL at a stddev of "
            f"{significant(float(np.median(found.factor)))} (median of {count} test images); it "
            "was trained with none."
        )
    return Rule(
        f"For {share(near)} test images c of the least −ELBO lies from {NEAR_ONE[0]} to "
        f"{NEAR_ONE[1]}; its median is {significant(float(np.median(found.factor)))}. A point, "
        "c = 0, has an infinite KL for every image.",
        bool(np.mean(near) > 0.5),
    )


def verdict(result: Shrinking, has_posterior: bool, usual: bool | None = None) -> str:
    """Where the bound and the loss alone would put c, from the curves."""
    kl = (
        f"Once q is small, the KL rises by {abs(result.slope):.2f} nats for each factor e by which "
        "it shrinks"
    )
    if result.gained:
        at = float(np.exp(result.alone.at))
        where = f"at c ≈ {significant(at)}" + ("" if result.alone.inside else " or beyond")
        gained = bounded(result.gained, result.alone.error)
        loss = f"the loss alone is least {where}, {gained} nats below that of the mean"
    else:
        loss = "the loss alone is nowhere lower than that of the mean, c = 0"
    if not has_posterior:
        return (
            f"{kl}; {loss} (noise of stddev c). **This model was trained without the KL and "
            "without σ: its q is a point, and −ELBO is infinite.**"
        )
    best, saved = result.best, bounded(result.saved, result.bound.error + result.at_one[1])
    if not result.bound.inside:
        return (
            f"{kl}, {loss}, and −ELBO still falls at c = {significant(best)}. {contrary(usual)} "
            f"the encoder's σ is at most half of the best one, and {saved} nats or more "
            "could be saved."
        )
    where = f"at c ≈ {significant(best)}"
    low, high = float(np.exp(result.bound.low)), float(np.exp(result.bound.high))
    if high > 1.1 * low:
        where += f" (from {significant(low)} to {significant(high)} too flat to tell)"
    least_at = f"−ELBO is least {where}, {saved} nats below that at c = 1"
    if NEAR_ONE[0] <= best <= NEAR_ONE[1]:
        return (
            f"{kl}, {loss}, and {least_at}: **the encoder's own σ is about the best multiple of "
            "itself, and a point would cost infinitely much.**"
        )
    size = "smaller" if best > 1 else "larger"
    return (
        f"{kl}, {loss}, and {least_at}. {contrary(usual)} the σ that this encoder gives the image "
        f"is {size} than its bound asks for."
    )


def _run(subject: Subject) -> Outcome:
    result = shrink(subject.model, subject.x)
    codes = codes_of(subject.other("autoencoder"), subject.x)
    numbers = {
        "best_factor": result.best,
        "least_negative_elbo": result.bound.value,
        "slope_of_kl": result.slope,
        "share_of_codes_beyond_3": codes.beyond,
        "autoencoder_loss": codes.loss,
        "autoencoder_loss_with_noise": codes.loss_with_noise,
    }
    has_posterior = subject.model.has_posterior
    usual = rule(balance(subject.model), has_posterior).usual
    return Outcome(verdict(result, has_posterior, usual), numbers, (result, codes))


EXPERIMENT = Experiment(4, "point", _run, needs_q=False)
