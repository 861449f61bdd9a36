"""Claim 9: where price and KL balance, the price is about half a nat a dimension."""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array, in_parts
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from ..maths.estimators import Estimate
from ..models.naming import spoken
from .balance import Balance, balance
from .claim_4_point import Shrinking, shrink
from .experiment import Experiment, Outcome
from .least import losses_around
from .phrases import bounded, significant
from .rule import Rule, contrary, share
from .subject import Subject

__all__ = ["CLOSE", "EXPERIMENT", "Slopes", "rule", "slopes", "verdict"]

CLOSE = 0.25  # nats: so near a nat the price is called about one
SIDE, REACH = 31, 5.0  # of the lattice of the slope, in stddevs of q
FACTORS = np.geomspace(0.05, 8.0, 41)  # around the best one
LARGEST = 3.0  # σ that is drawn


@dataclass(frozen=True)
class Slopes:
    """What pulls at the width of one image's q, in nats per factor e of its stddev.

    Attributes:
        stddev: √(tr Σ/d) along the curves, `(points,)`, rising.
        price: of σ, in nats.
        rising: slope of the price in ln c.
        falling: d - tr Σ, the slope by which the KL falls.
        best: √(tr Σ/d) where -ELBO is least.
        best_price: price of σ there, with the bound of its error.
        half_slope: (d - tr Σ)/2 there.
        dimensions: d.
        inside: False where -ELBO still falls at the largest σ that is tried.
    """

    stddev: Array
    price: Array
    rising: Array
    falling: Array
    best: float
    best_price: tuple[float, float]
    half_slope: float
    dimensions: int
    inside: bool


def slopes(model: LoadedModel, x: Array) -> Slopes:
    """The two slopes along c·σ for one image, and the price where they balance."""
    return slopes_of(model, x, shrink(model, x))


def slopes_of(model: LoadedModel, x: Array, found: Shrinking) -> Slopes:
    """The same, where the least -ELBO is known."""
    mean, _ = model.network.encode(x[None])
    unit, dimensions = found.unit, len(found.unit)
    rms = float(np.sqrt(np.mean(unit**2)))
    factor = found.best * FACTORS
    factor = factor[factor * rms <= LARGEST]
    at = np.append(factor, found.best)
    losses: Estimate = losses_around(model, x, at[:, None] * unit)
    price = losses.value - found.at_mean
    axis = np.linspace(-REACH, REACH, SIDE)
    epsilon = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    weight = np.exp(gaussian.log_prob(epsilon))
    weight /= weight.sum()

    def rising(c: float) -> float:
        # d E[loss(μ + cσε)]/d ln c = E[∇loss · cσε].
        step = c * unit * epsilon
        slope = in_parts(
            lambda part: model.network.loss_gradient(x, (mean + step[part])), len(step)
        )
        return float(weight @ (slope * step).sum(axis=1))

    spread = np.sum((factor[:, None] * unit) ** 2, axis=1)
    best_spread = float(np.sum((found.best * unit) ** 2))
    return Slopes(
        stddev=factor * rms,
        price=price[:-1],
        rising=np.array([rising(float(c)) for c in factor]),
        falling=dimensions - spread,
        best=found.best * rms,
        best_price=(float(price[-1]), float(losses.error[-1])),
        half_slope=0.5 * (dimensions - best_spread),
        dimensions=dimensions,
        inside=found.bound.inside,
    )


def rule(found: Balance, name: str) -> Rule:
    """The price where price and KL balance, over many test images."""
    price, half = found.price[found.inside], found.half_slope[found.inside]
    if not len(price):
        return Rule("For no test image the two slopes balance at a σ that is tried.")
    low, middle, high = np.quantile(price, [0.25, 0.5, 0.75])
    close = np.abs(price - half) <= CLOSE
    return Rule(
        f"Under {name}, where −ELBO is least along c·σ, the price has a median of {middle:.2f} "
        f"nats over {len(price)} test images, half of them from {low:.2f} to {high:.2f}; "
        f"(d − tr Σ)/2 is {np.median(half):.2f}. For {share(close)} the two differ by at most "
        f"{CLOSE} nats.",
        bool(np.mean(close) > 0.5),
    )


def verdict(result: Slopes, usual: bool | None = None) -> str:
    """Whether the price is half the slope of the KL, from the curves."""
    price, error = result.best_price
    if not result.inside:
        return (
            f"−ELBO still falls at σ = {significant(result.best)}, twice the encoder's. "
            f"{contrary(usual)} the two slopes do not balance at a σ that is tried."
        )
    figures = (
        f"−ELBO is least at σ = {significant(result.best)}. There the price is "
        f"{bounded(price, error)} nats, and (d − tr Σ)/2 = {result.half_slope:.2f}."
    )
    if abs(price - result.half_slope) <= CLOSE + error:
        each = price / result.dimensions
        return (
            f"{figures} **About half a nat for each dimension: {each:.2f} in each of "
            f"{result.dimensions}.**"
        )
    return (
        f"{figures} {contrary(usual)} the loss around this mean is no parabola as far as q "
        "reaches, so that its slope is not twice the price."
    )


def _run(subject: Subject) -> Outcome:
    result = slopes(subject.model, subject.x)
    numbers = {
        "best_stddev": result.best,
        "price": result.best_price[0],
        "half_slope_of_kl": result.half_slope,
    }
    usual = rule(balance(subject.model), spoken(subject.model.metadata)).usual
    return Outcome(verdict(result, usual), numbers, (result,))


EXPERIMENT = Experiment(9, "one_nat", _run, needs_q=False)
