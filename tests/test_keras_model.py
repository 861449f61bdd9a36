"""The Keras model: its losses by hand, its seeds, its files, and the NumPy network beside it."""

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow loads

import keras
import numpy as np
import pytest

from tests.oracles import random_arrays
from vae_core.keras_model import LatentPoints, VariationalAutoencoder
from vae_core.maths.bernoulli import sigmoid
from vae_core.models import checkpoint
from vae_core.models.data import ASSETS, Dataset, pixels
from vae_core.models.network import Network
from vae_core.models.settings import OBJECTIVES, ModelConfig, TrainingConfig

TINY = ModelConfig(image_shape=(4, 3), hidden=(6,))
FOLDERS = sorted(path.parent for path in ASSETS.glob("models/*/weights.npz"))


def build(config: TrainingConfig) -> VariationalAutoencoder:
    model = VariationalAutoencoder(config)
    model.build((None, config.model.pixels))
    return model


def assert_networks_agree(network: Network, model: VariationalAutoencoder) -> None:
    """Means, heads and probabilities of every pixel, on test images and over the plane."""
    z = np.random.default_rng(0).uniform(-4, 4, size=(1000, 2)).astype(np.float32)
    white = keras.ops.convert_to_numpy(keras.ops.sigmoid(model.decode(z)))
    np.testing.assert_allclose(sigmoid(network.decode(z)), white, rtol=0, atol=1e-4)
    x = pixels(Dataset().images("test")[:500])
    for received, expected in zip(network.encode_raw(x), model.encode(x), strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("hidden", [(64,), (512, 512, 512)])
def test_numpy_network_agrees(hidden: tuple[int, ...]) -> None:
    config = TrainingConfig(model=ModelConfig(hidden=hidden))
    model, arrays = build(config), random_arrays(config.model)
    model.assign(arrays)
    assert_networks_agree(Network(arrays, config.model), model)
    for name, value in model.arrays().items():
        np.testing.assert_array_equal(value, arrays[name])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_numpy_network_agrees_on_shipped_weights(folder: Path) -> None:
    metadata = checkpoint.load_metadata(folder)
    if not metadata.complete:
        pytest.skip(f"{folder.name} is still training")  # test_shipped_models fails for it
    network, metadata = checkpoint.load(folder)
    model = build(metadata.training)
    model.assign(checkpoint.read_arrays(folder / "weights.npz"))
    assert_networks_agree(network, model)


@pytest.mark.parametrize(
    ("objective", "changes"),
    [("sample", {"samples": 3, "beta": 0.7}), ("quadrature", {"beta": 2.0}), ("mean", {}),
     ("autoencoder", {"beta": 5.0}), ("blog", {"samples": 2})],
)  # fmt: skip
def test_compute_loss(objective: str, changes: dict[str, Any]) -> None:
    model = build(TrainingConfig(objective=objective, model=TINY, **changes))
    x = np.random.default_rng(1).uniform(size=(5, 12)).astype(np.float32)
    y = {name: keras.ops.convert_to_numpy(value) for name, value in model(x).items()}
    white = 1 / (1 + np.exp(-y["logits"].astype(np.float64)))  # (points, batch, pixels)
    losses = -(x * np.log(white) + (1 - x) * np.log(1 - white)).sum(axis=-1)
    reconstruction_loss = (y["weights"] * losses).sum(axis=0).mean()
    kl = 0.5 * (y["mean"] ** 2 + np.exp(y["head"]) - 1 - y["head"]).sum(axis=-1).mean()
    beta = 0.0 if objective == "autoencoder" else model.config.beta
    expected = reconstruction_loss + beta * kl
    assert float(model.compute_loss(x=x, y_pred=y)) == pytest.approx(expected, rel=1e-5)
    assert float(model.reconstruction_tracker.result()) == pytest.approx(reconstruction_loss, 1e-5)
    assert float(model.kl_tracker.result()) == pytest.approx(kl, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_latent_points(objective: str) -> None:
    layer = LatentPoints(objective, samples=4000, quadrature_order=3, seed=0)
    mean = np.array([[0.5, -1.0], [2.0, 0.0]], np.float32)
    head = np.array([[-1.0, 0.5], [0.3, -2.0]], np.float32)
    z, weights = (keras.ops.convert_to_numpy(value) for value in layer(mean, head))
    assert weights.shape == (len(z), 1)
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    stddev = {
        "blog": 0.1 * np.exp(head), "mean": 0 * head, "autoencoder": 0 * head,
    }.get(objective, np.exp(head / 2))  # fmt: skip
    average = (weights[..., None] * z).sum(axis=0)
    spread = np.sqrt((weights[..., None] * (z - mean) ** 2).sum(axis=0))
    exact = objective not in ("sample", "blog")
    tolerance = 1e-5 if exact else 5 * stddev.max() / np.sqrt(len(z))
    np.testing.assert_allclose(average, mean, atol=tolerance)
    np.testing.assert_allclose(spread, stddev, atol=tolerance)


def test_draws_differ_between_calls_and_repeat_with_the_seed() -> None:
    mean, head = np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32)
    one, same, other = (LatentPoints("sample", 2, 3, seed) for seed in (0, 0, 1))
    first, second = np.asarray(one(mean, head)[0]), np.asarray(one(mean, head)[0])
    np.testing.assert_array_equal(first, np.asarray(same(mean, head)[0]))
    assert not np.isclose(first, second).any()
    assert not np.isclose(first, np.asarray(other(mean, head)[0])).any()


def test_equal_seeds_give_equal_weights_whatever_the_objective() -> None:
    arrays = {
        name: build(TrainingConfig(objective=name, model=TINY)).arrays() for name in OBJECTIVES
    }
    for name, values in arrays.items():
        for key, value in values.items():
            np.testing.assert_array_equal(value, arrays["sample"][key], err_msg=f"{name} {key}")
    other = build(TrainingConfig(seed=1, model=TINY)).arrays()
    kernels = [key for key in other if key.endswith("kernel")]
    assert not any(np.isclose(other[key], arrays["sample"][key]).all() for key in kernels)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_config_round_trip(name: str) -> None:
    config = TrainingConfig(objective=name, samples=2, beta=0.5, seed=3, model=TINY)
    again = VariationalAutoencoder.from_config(VariationalAutoencoder(config).get_config())
    assert again.config == config
    layer = LatentPoints(name, samples=2, quadrature_order=5, seed=3)
    copy = LatentPoints.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert (copy.objective, copy.samples, copy.quadrature_order, copy.seed) == (name, 2, 5, 3)
