"""Where curves over q's width are least, and how much of the prior lies far from all codes."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .reference import Array, Net, Value, expected_loss, kl

__all__ = ["READINGS", "Curve", "Reading", "hole_share", "least", "printed", "shrunk"]

Curve = Callable[[float, bool], Value]  # at ln of a width; the second says whether roughly will do

ROUGH = 1 / 8  # spacing: tells where the lowest points are
POINTS = 45  # of the first look
NEAR = 0.5  # nats: a valley of the first look that is not deeper by more is looked into
STEPS = 8  # of a golden section: 2 % of its bracket
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Reading:
    """How one recipe reads its head s: it samples σ = factor exp(rate s), its KL says exp(s/2)."""

    factor: float
    rate: float

    def described(self, sampled: float) -> float:
        return float((sampled / self.factor) ** (0.5 / self.rate))


# In the order of the claim: both right, the noise .1, the logarithm of σ, both slips.
READINGS = (Reading(1, 0.5), Reading(0.1, 0.5), Reading(1, 1), Reading(0.1, 1))


def _loss(model: Net, x: NDArray[np.floating], mean: Array, stddev: Array, rough: bool) -> Value:
    if rough:
        return expected_loss(model, x, mean, stddev, finest=ROUGH, coarsest=ROUGH)
    return expected_loss(model, x, mean, stddev)


def shrunk(model: Net, x: NDArray[np.floating]) -> Curve:
    """-ELBO of a q whose stddev is multiplied by c, at ln c; without a q from stddev 1."""
    mean, stddev = model.encode(x)
    unit = stddev if stddev.any() else np.ones(2)

    def curve(t: float, rough: bool = False) -> Value:
        loss, error = _loss(model, x, mean, math.exp(t) * unit, rough)
        return loss + kl(mean, math.exp(t) * unit), error

    return curve


def printed(model: Net, x: NDArray[np.floating]) -> Callable[[Reading], Curve]:
    """For each reading what it prints where both stddevs are σ, at ln σ."""
    mean, _ = model.encode(x)

    @cache  # the readings share the losses
    def loss_at(t: float, rough: bool) -> Value:
        return _loss(model, x, mean, np.full(2, math.exp(t)), rough)

    def of(reading: Reading) -> Curve:
        def curve(t: float, rough: bool = False) -> Value:
            loss, error = loss_at(t, rough)
            return loss + kl(mean, np.full(2, reading.described(math.exp(t)))), error

        return curve

    return of


def least(curve: Curve, low: float, high: float) -> Value:
    """The least value of a curve between two widths, and how far it may be off."""
    points = np.linspace(math.log(low), math.log(high), POINTS)
    values = np.array([curve(t, True)[0] for t in points])
    padded = np.concatenate([[math.inf], values, [math.inf]])
    valley = (values <= padded[:-2]) & (values <= padded[2:]) & (values < values.min() + NEAR)
    return min(
        _golden(curve, points[max(i - 1, 0)], points[min(i + 1, POINTS - 1)])
        for i in map(int, np.flatnonzero(valley))
    )


def _golden(curve: Curve, a: float, b: float) -> Value:
    """The lowest of all points of a golden section of [a, b], its ends among them."""
    c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
    at_c, at_d = curve(c, False), curve(d, False)
    found = [curve(a, False), curve(b, False), at_c, at_d]
    for _ in range(STEPS):
        if at_c < at_d:
            b, d, at_d = d, c, at_c
            c = b - GOLDEN * (b - a)
            at_c = curve(c, False)
            found.append(at_c)
        else:
            a, c, at_c = c, d, at_d
            d = a + GOLDEN * (b - a)
            at_d = curve(d, False)
            found.append(at_d)
    return min(found)


def hole_share(codes: Array, radius: float, step: float = 0.01, edge: float = 5.5) -> float:
    """Mass of N(0, I) farther than `radius` from every code.

    Of each line of constant z₁, `step` apart, the discs cover intervals, whose mass is known.

    Args:
        codes: `(images, 2)`.
        radius: of the discs.
        step: between the lines.
        edge: of the first and the last.
    """
    x, y = codes[np.argsort(codes[:, 1])].T
    lines = np.arange(-edge + step / 2, edge, step)
    density = np.exp(-0.5 * lines**2)
    free = np.empty(len(lines))
    for k, line in enumerate(lines):
        cut = np.abs(x - line) < radius
        half = np.sqrt(radius**2 - (x[cut] - line) ** 2)
        order = np.argsort(y[cut] - half)
        starts, ends = (y[cut] - half)[order], np.maximum.accumulate((y[cut] + half)[order])
        # A gap lies where the next disc starts behind all ends so far.
        gap = np.flatnonzero(starts[1:] > ends[:-1])
        below = np.concatenate([[-math.inf], ends[gap], ends[-1:]])
        above = np.concatenate([starts[:1], starts[1:][gap], [math.inf]])
        if not len(starts):
            below, above = np.array([-math.inf]), np.array([math.inf])
        free[k] = sum(_below(b) - _below(a) for a, b in zip(below, above, strict=True))
    return float(density @ free / density.sum())


def _below(value: float) -> float:
    """Mass of N(0, 1) below a value."""
    return 0.5 * math.erfc(-value / math.sqrt(2))
