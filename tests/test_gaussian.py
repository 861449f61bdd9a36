"""Gaussians: reference values, and identities between the functions."""

import numpy as np
import pytest

from vae_core.maths import gaussian
from vae_core.maths.estimators import gauss_hermite

MEAN = np.array([1.0, -0.5])
STDDEV = np.array([0.5, 2.0])
COVARIANCE = np.array([[0.5, 0.3], [0.3, 0.4]])


def test_kl_reference_value() -> None:
    assert gaussian.kl(MEAN, STDDEV) == pytest.approx(1.75, abs=1e-12)


def test_full_kl_reference_value() -> None:
    assert gaussian.full_kl(MEAN, COVARIANCE) == pytest.approx(1.17864, abs=5e-6)


def test_kl_of_the_prior_is_zero() -> None:
    assert gaussian.kl(np.zeros(3), np.ones(3)) == 0
    assert gaussian.full_kl(np.zeros(3), np.eye(3)) == 0


def test_kl_is_infinite_for_a_delta() -> None:
    assert gaussian.kl(MEAN, np.array([0.5, 0.0])) == np.inf


def test_kl_broadcasts_and_agrees_with_full_kl() -> None:
    rng = np.random.default_rng(0)
    mean, stddev = rng.normal(size=(5, 3, 2)), np.exp(rng.normal(size=(3, 2)))
    covariance = stddev[..., None] ** 2 * np.eye(2)
    expected = gaussian.full_kl(mean, np.broadcast_to(covariance, (5, 3, 2, 2)))
    np.testing.assert_allclose(gaussian.kl(mean, stddev), expected, rtol=1e-12)


def test_full_kl_is_invariant_under_rotation() -> None:
    angle = 0.7
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = gaussian.full_kl(rotation @ MEAN, rotation @ COVARIANCE @ rotation.T)
    assert turned == pytest.approx(gaussian.full_kl(MEAN, COVARIANCE), abs=1e-12)


def test_kl_is_the_expected_log_ratio() -> None:
    epsilon, weights = gauss_hermite(8)
    z = gaussian.reparameterize(MEAN, STDDEV, epsilon)
    log_ratio = gaussian.log_prob(z, MEAN, STDDEV) - gaussian.log_prob(z)
    assert weights @ log_ratio == pytest.approx(gaussian.kl(MEAN, STDDEV), abs=1e-12)


def test_kl_gradient_vanishes_at_the_prior_only() -> None:
    step = 1e-6
    for mean, stddev, expected in [(0.0, 1.0, (0.0, 0.0)), (0.7, 0.5, (0.7, 0.5 - 1 / 0.5))]:
        by_mean = gaussian.kl([mean + step], [stddev]) - gaussian.kl([mean - step], [stddev])
        by_stddev = gaussian.kl([mean], [stddev + step]) - gaussian.kl([mean], [stddev - step])
        received = np.array([by_mean, by_stddev]) / (2 * step)
        np.testing.assert_allclose(received, expected, atol=1e-8)


def test_log_prob_integrates_to_one() -> None:
    axis = np.linspace(-12, 12, 801)
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1)
    area = (axis[1] - axis[0]) ** 2
    assert np.exp(gaussian.log_prob(z)).sum() * area == pytest.approx(1, abs=1e-12)
    density = np.exp(gaussian.log_prob(z, MEAN, [0.3, 1.5]))
    assert density.sum() * area == pytest.approx(1, abs=1e-12)


def test_log_prob_factorises() -> None:
    z = np.random.default_rng(1).normal(size=(7, 2))
    parts = [gaussian.log_prob(z[:, [i]], MEAN[i], STDDEV[i]) for i in range(2)]
    np.testing.assert_allclose(gaussian.log_prob(z, MEAN, STDDEV), sum(parts), rtol=1e-12)


def test_log_prob_of_a_scalar_stddev_counts_every_dimension() -> None:
    z = np.random.default_rng(2).normal(size=(7, 2))
    expected = gaussian.log_prob(z, np.zeros(2), np.full(2, 0.3))
    np.testing.assert_allclose(gaussian.log_prob(z, 0.0, 0.3), expected, rtol=1e-12)


def test_reparameterized_moments() -> None:
    # Exact moments: the nodes of a quadrature stand in for draws of ε.
    epsilon, weights = gauss_hermite(4)
    z = gaussian.reparameterize(MEAN, STDDEV, epsilon)
    np.testing.assert_allclose(weights @ z, MEAN, atol=1e-12)
    covariance = (z - MEAN).T @ (weights[:, None] * (z - MEAN))
    np.testing.assert_allclose(covariance, np.diag(STDDEV**2), atol=1e-12)


def test_reparameterize_shapes_and_zero_noise() -> None:
    mean, stddev = np.zeros((3, 2)) + MEAN, np.ones((3, 2))
    assert gaussian.reparameterize(mean, stddev, np.zeros((5, 3, 2))).shape == (5, 3, 2)
    np.testing.assert_array_equal(gaussian.reparameterize(MEAN, STDDEV, np.zeros(2)), MEAN)


def test_pathwise_gradient_varies_less_than_the_score_function() -> None:
    # f = z² at z ~ N(μ, σ²): derivative of E[f] by μ, from draws.
    mu, sigma, draws = 0.8, 0.5, 400_000
    z = gaussian.reparameterize(mu, sigma, np.random.default_rng(3).normal(size=draws))
    score, pathwise = z**2 * (z - mu) / sigma**2, 2 * z
    expected_score = mu**4 / sigma**2 + 14 * mu**2 + 15 * sigma**2
    for gradient, variance in [(score, expected_score), (pathwise, 4 * sigma**2)]:
        assert abs(gradient.mean() - 2 * mu) < 5 * np.sqrt(variance / draws)
        squares = (gradient - 2 * mu) ** 2
        assert abs(squares.mean() - variance) < 5 * squares.std() / np.sqrt(draws)


def test_mean_of_a_relu() -> None:
    mean = np.array([0.0, 1.0, -1.0, 30.0, -30.0, 2.0, -2.0, 0.3])
    stddev = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 2.5])
    a = mean + stddev * np.linspace(-12, 12, 48_001)[:, None]
    weights = np.exp(-0.5 * np.linspace(-12, 12, 48_001) ** 2)
    expected = weights @ np.maximum(a, 0.0) / weights.sum()
    np.testing.assert_allclose(gaussian.relu_mean(mean, stddev), expected, atol=1e-8)
    assert gaussian.relu_mean(np.zeros(1), np.ones(1)) == pytest.approx(0.3989423, abs=1e-7)
