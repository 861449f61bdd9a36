"""Snapshots of a run: which images they show, and what the figures are made of."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles import random_arrays
from vae_core.errors import InputError
from vae_core.models import checkpoint
from vae_core.models.data import ASSETS, Dataset, pixels
from vae_core.models.frames import (
    SAMPLES,
    SHOWN,
    first_of_each_class,
    portrait_image,
    shown_images,
)
from vae_core.models.settings import ModelConfig, TrainingConfig
from vae_core.training.snapshot import Snapshot, Snapshots

MEASURES = ["loss_at_mean", "sampled_loss", "kl", "stddev", "price_stderr"]
CONFIG = TrainingConfig(model=ModelConfig(hidden=(5,)))


def shipped(name: str) -> tuple[Snapshot, checkpoint.Metadata]:
    arrays, metadata = checkpoint.load_arrays(ASSETS / "models" / name)
    return Snapshots(metadata.training, Dataset()).take(arrays), metadata


def losses(logits: NDArray[np.floating], x: NDArray[np.floating]) -> NDArray[np.floating]:
    """-log p(x|z): minus the log-probability of each grey level, summed over the pixels."""
    logits = np.asarray(logits, np.float64)
    black, white = np.logaddexp(0, logits), np.logaddexp(0, -logits)
    return (x * white + (1 - x) * black).sum(axis=1)


@pytest.mark.parametrize("count", [1, 7, 500, 1999, 2000, 2001, 3999, 4000, 10_000, 60_000])
def test_shown_images_are_few_and_evenly_spaced(count: int) -> None:
    shown = shown_images(count)
    assert min(count, SHOWN // 2) <= len(shown) <= SHOWN == 2000
    assert shown[0] == 0
    assert shown[-1] < count
    assert len({*np.diff(shown)}) <= 1


def test_of_mnist_every_fifth_image_is_shown() -> None:
    np.testing.assert_array_equal(shown_images(10_000), np.arange(0, 10_000, 5))


def test_first_of_each_class() -> None:
    assert first_of_each_class(np.array([3, 0, 3, 9, 0, 1], np.uint8)) == [1, 5, 0, 3]
    assert first_of_each_class(np.array([], np.uint8)) == []


def test_measures_equal_a_direct_computation() -> None:
    snapshot, _ = shipped("sample")
    network, _ = checkpoint.load(ASSETS / "models" / "sample")
    data = Dataset()
    x, labels = pixels(data.images("test")[::5]).astype(np.float64), data.labels("test")[::5]
    mean, stddev = network.encode(x)
    epsilon = np.random.default_rng(0).standard_normal(mean.shape)
    at_mean = losses(network.decode(mean), x)
    sampled = losses(network.decode(mean + stddev * epsilon), x)
    expected = {
        "loss_at_mean": at_mean.mean(),
        "sampled_loss": sampled.mean(),
        "kl": 0.5 * (mean**2 + stddev**2 - 1 - np.log(stddev**2)).sum(axis=1).mean(),
        "stddev": np.median(stddev),
        "price_stderr": (sampled - at_mean).std(ddof=1) / np.sqrt(2000),
    }
    assert list(snapshot.measures) == MEASURES
    assert snapshot.measures == pytest.approx(expected, rel=1e-4)
    np.testing.assert_array_equal(snapshot.mean, mean)
    first = [int(np.flatnonzero(labels == label)[0]) for label in range(10)]
    np.testing.assert_array_equal(snapshot.stddev, stddev[first])


def test_measures_agree_with_the_evaluation_of_all_images() -> None:
    snapshot, metadata = shipped("sample")
    measures = snapshot.measures
    price = measures["sampled_loss"] - measures["loss_at_mean"]
    # About 0.9 nats: within four standard errors, which are small against it.
    assert price == pytest.approx(metadata.test["jensen_gap"], abs=4 * measures["price_stderr"])
    assert measures["price_stderr"] < 0.1
    assert measures["stddev"] == pytest.approx(0.05, abs=0.01)
    assert measures["kl"] == pytest.approx(metadata.test["kl"], rel=0.02)


def test_without_a_q_there_is_nothing_to_sample() -> None:
    snapshot, metadata = shipped("autoencoder")
    at_mean = snapshot.measures.pop("loss_at_mean")
    assert at_mean == pytest.approx(metadata.test["reconstruction_loss_at_mean"], rel=0.02)
    assert snapshot.measures == dict.fromkeys(MEASURES[1:])
    assert snapshot.mean.shape == (2000, 2)
    assert (snapshot.stddev == 0).all()


def test_samples_of_a_network_that_never_saw_one_are_expensive() -> None:
    measures = shipped("mean")[0].measures
    assert measures["sampled_loss"] > 2 * measures["loss_at_mean"]
    assert measures["stddev"] == pytest.approx(1, abs=0.01)


def test_a_snapshot_repeats_itself() -> None:
    arrays = random_arrays(CONFIG.model)
    first, second = (Snapshots(CONFIG, Dataset()).take(arrays) for _ in range(2))
    assert first.measures == second.measures


def test_measures_that_overflow_are_none() -> None:
    arrays = random_arrays(CONFIG.model)
    arrays["encoder/log_var/bias"] += 3000  # exp(1500) is beyond float64
    with np.errstate(all="raise"):  # nothing is said on the way
        snapshot = Snapshots(CONFIG, Dataset()).take(arrays)
    assert snapshot.measures.pop("loss_at_mean") is not None
    assert snapshot.measures == dict.fromkeys(MEASURES[1:])
    arrays = {name: np.sign(array) * np.float32(1e30) for name, array in arrays.items()}
    snapshot = Snapshots(CONFIG, Dataset()).take(arrays)
    assert snapshot.measures["loss_at_mean"] is None
    assert snapshot.measures["sampled_loss"] is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value: float) -> None:
    arrays = random_arrays(CONFIG.model)
    arrays["decoder/logits/bias"][3] = value
    with pytest.raises(InputError, match=r"'decoder/logits/bias'.*not finite"):
        Snapshots(CONFIG, Dataset()).take(arrays)


def test_refuses_a_missing_data_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.npz does not exist"):
        Snapshots(CONFIG, Dataset(tmp_path / "absent.npz"))


def test_a_portrait_is_one_image_decoded_at_the_mean_and_at_samples() -> None:
    snapshot, _ = shipped("sample")
    network, _ = checkpoint.load(ASSETS / "models" / "sample")
    x = pixels(Dataset().images("test")[[1367]]).astype(np.float64)
    mean, stddev = network.encode(x)
    z = mean + stddev * np.random.default_rng(1).standard_normal((SAMPLES, 2))
    portrait = snapshot.portrait
    np.testing.assert_allclose(portrait.places, np.concatenate([mean, stddev, z]), rtol=1e-5)
    logits = network.decode(np.append(mean, z, 0))
    np.testing.assert_allclose(portrait.losses, losses(logits, x), rtol=1e-4)
    white = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
    assert np.abs(portrait.pictures - 255 * white).max() <= 0.501


def test_a_portrait_without_a_q_is_the_mean_again_and_again() -> None:
    portrait = shipped("autoencoder")[0].portrait
    assert (portrait.places[1] == 0).all()
    assert (portrait.places[2:] == portrait.places[0]).all()
    assert (portrait.pictures == portrait.pictures[0]).all()


def test_a_small_test_set_has_a_portrait_too() -> None:
    assert (portrait_image(1367), portrait_image(1368)) == (0, 1367)


def test_a_portrait_beyond_all_numbers_is_told_without_a_warning() -> None:
    arrays = random_arrays(CONFIG.model)
    arrays["encoder/log_var/bias"] += 3000
    with np.errstate(all="raise"):
        portrait = Snapshots(CONFIG, Dataset()).take(arrays).portrait
    assert np.isnan(portrait.losses[1:]).all()
    assert np.isfinite(portrait.losses[0])
