"""Gradients with respect to z and to q: against differences, Keras and closed forms."""

import numpy as np
import pytest

from tests.oracles import random_arrays, random_network
from vae_core.maths.estimators import gauss_hermite, monte_carlo
from vae_core.maths.gradient_estimators import pathwise, score_function
from vae_core.models import checkpoint
from vae_core.models.data import ASSETS
from vae_core.models.network import Network, expected_shapes
from vae_core.models.settings import ModelConfig, TrainingConfig

SHAPES = [
    ModelConfig(image_shape=(4, 3), hidden=(7, 5)),
    ModelConfig(image_shape=(4, 3), hidden=(6,), latent_dim=3),
    ModelConfig(hidden=(64, 32, 16)),
]


def loss64(arrays: dict[str, np.ndarray], depth: int, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """-log p(x|z) by the formula, float64."""

    def dense(name: str, value: np.ndarray) -> np.ndarray:
        kernel, bias = (arrays[f"decoder/{name}/{kind}"] for kind in ("kernel", "bias"))
        return value @ kernel.astype(np.float64) + bias.astype(np.float64)

    for i in range(depth):
        z = dense(f"dense_{i}", z).clip(min=0)
    logits = dense("logits", z)
    return np.sum(np.logaddexp(0, logits) - x * logits, axis=-1)


@pytest.mark.parametrize("config", SHAPES, ids=str)
def test_loss_gradient_is_the_slope(config: ModelConfig) -> None:
    rng = np.random.default_rng(0)
    arrays = random_arrays(config, seed=1)
    x, z = rng.uniform(size=(20, config.pixels)), rng.normal(size=(20, config.latent_dim))
    received = Network(arrays, config).loss_gradient(x, z)
    steps = 1e-6 * np.eye(config.latent_dim)
    depth = len(config.hidden)
    expected = [
        (loss64(arrays, depth, x, z + step) - loss64(arrays, depth, x, z - step)) / 2e-6
        for step in steps
    ]
    assert received.shape == z.shape
    assert received.dtype == np.float64
    scale = np.abs(received).max()
    np.testing.assert_allclose(received, np.stack(expected, -1), rtol=1e-4, atol=1e-5 * scale)


def test_loss_gradient_broadcasts() -> None:
    network = random_network(SHAPES[0])
    rng = np.random.default_rng(2)
    x, z = rng.uniform(size=(5, 12)), rng.normal(size=(3, 5, 2))
    received = network.loss_gradient(x, z)
    assert received.shape == (3, 5, 2)
    expected = network.loss_gradient(x[4], z[2, 4])
    np.testing.assert_allclose(received[2, 4], expected, rtol=1e-5, atol=1e-5)


def test_loss_gradient_is_that_of_keras() -> None:
    import tensorflow as tf

    from vae_core.keras_model import VariationalAutoencoder

    config = SHAPES[0]
    arrays = random_arrays(config)
    model = VariationalAutoencoder(TrainingConfig(model=config))
    model.build((None, config.pixels))
    model.assign(arrays)
    rng = np.random.default_rng(3)
    x = rng.uniform(size=(6, 12)).astype(np.float32)
    z = tf.Variable(rng.normal(size=(6, 2)).astype(np.float32))
    with tf.GradientTape() as tape:
        logits = model.decode(z)
        loss = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, logits))
    received = Network(arrays, config).loss_gradient(x, z.numpy())
    np.testing.assert_allclose(received, tape.gradient(loss, z), rtol=1e-4, atol=1e-4)
    assert set(arrays) == set(expected_shapes(config))


@pytest.mark.parametrize(("mean", "stddev"), [(1.0, 0.5), (-2.0, 0.1), (0.3, 2.0)])
def test_variances_of_a_square(mean: float, stddev: float) -> None:
    epsilon = np.random.default_rng(4).normal(size=(400_000, 1))
    z, sigma = mean + stddev * epsilon, np.array([stddev])
    by_path, by_path_log = pathwise(2 * z, epsilon, sigma)
    by_score, by_score_log = score_function(z[:, 0] ** 2, epsilon, sigma)
    expected = mean**4 / stddev**2 + 14 * mean**2 + 15 * stddev**2
    assert np.var(by_score) == pytest.approx(expected, rel=0.05)
    assert np.var(by_path) == pytest.approx(4 * stddev**2, rel=0.05)
    # E_q[z²] = mean² + σ²: its derivatives are 2 mean and, by ln σ, 2 σ².
    for estimates, derivative in [
        (by_path, 2 * mean),
        (by_score, 2 * mean),
        (by_path_log, 2 * stddev**2),
        (by_score_log, 2 * stddev**2),
    ]:
        average = monte_carlo(estimates)
        assert abs(average.value[0] - derivative) < 4 * average.error[0]


def test_both_estimate_the_slope_of_the_expectation() -> None:
    network, _ = checkpoint.load(ASSETS / "models" / "sample")
    rng = np.random.default_rng(5)
    x = rng.uniform(size=(2, 784)) * (rng.uniform(size=784) < 0.2)
    mean, stddev = np.array([[0.5, -1.0], [-0.3, 0.2]]), np.array([[0.3, 0.4], [0.5, 0.2]])
    epsilon = rng.normal(size=(20_000, 2, 2))
    z = mean + stddev * epsilon
    losses = network.reconstruction_loss(x, z)
    estimates = {
        "pathwise": pathwise(network.loss_gradient(x, z), epsilon, stddev),
        "score function": score_function(losses, epsilon, stddev),
    }
    nodes, weights = gauss_hermite(48)

    def expected_loss(mean: np.ndarray, log_stddev: np.ndarray) -> np.ndarray:
        z = mean + np.exp(log_stddev) * nodes[:, None]
        return weights @ network.reconstruction_loss(x, z)

    step, log_stddev = 1e-2, np.log(stddev)
    for j, shift in enumerate(step * np.eye(2)):
        by_mean = expected_loss(mean + shift, log_stddev) - expected_loss(mean - shift, log_stddev)
        by_log = expected_loss(mean, log_stddev + shift) - expected_loss(mean, log_stddev - shift)
        for name, pair in estimates.items():
            for received, difference in zip(pair, (by_mean, by_log), strict=True):
                average = monte_carlo(received[..., j])
                distance = np.abs(average.value - difference / (2 * step))
                assert (distance < 4 * average.error + 0.2).all(), (name, j, distance)
    spread = [np.var(pair[0], axis=0).sum() for pair in estimates.values()]
    assert spread[1] > 5 * spread[0]


def test_a_constant_loss_moves_the_score_function_only() -> None:
    epsilon, stddev = np.random.default_rng(6).normal(size=(7, 3, 2)), np.full((3, 2), 0.5)
    by_path = pathwise(np.zeros((7, 3, 2)), epsilon, stddev)
    by_score = score_function(np.full((7, 3), 2.0), epsilon, stddev)
    for estimate in by_path:
        np.testing.assert_array_equal(estimate, np.zeros((7, 3, 2)))
    np.testing.assert_allclose(by_score[0], 4 * epsilon)
    np.testing.assert_allclose(by_score[1], 2 * (epsilon**2 - 1))
