"""E over narrow q's on lattices that many images share: within its bound, and where it pays."""

from functools import partial

import numpy as np
import pytest

from tests.oracles import dense_expectation, random_network
from vae_core.inference import softplus_patches
from vae_core.inference.softplus_patches import SoftplusPatches, shared_losses
from vae_core.inference.softplus_table import linear_part
from vae_core.models.network import Network
from vae_core.models.settings import ModelConfig

COUNT, COMPARED = 2000, 5


def network(depth: int = 1) -> Network:
    return random_network(ModelConfig(image_shape=(6, 5), hidden=(24,) * depth), seed=depth)


def images(count: int = COUNT) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, means and stddevs of three octaves, in one of two directions narrower."""
    rng = np.random.default_rng(5)
    stddev = np.exp(rng.uniform(np.log(0.08), np.log(0.4), (count, 2)))
    return rng.uniform(size=(count, 30)).astype(np.float32), rng.normal(0, 0.4, (count, 2)), stddev


@pytest.mark.parametrize("tolerance", [5e-3, 0.05])
def test_within_the_bound(tolerance: float) -> None:
    x, mean, stddev = images()
    settled, found = shared_losses(network(), x, mean, stddev, tolerance)
    assert settled.mean() > 0.8
    assert (found.error > 0).all()
    assert (found.error <= tolerance).all()
    chosen, place = np.flatnonzero(settled), np.arange(settled.sum())
    for i in np.random.default_rng(6).choice(place, COMPARED, replace=False):
        n = chosen[i]
        loss = partial(network().reconstruction_loss, x[n])
        expected = dense_expectation(loss, mean[n], stddev[n])
        assert abs(found.value[i] - expected) <= found.error[i] + 2e-4


def test_what_lies_on_a_patch_does_not_depend_on_the_others() -> None:
    _, mean, stddev = images(50)
    alone = [SoftplusPatches(network(), 0.02, mean[[i]], stddev[[i]]) for i in range(3)]
    all_of_them, _ = SoftplusPatches(network(), 0.02, mean, stddev).expectations(mean, stddev)
    for i, patches in enumerate(alone):
        value, _ = patches.expectations(mean[[i]], stddev[[i]])
        assert value[0] == pytest.approx(all_of_them[i], abs=1e-5)


def test_the_linear_part_is_an_expectation() -> None:
    x, mean, stddev = images(3)
    found = linear_part(network(), x, mean, stddev)
    for i in range(3):
        expected = dense_expectation(
            lambda z, i=i: network().decode(z).astype(np.float64) @ x[i], mean[i], stddev[i]
        )
        assert found[i] == pytest.approx(expected, abs=1e-3)


def test_an_image_alone_has_a_lattice_of_its_own() -> None:
    x, mean, stddev = images()
    settled, found = shared_losses(network(), x[:1], mean[:1], stddev[:1], 0.05)
    assert not settled.any()
    assert len(found.value) == 0


def test_images_far_apart_share_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, mean, stddev = images(20)
    apart = mean + 1e4 * np.arange(20)[:, None]
    patches = SoftplusPatches(network(), 0.02, apart, stddev)
    assert patches.points == np.inf
    settled, _ = shared_losses(network(), x, apart, stddev, 0.05)
    assert not settled.any()
    monkeypatch.setattr(softplus_patches, "LEAST_SHARED", np.inf)
    settled, _ = shared_losses(network(), x, mean, stddev, 0.05)
    assert settled.all()


def test_a_q_without_width_shares_nothing() -> None:
    x, mean, stddev = images(20)
    settled, _ = shared_losses(network(), x, mean, 0 * stddev, 0.05)
    assert not settled.any()


def test_folds_that_are_no_lines_share_nothing() -> None:
    x, mean, stddev = images()
    settled, _ = shared_losses(network(2), x, mean, stddev, 0.05)
    assert not settled.any()
