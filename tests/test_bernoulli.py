"""The reconstruction loss: MNIST's reference values, and no overflow at either end."""

import numpy as np
import pytest

from vae_core.maths.bernoulli import entropy, reconstruction_loss, sigmoid, softplus_sum
from vae_core.models.data import Dataset, pixels


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return pixels(Dataset().images("test"))


def test_pixel_entropy_of_mnist(images: np.ndarray) -> None:
    assert entropy(images).mean() == pytest.approx(45.53, abs=0.005)


def test_constant_decoder_of_mnist(images: np.ndarray) -> None:
    average = images.mean(axis=0, dtype=np.float64)
    with np.errstate(divide="ignore"):
        logits = np.clip(np.log(average) - np.log1p(-average), -700, 700)
    losses = reconstruction_loss(images, logits)
    assert losses.shape == (10_000,)
    assert losses.mean() == pytest.approx(205.65, abs=0.005)


def test_constant_decoder_pays_the_entropy_of_its_picture(images: np.ndarray) -> None:
    average = images.mean(axis=0, dtype=np.float64)
    assert entropy(average) == pytest.approx(205.65, abs=0.005)


def test_loss_is_least_at_the_logit_of_x() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0.01, 0.99, size=(5, 12))
    best = np.log(x) - np.log1p(-x)
    np.testing.assert_allclose(reconstruction_loss(x, best), entropy(x), rtol=1e-12)
    other = best + rng.normal(size=(20, 5, 12))
    assert (reconstruction_loss(x, other) > entropy(x)).all()


def test_loss_is_the_expected_one_of_binarised_images() -> None:
    # Two pixels, all four binary images with their probabilities under Bernoulli(x).
    x, logits = np.array([0.3, 0.8]), np.array([1.5, -0.4])
    binary = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    probability = np.prod(np.where(binary == 1, x, 1 - x), axis=1)
    white = 1 / (1 + np.exp(-logits))
    log_prob = np.log(np.where(binary == 1, white, 1 - white)).sum(axis=1)
    assert reconstruction_loss(x, logits) == pytest.approx(-probability @ log_prob, abs=1e-12)


def test_loss_broadcasts() -> None:
    rng = np.random.default_rng(1)
    x, logits = rng.uniform(size=(5, 12)), rng.normal(size=(7, 1, 12))
    losses = reconstruction_loss(x, logits)
    assert losses.shape == (7, 5)
    assert losses[3, 2] == pytest.approx(reconstruction_loss(x[2], logits[3, 0]), abs=1e-12)


def test_entropy_of_black_and_white_is_zero() -> None:
    assert entropy(np.array([0.0, 1.0, 1.0])) == 0
    assert entropy(np.full(4, 0.5)) == pytest.approx(4 * np.log(2), abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.filterwarnings("error")
def test_extreme_logits(dtype: type) -> None:
    logits = np.array([-1e30, -1e4, -100, 0, 100, 1e4, 1e30], dtype)
    np.testing.assert_array_equal(
        sigmoid(logits).round(6), np.array([0, 0, 0, 0.5, 1, 1, 1], dtype)
    )
    softplus = softplus_sum(logits[:, None])
    expected = [0, 0, 0, np.log(2), 100, 1e4, 1e30]
    np.testing.assert_allclose(softplus, expected, rtol=1e-6, atol=1e-12)
    assert reconstruction_loss(np.ones(1, dtype), np.array([1e4], dtype)) == 0
    assert reconstruction_loss(np.zeros(1, dtype), np.array([-1e4], dtype)) == 0
    assert reconstruction_loss(np.zeros(1, dtype), np.array([1e4], dtype)) == pytest.approx(1e4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inputs_keep_their_values(dtype: type) -> None:
    logits = np.linspace(-5, 5, 12).astype(dtype)
    before = logits.copy()
    softplus_sum(logits)
    reconstruction_loss(np.full(12, 0.3, dtype), logits)
    np.testing.assert_array_equal(logits, before)


def test_softplus_sum_accumulates_in_float64() -> None:
    logits = np.random.default_rng(2).normal(scale=5, size=(50, 784)).astype(np.float32)
    exact = np.logaddexp(0, logits.astype(np.float64)).sum(axis=-1)
    result = softplus_sum(logits)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, exact, rtol=1e-6)
    np.testing.assert_allclose(softplus_sum(logits.astype(np.float64)), exact, rtol=1e-13)


def test_sigmoid_is_the_derivative_of_softplus() -> None:
    logits, step = np.linspace(-8, 8, 33), 1e-5
    slope = softplus_sum((logits + step)[:, None]) - softplus_sum((logits - step)[:, None])
    np.testing.assert_allclose(slope / (2 * step), sigmoid(logits), atol=1e-9)
    np.testing.assert_allclose(sigmoid(logits) + sigmoid(-logits), 1, rtol=1e-14)
