"""Training on a part of MNIST: it learns, repeats itself, survives interruption, refuses."""

import os
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.oracles import small_mnist
from vae_core.errors import InputError
from vae_core.models import checkpoint
from vae_core.models.data import MNIST, Dataset, pixels
from vae_core.models.settings import ModelConfig, TrainingConfig
from vae_core.training.loop import Progress, _steps, export, train

CONFIG = TrainingConfig(epochs=3, batch_size=64, model=ModelConfig(hidden=(16,)))
FILES = ["metadata.json", "weights.npz"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset(small_mnist(MNIST, tmp_path_factory.mktemp("data") / "small.npz", 640, 500))


Run = tuple[Path, list[Progress], dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def run(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One uninterrupted run: its folder, its progress, its weights."""
    folder, events = tmp_path_factory.mktemp("run") / "model", []
    train(CONFIG, dataset, folder, events.append)
    return folder, events, checkpoint.read_arrays(folder / "weights.npz")


def interrupt(progress: Progress) -> None:
    if progress.epoch:
        raise KeyboardInterrupt


def test_a_run_learns_and_is_saved(run: Run, dataset: Dataset) -> None:
    folder, events, arrays = run
    assert sorted(os.listdir(folder)) == FILES
    _, metadata = checkpoint.load(folder)
    assert metadata.complete
    assert metadata.training == CONFIG
    assert metadata.data_sha256 == dataset.sha256()
    assert set(metadata.versions) == {"keras", "tensorflow", "numpy"}
    assert [event.epoch for event in events] == [0, 1, 2, 3]
    assert {event.epochs for event in events} == {3}
    assert events[0].values == {}
    losses = [event.values["loss"] for event in events[1:]]
    assert losses[0] > losses[1] > losses[2]
    assert metadata.history["loss"] == pytest.approx(losses, abs=1e-4)
    assert set(metadata.history) == set(events[1].values)
    for name, value in arrays.items():
        np.testing.assert_array_equal(events[-1].arrays[name], value)
        assert name.endswith("bias") or (events[0].arrays[name] != events[1].arrays[name]).any()
    assert all(value.dtype == np.float32 for value in arrays.values())


def test_reported_test_loss_is_that_of_the_saved_network(run: Run, dataset: Dataset) -> None:
    # The KL is exact, the reconstruction loss an average over one draw per image.
    network, metadata = checkpoint.load(run[0])
    x = pixels(dataset.images("test"))
    mean, stddev = network.encode(x)
    kl = 0.5 * (mean**2 + stddev**2 - 1 - 2 * np.log(stddev)).sum(axis=1)
    assert metadata.history["test_kl"][-1] == pytest.approx(kl.mean(), abs=1e-3)
    z = mean + stddev * np.random.default_rng(0).normal(size=(20, *mean.shape))
    losses = network.reconstruction_loss(x, z)  # (draws, images)
    error = np.sqrt(losses.var(axis=0).mean() / len(x))
    reported = metadata.history["test_reconstruction_loss"][-1]
    assert abs(reported - losses.mean()) < 5 * error
    assert error < 1
    total = metadata.history["test_kl"][-1] + reported
    assert metadata.history["test_loss"][-1] == pytest.approx(total, abs=1e-2)


@pytest.mark.long  # several runs
def test_interrupted_run_continues_to_equal_weights(
    run: Run, dataset: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, dataset, folder, interrupt)
    _, metadata = checkpoint.load(folder)
    assert metadata.epochs_done == 1
    assert not metadata.complete

    for other in (replace(CONFIG, seed=1), replace(CONFIG, beta=0.5)):
        with pytest.raises(InputError, match="interrupted run with other settings"):
            train(other, dataset, folder)
    third = small_mnist(MNIST, tmp_path / "other.npz", 640, 400)
    with pytest.raises(InputError, match="another data set"):
        train(CONFIG, Dataset(third), folder)
    assert checkpoint.load_metadata(folder).epochs_done == 1

    events: list[Progress] = []
    train(CONFIG, dataset, folder, events.append)
    assert [event.epoch for event in events] == [1, 2, 3]
    assert sorted(os.listdir(folder)) == FILES
    for name, value in checkpoint.read_arrays(folder / "weights.npz").items():
        np.testing.assert_array_equal(value, run[2][name], err_msg=name)
    assert checkpoint.load_metadata(folder) == checkpoint.load_metadata(run[0])


@pytest.mark.long  # several runs
def test_equal_settings_give_equal_weights(run: Run, dataset: Dataset, tmp_path: Path) -> None:
    arrays = train(CONFIG, dataset, tmp_path / "model").arrays()
    for name, value in arrays.items():
        np.testing.assert_array_equal(value, run[2][name], err_msg=name)


def test_diverging_first_epoch_leaves_nothing(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not finite in epoch 1; a learning rate below 1e\+06"):
        train(replace(CONFIG, learning_rate=1e6), dataset, tmp_path / "model")
    assert not (tmp_path / "model").exists() or os.listdir(tmp_path / "model") == []


@pytest.mark.long  # several runs
def test_diverging_later_epoch_keeps_the_one_before(dataset: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, dataset, folder, interrupt)
    saved = checkpoint.load_metadata(folder)
    # The learning rates tried, 0.5 to 1e6, all diverge in the first epoch: weights that overflow
    # stand in for one that takes longer.
    state = checkpoint.read_arrays(folder / "resume.npz")
    np.savez(folder / "resume.npz", **{**state, "state_0": state["state_0"] * 1e35})
    with pytest.raises(InputError, match="not finite in epoch 2"):
        train(CONFIG, dataset, folder)
    assert checkpoint.load(folder)[1] == saved
    assert sorted(os.listdir(folder)) == ["metadata.json", "resume.npz", "weights.npz"]


def test_refuses_images_that_do_not_fit(dataset: Dataset, tmp_path: Path) -> None:
    small = replace(CONFIG, model=ModelConfig(image_shape=(4, 3)))
    with pytest.raises(
        InputError, match=r"expected images of \(4, 3\) pixels, received \(28, 28\)"
    ):
        train(small, dataset, tmp_path / "model")
    with pytest.raises(InputError, match=r"`batch_size`. Expected at most 640.*batch_size=641"):
        train(replace(CONFIG, batch_size=641), dataset, tmp_path / "model")
    assert os.listdir(tmp_path) == []


def test_refuses_a_damaged_resume_file(dataset: Dataset, tmp_path: Path) -> None:
    for content in (b"", b"not an archive"):
        (tmp_path / "resume.npz").write_bytes(content)
        with pytest.raises(InputError, match=r"resume\.npz is damaged"):
            train(CONFIG, dataset, tmp_path)
    np.savez(tmp_path / "resume.npz", state_0=np.zeros(3))
    with pytest.raises(InputError, match=r"resume\.npz"):
        train(CONFIG, dataset, tmp_path)
    assert os.listdir(tmp_path) == ["resume.npz"]


def test_export_gives_equal_outputs(run: Run, dataset: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "model.keras"
    export(run[0], file)
    assert os.listdir(tmp_path) == ["model.keras"]
    loaded = keras.saving.load_model(file)
    assert loaded.config == CONFIG
    for name, value in loaded.arrays().items():
        np.testing.assert_array_equal(value, run[2][name])
    network, _ = checkpoint.load(run[0])
    x = pixels(dataset.images("test")[:50])
    received = loaded(x)
    np.testing.assert_allclose(received["mean"], network.encode(x)[0], rtol=1e-4, atol=1e-5)
    z = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    np.testing.assert_allclose(loaded.decode(z), network.decode(z), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["model.h5", "model", "absent/model.keras"])
def test_export_refuses_other_names(run: Run, tmp_path: Path, name: str) -> None:
    with pytest.raises((InputError, OSError), match=r"model"):
        export(run[0], tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_export_overwrites_whole_files_only(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "model.keras"
    file.write_bytes(b"old")

    def fail(self: keras.Model, path: Path) -> None:
        path.write_bytes(b"half of the ne")
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.Model, "save", fail)
    with pytest.raises(KeyboardInterrupt):
        export(run[0], file)
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model.keras"]


def test_steps_are_told_and_an_exception_ends_the_run(dataset: Dataset, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def stop_in_the_second_epoch(done: int, steps: int) -> None:
        told.append((done, steps))
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, dataset, tmp_path / "model", on_step=stop_in_the_second_epoch)
    assert told == [(10, 10), (10, 10)]  # 640 images in batches of 64, all in one call
    assert checkpoint.load_metadata(tmp_path / "model").epochs_done == 1


@pytest.mark.parametrize(
    ("batches", "steps", "per_call"),
    [(1875, 1875, 75), (937, 936, 72), (468, 468, 52), (234, 234, 39), (10, 10, 10), (1, 1, 1),
     (0, 0, 0)],
)  # fmt: skip
def test_few_calls_and_few_batches_left_out(batches: int, steps: int, per_call: int) -> None:
    assert _steps(batches) == (steps, per_call)


def test_any_number_of_batches_is_fast_or_whole() -> None:
    for batches in range(100, 7000):
        steps, per_call = _steps(batches)
        assert steps % per_call == 0
        assert 0 <= batches - steps <= batches / 100
        assert per_call <= 75
