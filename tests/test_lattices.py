"""Lattices: one lattice from all levels, right sums, and bounds that hold for folds."""

import math

import numpy as np
import pytest

from vae_core.maths import lattices
from vae_core.maths.estimators import Estimate


def estimate(function: object, last: int) -> Estimate:
    """E over N(0, I) of a function of points `(points, 2)`, with all levels up to `last`."""
    nodes, weights, half = lattices.levels(0, last)
    values = function(nodes)  # type: ignore[operator]
    sums = np.bincount(half, weights * values, 2 * last + 2).reshape(-1, 2)
    mass = np.bincount(half, weights, 2 * last + 2).reshape(-1, 2)
    return lattices.judged(sums, mass)


@pytest.mark.parametrize("last", range(6))
def test_all_levels_together_are_one_square_lattice(last: int) -> None:
    nodes, _, _ = lattices.levels(0, last)
    assert len(nodes) == pytest.approx(95 * 2**last, rel=0.05)
    spacing = lattices.COARSEST / math.sqrt(2) ** last
    apart = np.hypot(*(nodes[:, None] - nodes[None, : len(nodes) // 4]).T)
    apart[apart == 0] = np.inf
    inner = np.hypot(*nodes[: len(nodes) // 4].T) < lattices.REACH - 1.5 * spacing
    assert apart.min() == pytest.approx(spacing, abs=1e-9)
    # Four nearest neighbours each.
    near = (apart < 1.01 * spacing).sum(axis=1)
    assert (near[inner] == 4).all()


@pytest.mark.parametrize("level", range(1, 6))
def test_the_halves_are_lattices_of_equal_mass(level: int) -> None:
    (black, black_weights), (white, white_weights) = lattices.lattice(level)
    assert abs(len(black) - len(white)) <= 0.06 * len(black)
    assert black_weights.sum() == pytest.approx(white_weights.sum(), rel=2e-3)


@pytest.mark.parametrize("last", range(1, 6))
def test_moments(last: int) -> None:
    # A cubic, whose average a coarse lattice gets right to exp(-2π²/h²).
    found = estimate(lambda u: 3 + u[:, 0] + 2 * u[:, 1] ** 2 + u[:, 0] ** 2 * u[:, 1], last)
    assert float(found.value) == pytest.approx(5, abs=2e-3 if last == 1 else 2e-5)


@pytest.mark.parametrize("last", range(2, 6))
def test_bounds_hold_for_folds(last: int) -> None:
    rng = np.random.default_rng(last)
    beyond = 0
    for _ in range(200):
        angle, place = rng.uniform(0, 2 * np.pi), rng.normal()
        normal = np.array([np.cos(angle), np.sin(angle)])
        # E|n·u - d| = sqrt(2/π) exp(-d²/2) + d erf(d/√2)
        true = math.sqrt(2 / math.pi) * math.exp(-(place**2) / 2) + place * math.erf(
            place / math.sqrt(2)
        )
        found = estimate(lambda u, n=normal, d=place: np.abs(u @ n - d), last)
        beyond += abs(float(found.value) - true) > float(found.error)
    assert beyond <= 4  # of 200 single folds, the hardest case: with many the errors average


def test_a_change_that_is_small_by_chance_does_not_stand_alone() -> None:
    mass = np.ones((4, 2))
    # The averages of the last two levels agree; those before did not.
    sums = np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5], [0.5, 0.5]])
    found = lattices.judged(sums, mass)
    assert float(found.value) == 0.5
    # Levels 0 and 1 average 0 and 0.5: two levels ago a change of 0.5.
    assert float(found.error) == pytest.approx(1.3 * 0.4**2 * 0.5, abs=1e-3)
