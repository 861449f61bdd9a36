"""The standard error beside an average over K samples covers the dense value as often as it should.

(average - E) / stderr is about t-distributed with K - 1 degrees of freedom.
"""

import math
from functools import cache

import numpy as np
import pytest

from vae_core.experiments.choices import Choices
from vae_core.experiments.view import draw_epsilon, view_of
from vae_core.maths import gaussian
from vae_core.maths.estimators import monte_carlo

from .judging import loaded
from .reference import NAMES, Array
from .references import Stored
from .views import View, view

STORED = Stored()
COUNTS = (8, 16, 64, 256)
SHARE = 0.95  # that a two-sided interval of this size should cover
OFF = 0.05  # how far the average over views may lie from what should be
WITH_Q = tuple(name for name in NAMES if name != "autoencoder")
FEW, FEW_SEEDS = 3, 20
MANY, MANY_SEEDS = 25, 200


def within(t: float, freedom: int) -> float:
    """Probability that |T| <= t for Student's T: Simpson's rule over the density."""
    at = np.linspace(0, t, 2001)
    log_scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    density = np.exp(log_scale - (freedom + 1) / 2 * np.log1p(at**2 / freedom))
    density /= math.sqrt(freedom * math.pi)
    weights = np.ones(2001)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    return float(2 * (weights @ density) * t / 2000 / 3)


def quantile(share: float, freedom: int) -> float:
    """The t that |T| stays below with this probability, by bisection."""
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle, freedom) < share else (low, middle)
    return low


@cache
def noisy(count: int) -> list[int]:
    """Some views of every model with a q, with noise in them."""
    rng = np.random.default_rng(3)
    found: list[int] = []
    for name in WITH_Q:
        mine = np.arange(NAMES.index(name), len(STORED.value), len(NAMES))
        there = [n for n in mine if np.isfinite(STORED.value[n]) and view(int(n)).scale > 0]
        found += map(int, rng.choice(there, min(len(there), count), replace=False))
    return found


def sampled(one: View, k: int, seed: int) -> Array:
    """Losses at K samples as a view draws them, without the rest of the view."""
    network = loaded(one.model).network
    mean, stddev = network.encode(one.x[None])
    z = gaussian.reparameterize(mean[0], one.scale * stddev[0], draw_epsilon(seed, k))
    return network.reconstruction_loss(one.x, z).astype(np.float64)


def distances(views: list[int], seeds: int) -> dict[int, Array]:
    """|average - dense value| in standard errors for each K, `(views, seeds)`."""
    found: dict[int, list[Array]] = {k: [] for k in COUNTS}
    for number, n in enumerate(views):
        one = view(n)
        # The page draws the same noise for all views of a seed: other seeds make them independent.
        first = 1000 * number
        draws = [sampled(one, max(COUNTS), first + seed) for seed in range(seeds)]
        losses = np.stack(draws, axis=1)
        for k in COUNTS:  # a larger K keeps the first samples
            average = monte_carlo(losses[:k])
            found[k].append(np.abs(average.value - STORED.value[n]) / average.error)
    return {k: np.array(rows) for k, rows in found.items()}


def test_quantiles_are_those_of_tables() -> None:
    known = {7: 2.365, 15: 2.131, 63: 1.998, 255: 1.969}
    assert {k: round(quantile(0.95, k), 3) for k in known} == known
    assert within(1.0, 1) == pytest.approx(0.5, abs=1e-6)


def test_a_view_shows_average_and_standard_error_of_its_samples() -> None:
    for n in noisy(1)[::3]:
        one = view(n)
        for k in (min(COUNTS), max(COUNTS)):
            page = view_of(loaded(one.model), one.x, Choices(k=k, scale=one.scale, seed=k))
            own = monte_carlo(sampled(one, k, seed=k))
            assert float(page.sampled_loss.value) == pytest.approx(float(own.value), rel=1e-6)
            assert float(page.sampled_loss.error) == pytest.approx(float(own.error), rel=1e-4)


def check(views: list[int], seeds: int) -> None:
    wrong = []
    for k, distance in distances(views, seeds).items():
        t = quantile(SHARE, k - 1)
        for reach, expected in ((t, SHARE), (1.0, within(1.0, k - 1))):
            share = float((distance <= reach).mean(axis=1).mean())
            if abs(share - expected) > OFF:
                wrong.append(f"K = {k}: {share:.3f} within {reach:.3f}, not {expected:.3f}")
    assert not wrong, f"{len(views)} views, {seeds} seeds: {wrong}"


def test_standard_errors_cover_what_they_should() -> None:
    check(noisy(FEW), FEW_SEEDS)


@pytest.mark.long
def test_standard_errors_cover_what_they_should_in_many_views() -> None:
    check(noisy(MANY), MANY_SEEDS)
