"""E over q of the loss: against dense sums, within its bound, by each of its methods."""

from functools import cache, partial

import numpy as np
import pytest

from tests.oracles import dense_expectation, random_network
from vae_core.inference.evidence import EvidenceGrid
from vae_core.inference.folds import Folds, has_straight_folds
from vae_core.inference.integrals import (
    FEW_CELLS,
    TABLE_CELLS,
    expected_loss,
    rough_expected_loss,
    softplus_table,
)
from vae_core.inference.softplus_table import SoftplusTable
from vae_core.models.network import Network
from vae_core.models.settings import ModelConfig

X = np.random.default_rng(0).uniform(size=(6, 30)).astype(np.float32)
MEAN = np.random.default_rng(1).normal(size=(6, 2))


@cache
def network(depth: int = 1) -> Network:
    return random_network(ModelConfig(image_shape=(6, 5), hidden=(24,) * depth), seed=depth)


@cache
def grid(depth: int = 1) -> EvidenceGrid:
    return EvidenceGrid(network(depth))


def dense(depth: int, stddev: np.ndarray) -> np.ndarray:
    return np.array(
        [
            dense_expectation(partial(network(depth).reconstruction_loss, x), m, s)
            for x, m, s in zip(X, MEAN, stddev, strict=True)
        ]
    )


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("width", [0.0, 0.02, 0.2, 0.4, 0.6, 2.0])
@pytest.mark.parametrize("tolerance", [5e-3, 0.2])
def test_within_its_bound(depth: int, width: float, tolerance: float) -> None:
    stddev = width * np.array([[1.0, 0.7]] * len(X))
    found = expected_loss(network(depth), grid(depth), X, MEAN, stddev, tolerance)
    expected = dense(depth, stddev)
    assert (np.abs(found.value - expected) <= found.error + 2e-4).all()
    assert (found.error > 0).all()
    if width <= 0.2:
        assert (found.error <= tolerance).all()


def test_a_q_without_width_is_its_mean() -> None:
    found = expected_loss(network(), grid(), X, MEAN, np.zeros((6, 2)))
    np.testing.assert_allclose(found.value, network().reconstruction_loss(X, MEAN), atol=1e-4)


def test_what_scripts_downloaded_earlier_pass_changes_nothing() -> None:
    stddev = np.full((6, 2), 0.1)
    new = expected_loss(network(), grid(), X, MEAN, stddev, tolerance=0.02)
    old = expected_loss(network(), grid(), X, MEAN, stddev, tolerance=0.02, max_order=32)
    np.testing.assert_array_equal(new.value, old.value)


def test_folds_take_the_folds_away() -> None:
    one = network()
    mean, stddev = np.array([0.2, -0.4]), np.array([0.5, 0.3])
    statistics = one.statistics(X[0]).astype(np.float64)
    folds = Folds(one, statistics, mean, stddev)

    def rough(values: np.ndarray, spacing: float) -> float:
        """The largest second difference: of order h for a fold, of h² without."""
        return float(np.abs(np.diff(values, 2)).max() / spacing)

    line = np.linspace(-2, 2, 4001)
    u = np.stack([line, 0.3 + 0.5 * line], axis=-1)
    z = mean + stddev * u
    loss = one.reconstruction_loss(X[0].astype(np.float64), z)
    smooth = loss - folds(u, one.features(z))
    assert rough(smooth, line[1] - line[0]) < 0.2 * rough(loss, line[1] - line[0])
    expected = dense_expectation(
        lambda z: folds((z - mean) / stddev, one.features(z)), mean, stddev, side=501
    )
    assert folds.expectation == pytest.approx(expected, abs=2e-3)


def test_only_one_hidden_layer_has_straight_folds() -> None:
    assert has_straight_folds(network(1))
    assert not has_straight_folds(network(2))


@pytest.mark.parametrize("level", [0, 1])
def test_tables(level: int) -> None:
    table = SoftplusTable(network(), half_width=8.0)
    stddev = np.tile([1.5, 1.1], (6, 1)) * 2**level
    found = table.expected_loss(level, X, MEAN, stddev)
    expected = [
        dense_expectation(partial(network().reconstruction_loss, x), m, s, side=401)
        for x, m, s in zip(X, MEAN, stddev, strict=True)
    ]
    # The larger table cuts off what lies beyond 16.
    assert (np.abs(found.value - expected) <= found.error + 1e-3 * (1 + 9 * level)).all()
    assert (found.error < 0.05).all()


def test_which_table_holds_a_q() -> None:
    table = SoftplusTable(network(), half_width=10.0, spacing=1 / 16)
    mean = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 8.0], [0.0, 30.0], [0.0, 8.0]])
    stddev = np.array([[1.0, 1.0], [1.0, 0.4], [1.0, 1.0], [1.0, 1.0], [1.0, 0.9]])
    assert table.level(mean, stddev, TABLE_CELLS).tolist() == [0, -1, 1, -1, -1]
    assert table.level(mean, stddev, FEW_CELLS).tolist() == [0, 0, 1, -1, 1]
    deep = SoftplusTable(network(2), half_width=10.0)
    assert (deep.level(mean, stddev, FEW_CELLS) == -1).all()


def test_a_table_is_made_once_for_a_grid() -> None:
    table = softplus_table(network(), grid())
    assert softplus_table(network(), grid()) is table
    assert table.table(0) is table.table(0)


def test_rough_values_are_near() -> None:
    for stddev in (np.full((6, 2), 0.05), np.ones((6, 2))):
        rough = rough_expected_loss(network(), grid(), X, MEAN, stddev)
        exact = expected_loss(network(), grid(), X, MEAN, stddev)
        np.testing.assert_allclose(rough, exact.value, atol=0.05)
