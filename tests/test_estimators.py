"""Estimators: exact where they must be, honest about their errors elsewhere."""

from itertools import pairwise
from math import prod

import numpy as np
import pytest

from tests.oracles import LinearGaussian
from vae_core.maths import gaussian
from vae_core.maths.estimators import (
    gauss_hermite,
    importance_weighted_bound,
    monte_carlo,
    predicted_price,
)


def moment(degree: int) -> float:
    """E[ε^degree] for ε ~ N(0, 1): a double factorial, or zero."""
    return 0.0 if degree % 2 else float(prod(range(1, degree, 2)))


@pytest.mark.parametrize("order", [1, 2, 3, 5, 8])
def test_gauss_hermite_is_exact_for_polynomials(order: int) -> None:
    nodes, weights = gauss_hermite(order)
    for i in range(2 * order):
        for j in range(2 * order):
            value = weights @ (nodes[:, 0] ** i * nodes[:, 1] ** j)
            assert value == pytest.approx(moment(i) * moment(j), rel=1e-10, abs=1e-6)


@pytest.mark.parametrize("order", [1, 3, 24, 64])
@pytest.mark.parametrize("dim", [1, 2])
def test_gauss_hermite_weights(order: int, dim: int) -> None:
    nodes, weights = gauss_hermite(order, dim)
    assert nodes.shape == (order**dim, dim)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert (weights > 0).all()


def test_monte_carlo() -> None:
    losses = np.array([[1.0, 5.0], [2.0, 5.0], [6.0, 5.0]])
    result = monte_carlo(losses)
    np.testing.assert_allclose(result.value, [3, 5], rtol=1e-12)
    np.testing.assert_allclose(result.error, [np.sqrt(7 / 3), 0], rtol=1e-12)


def test_monte_carlo_of_one_sample_has_no_error() -> None:
    result = monte_carlo(np.array([[1.0, 5.0]]))
    np.testing.assert_array_equal(result.value, [1, 5])
    assert np.isnan(result.error).all()


def test_monte_carlo_error_is_calibrated() -> None:
    losses = np.random.default_rng(1).normal(3.0, 2.0, size=(400, 5000))
    result = monte_carlo(losses)
    assert np.std((result.value - 3.0) / result.error) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("stddev", [[0.1, 0.1], [1.0, 1.0], [0.6, 0.9]])
def test_price_is_exact_for_an_optimal_stddev_and_a_quadratic(stddev: list[float]) -> None:
    curvature = 1 / np.square(stddev) - 1  # the stddev is optimal: σ² (h + 1) = 1
    nodes, weights = gauss_hermite(4)  # exact for a quadratic
    result = weights @ (0.5 * (stddev * nodes) ** 2 @ curvature)
    np.testing.assert_allclose(result, predicted_price(np.array(stddev)), atol=1e-12)


@pytest.fixture(scope="module")
def decoder() -> LinearGaussian:
    return LinearGaussian.random(seed=4, noise=0.8)


def bounds(decoder: LinearGaussian, samples: int, draws: int) -> tuple[np.ndarray, float, float]:
    """Many bounds for one image with a q that is far off; log p(x) and the exact ELBO."""
    x = decoder.draw(np.array([[0.7, -0.3]]), seed=5)
    mean = np.broadcast_to(decoder.posterior_mean(x) + 0.3, (draws, 2))
    stddev = np.broadcast_to(2 * np.sqrt(np.diag(decoder.posterior_covariance())), (draws, 2))
    epsilon = np.random.default_rng(6).normal(size=(samples, draws, 2))
    z = gaussian.reparameterize(mean, stddev, epsilon)
    bound = importance_weighted_bound(decoder.loss(x, z), z, mean, stddev)
    nodes, weights = gauss_hermite(4)  # exact for a quadratic
    loss = weights @ decoder.loss(x, gaussian.reparameterize(mean[0], stddev[0], nodes))
    elbo = -loss - gaussian.kl(mean[0], stddev[0])
    return bound, decoder.log_evidence(x)[0], elbo


def test_bound_of_one_sample_is_the_elbo(decoder: LinearGaussian) -> None:
    bound, _, elbo = bounds(decoder, samples=1, draws=20_000)
    estimate = monte_carlo(bound)
    assert abs(estimate.value - elbo) < 4 * estimate.error
    mean, stddev, z = np.array([0.2, -0.1]), np.array([0.5, 0.6]), np.array([[0.3, 0.4]])
    one = importance_weighted_bound(np.array([7.0]), z, mean, stddev)
    expected = -7.0 + gaussian.log_prob(z[0]) - gaussian.log_prob(z[0], mean, stddev)
    assert one == pytest.approx(expected, abs=1e-12)


def test_bound_rises_with_samples_to_log_evidence(decoder: LinearGaussian) -> None:
    averages = []
    for samples in (1, 4, 16, 64):
        bound, log_evidence, elbo = bounds(decoder, samples, draws=4000)
        averages.append(monte_carlo(bound))
    for less, more in pairwise(averages):
        assert more.value - less.value > 3 * np.hypot(less.error, more.error)
    assert elbo < averages[-1].value < log_evidence + 4 * averages[-1].error
    bound, log_evidence, _ = bounds(decoder, samples=200_000, draws=1)
    assert bound[0] == pytest.approx(log_evidence, abs=0.01)


def test_bound_is_exact_at_the_true_posterior() -> None:
    decoder = LinearGaussian(np.diag([1.5, 0.5]), np.zeros(2), 0.7)  # its posterior is diagonal
    x = decoder.draw(np.array([[0.4, 1.0]]), seed=7)
    mean = decoder.posterior_mean(x)[0]
    stddev = np.sqrt(np.diag(decoder.posterior_covariance()))
    z = gaussian.reparameterize(mean, stddev, np.random.default_rng(8).normal(size=(50, 2)))
    for k in (1, 50):
        bound = importance_weighted_bound(decoder.loss(x, z[:k]), z[:k], mean, stddev)
        assert bound == pytest.approx(decoder.log_evidence(x)[0], abs=1e-12)


def test_bound_does_not_underflow() -> None:
    z = np.zeros((3, 2))
    bound = importance_weighted_bound(np.full(3, 1e5), z, np.zeros(2), np.ones(2))
    assert bound == pytest.approx(-1e5, abs=1e-9)
