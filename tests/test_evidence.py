"""Exact evidence: against the closed form of a linear decoder, and where it refuses to answer."""

from functools import partial

import numpy as np
import pytest

from tests.oracles import LinearGaussian, dense_expectation, random_network
from vae_core.inference.evidence import Evidence, EvidenceGrid, _contrast
from vae_core.maths import gaussian
from vae_core.models.settings import ModelConfig

# Noise of the decoder, from a posterior as wide as the prior to one of stddev 0.002, which no
# point of the coarse lattice need come near.
NOISES = [3.0, 1.0, 0.3, 0.1, 0.03, 0.01]


def images(decoder: LinearGaussian, seed: int, count: int = 12) -> np.ndarray:
    return decoder.draw(np.random.default_rng(seed + 1000).normal(size=(count, 2)), seed)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("seed", range(3))
def test_linear_decoder(seed: int, noise: float) -> None:
    decoder = LinearGaussian.random(seed, noise)
    x = images(decoder, seed)
    evidence = EvidenceGrid(decoder)(x, tolerance=1e-8)
    np.testing.assert_allclose(evidence.log_evidence, decoder.log_evidence(x), rtol=0, atol=1e-6)
    covariance = np.broadcast_to(decoder.posterior_covariance(), (len(x), 2, 2))
    np.testing.assert_allclose(evidence.covariance, covariance, rtol=0, atol=1e-6)
    np.testing.assert_allclose(evidence.mean, decoder.posterior_mean(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("seed", range(3, 6))
def test_default_tolerance_is_kept(seed: int, noise: float) -> None:
    decoder = LinearGaussian.random(seed, noise)
    x = images(decoder, seed)
    evidence = EvidenceGrid(decoder)(x)
    off = np.abs(evidence.log_evidence - decoder.log_evidence(x))
    assert (evidence.error < 1e-3).all()
    assert (off < 1e-4).all()  # a tenth of the tolerance


def test_coarse_lattice_sums_to_the_evidence_of_a_wide_posterior() -> None:
    decoder = LinearGaussian.random(seed=7, noise=1.5)
    x = images(decoder, 7)
    joint = EvidenceGrid(decoder).log_joint(x)
    np.testing.assert_allclose(
        np.log(np.exp(joint).sum(axis=1)), decoder.log_evidence(x), rtol=0, atol=1e-9
    )


def test_many_images_keep_their_order() -> None:
    decoder = LinearGaussian.random(seed=8, noise=0.3)
    x = images(decoder, 8, count=600)
    evidence = EvidenceGrid(decoder)(x)
    np.testing.assert_allclose(evidence.log_evidence, decoder.log_evidence(x), rtol=0, atol=1e-4)
    np.testing.assert_allclose(evidence.mean, decoder.posterior_mean(x), rtol=0, atol=1e-4)


@pytest.mark.parametrize("distance", [7.9, 12.0])
def test_refuses_where_mass_reaches_the_edge(distance: float) -> None:
    decoder = LinearGaussian(np.eye(2), np.zeros(2), 0.05)
    x = np.array([[0.3, 0.4], [distance, 0.0]])  # the second posterior lies at or past the edge
    evidence = EvidenceGrid(decoder)(x)
    np.testing.assert_array_equal(np.isnan(evidence.log_evidence), [False, True])
    assert evidence.edge_mass[0] < 1e-6 < evidence.edge_mass[1]
    assert evidence.log_evidence[0] == pytest.approx(decoder.log_evidence(x)[0], abs=1e-4)
    wider = EvidenceGrid(decoder, half_width=16)(x)
    np.testing.assert_allclose(wider.log_evidence, decoder.log_evidence(x), rtol=0, atol=1e-4)


def test_two_separate_modes() -> None:
    # log p(x|z) depends on |z₁| only: the posterior has a mode on either side.
    class Folded(LinearGaussian):
        def features(self, z: np.ndarray) -> np.ndarray:
            return np.abs(z)

    folded = Folded(np.eye(2), np.zeros(2), 0.04)
    straight = LinearGaussian(folded.weight, folded.bias, folded.noise)
    x = np.array([[1.5, 0.7]])
    evidence = EvidenceGrid(folded)(x, tolerance=1e-8)
    expected = straight.log_evidence(x) + np.log(4)
    np.testing.assert_allclose(evidence.log_evidence, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(evidence.mean, 0, atol=1e-6)


def test_evidence_bounds_the_elbo_of_a_network() -> None:
    config = ModelConfig(image_shape=(6, 5), hidden=(16,))
    network = random_network(config)
    rng = np.random.default_rng(9)
    x, mean, stddev = rng.uniform(size=(8, 30)), rng.normal(size=(8, 2)), np.full((8, 2), 0.3)
    evidence = EvidenceGrid(network)(x)

    def expected(mean: np.ndarray, stddev: np.ndarray) -> np.ndarray:
        pairs = zip(x, mean, stddev, strict=True)
        return np.array(
            [
                dense_expectation(partial(network.reconstruction_loss, row), m, s)
                for row, m, s in pairs
            ]
        )

    elbo = -expected(mean, stddev) - gaussian.kl(mean, stddev)
    assert (elbo < evidence.log_evidence + evidence.error).all()
    # At its own moments a Gaussian q comes closer than at others.
    diagonal = np.sqrt(np.diagonal(evidence.covariance, axis1=1, axis2=2))
    best = -expected(evidence.mean, diagonal) - gaussian.kl(evidence.mean, diagonal)
    assert (best > elbo).all()


def test_evidence_of_a_network_equals_a_plain_sum() -> None:
    network = random_network(ModelConfig(image_shape=(6, 5), hidden=(16,)), seed=3)
    x = np.random.default_rng(10).uniform(size=(5, 30))
    axis = np.linspace(-8, 8, 641)
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    log_prior = gaussian.log_prob(z) + 2 * np.log(axis[1] - axis[0])
    expected = [np.log(np.exp(log_prior - network.reconstruction_loss(row, z)).sum()) for row in x]
    for tolerance in (1e-1, 1e-2, 1e-3):
        evidence = EvidenceGrid(network)(x, tolerance)
        assert (evidence.error <= tolerance).all()
        assert (np.abs(evidence.log_evidence - expected) <= evidence.error + 1e-4).all()
    np.testing.assert_allclose(evidence.log_evidence, expected, rtol=0, atol=1e-3)


def test_a_change_that_is_small_by_chance_is_no_bound() -> None:
    # Two cells whose weights are exchanged from one quarter to another: the sum stands still.
    quarters = np.array([[4.0, 1.0, 4.0, 1.0], [1.0, 1.0, 1.0, 1.0]])
    apart = _contrast(quarters)
    assert apart[0] == pytest.approx(0.5 * np.log(4), abs=1e-12)
    assert apart[1] == 0


def test_what_belongs_to_a_decoder_is_computed_once() -> None:
    grid = EvidenceGrid(LinearGaussian.random(seed=13, noise=1.0))
    first = grid.once("key", object)
    assert grid.once("key", object) is first


def test_fields_are_per_image() -> None:
    decoder = LinearGaussian.random(seed=12, noise=1.0)
    evidence = EvidenceGrid(decoder)(images(decoder, 12, count=3))
    shapes = {name: getattr(evidence, name).shape for name in Evidence.__dataclass_fields__}
    assert shapes == {
        "log_evidence": (3,),
        "error": (3,),
        "edge_mass": (3,),
        "mean": (3, 2),
        "covariance": (3, 2, 2),
    }
