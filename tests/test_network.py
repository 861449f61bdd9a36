"""The NumPy network: its three parts of log p(x|z), its heads, and what it refuses."""

import numpy as np
import pytest

from tests.oracles import random_arrays, random_network
from vae_core.errors import InputError
from vae_core.maths.bernoulli import reconstruction_loss
from vae_core.models.network import Network, expected_shapes
from vae_core.models.settings import ModelConfig

SMALL = ModelConfig(image_shape=(4, 3), hidden=(7, 5))
SHAPES = [ModelConfig(), ModelConfig(hidden=(512, 512, 512)), SMALL]


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(1).uniform(size=(6, 12))


@pytest.mark.parametrize("config", SHAPES, ids=str)
def test_exponential_family_equals_the_loss(config: ModelConfig) -> None:
    rng = np.random.default_rng(0)
    network = random_network(config)
    x, z = rng.uniform(size=(6, config.pixels)), rng.uniform(-4, 4, size=(50, 2))
    features = network.features(z)
    log_prob = (
        network.statistics(x) @ features.T + network.base(x)[:, None] - network.offset(features)
    )
    loss = network.reconstruction_loss(x[:, None], z)
    assert log_prob.shape == loss.shape == (6, 50)
    np.testing.assert_allclose(-log_prob, loss, rtol=2e-6)


def test_forward_pass_is_the_formula(x: np.ndarray) -> None:
    arrays = {name: value.astype(np.float64) for name, value in random_arrays(SMALL).items()}

    def dense(name: str, value: np.ndarray) -> np.ndarray:
        return np.einsum("ni,ij->nj", value, arrays[f"{name}/kernel"]) + arrays[f"{name}/bias"]

    hidden = x
    for i in range(2):
        hidden = dense(f"encoder/dense_{i}", hidden).clip(min=0)
    mean, log_var = dense("encoder/mean", hidden), dense("encoder/log_var", hidden)
    decoded = mean
    for i in range(2):
        decoded = dense(f"decoder/dense_{i}", decoded).clip(min=0)
    network = Network(arrays, SMALL)
    np.testing.assert_allclose(network.encode(x), [mean, np.exp(log_var / 2)], rtol=1e-5)
    expected = dense("decoder/logits", decoded)
    np.testing.assert_allclose(network.decode(mean), expected, rtol=1e-5, atol=1e-5)
    received = network.reconstruction_loss(x, mean)
    np.testing.assert_allclose(received, reconstruction_loss(x, expected), rtol=1e-5)


def test_heads(x: np.ndarray) -> None:
    networks = {head: random_network(SMALL, head) for head in ("log_var", "blog", "none")}
    means, stddevs = zip(*(network.encode(x) for network in networks.values()), strict=True)
    _, raw = networks["blog"].encode_raw(x)
    np.testing.assert_array_equal(means[0], means[1])
    np.testing.assert_array_equal(means[0], means[2])
    np.testing.assert_allclose(2 * np.log(stddevs[0]), raw, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(np.log(stddevs[1] / 0.1), raw, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(stddevs[2], 0)
    assert [network.has_posterior for network in networks.values()] == [True, True, False]
    assert stddevs[0].dtype == np.float64


def test_decode_keeps_leading_axes() -> None:
    network = random_network(SMALL)
    z = np.random.default_rng(2).normal(size=(3, 4, 2))
    logits = network.decode(z)
    assert logits.shape == (3, 4, 12)
    np.testing.assert_allclose(logits[1, 2], network.decode(z[1, 2]), rtol=1e-5, atol=1e-6)


def test_expected_shapes_mirror() -> None:
    shapes = expected_shapes(SMALL)
    assert len(shapes) == 2 * (2 + 2 + 2 + 1)
    assert shapes["encoder/dense_0/kernel"] == (12, 7)
    assert shapes["encoder/mean/kernel"] == shapes["encoder/log_var/kernel"] == (5, 2)
    assert shapes["decoder/dense_0/kernel"] == (2, 5)
    assert shapes["decoder/dense_1/kernel"] == (5, 7)
    assert shapes["decoder/logits/kernel"] == (7, 12)


@pytest.mark.parametrize("name", expected_shapes(SMALL))
def test_refuses_arrays_that_do_not_fit(name: str) -> None:
    arrays = random_arrays(SMALL)
    wrong = arrays[name]
    for value, expected in [
        (wrong[..., :-1], r"expected shape"),
        (np.full_like(wrong, np.nan), r"not finite"),
        (wrong.astype(str), r"floating-point"),
    ]:
        with pytest.raises(InputError, match=f"{name}.*{expected}"):
            Network({**arrays, name: value}, SMALL)
    del arrays[name]
    with pytest.raises(InputError, match=f"lack the array '{name}'"):
        Network(arrays, SMALL)


def test_refuses_an_unknown_head() -> None:
    with pytest.raises(InputError, match=r"Expected one of log_var, blog, none.*'sigma'"):
        Network(random_arrays(SMALL), SMALL, "sigma")
