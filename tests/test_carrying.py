"""Models as zips between servers: equal after the journey, refused whole where they do not fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.oracles import random_arrays
from vae_core.errors import InputError
from vae_core.explorer.server import library as models
from vae_core.explorer.server import model_zips as carrying
from vae_core.explorer.server.model_zips import load_zip, model_zip
from vae_core.explorer.server.shelf import Shelf
from vae_core.models import archive, checkpoint
from vae_core.models.settings import ModelConfig, TrainingConfig

from .test_archive import unzipped

TRAINING = TrainingConfig(objective="mean", epochs=5, model=ModelConfig(hidden=(4,)))
TEST = models.TestImages(np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8), "5" * 64)


@pytest.fixture(autouse=True)
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A server's shelf that keeps two models."""
    shelf = Shelf(2)
    monkeypatch.setattr(carrying, "server_shelf", lambda: shelf)
    return shelf


def put(shelf: Shelf) -> tuple[str, Path]:
    """A model as a killed worker leaves it: an interrupted run without its .keras file."""
    name, folder = shelf.add("mean")
    fields = {"training": TRAINING, "epochs_done": 2, "head": "log_var"}
    rest = {"versions": {}, "history": {"loss": [3.0, 2.5]}, "test": {}}
    arrays = random_arrays(TRAINING.model)
    checkpoint.save(folder, arrays, {**fields, **rest, "data_sha256": TEST.data_sha256})
    (folder / "resume.npz").write_bytes(b"the optimizer's state")
    return name, folder


@pytest.fixture(scope="module")
def payload() -> bytes:
    """The zip of a model whose .keras file has to be written first, in a child process."""
    shelf = Shelf(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carrying, "server_shelf", lambda: shelf)
        name, folder = put(shelf)
        payload = model_zip(name)
        assert (folder / "model.keras").exists()
        assert model_zip(name) == payload
    return payload


def test_there_and_back(shelf: Shelf, payload: bytes, tmp_path: Path) -> None:
    names = [load_zip(payload, TEST) for _ in range(2)]
    assert len({*names}) == 2
    assert all(name.startswith("mean-") for name in names)
    folder = shelf.folder(names[0])
    # The zip's network is not kept: a new one is written when the model leaves again.
    assert sorted(file.name for file in folder.iterdir()) == ["metadata.json", "weights.npz"]
    arrays, metadata = checkpoint.load_arrays(folder)
    assert (metadata.training, metadata.epochs_done) == (TRAINING, 2)
    for name, value in random_arrays(TRAINING.model).items():
        np.testing.assert_array_equal(arrays[name], value)
    again = unzipped(model_zip(names[0]))
    assert again.keys() == unzipped(payload).keys()
    for name, content in unzipped(payload).items():
        assert again[name] == content or name == archive.KERAS_FILE  # which tells its date


def test_the_zip_of_another_data_set_is_refused(shelf: Shelf, payload: bytes) -> None:
    names = [load_zip(payload, TEST) for _ in range(2)]
    other = replace(TEST, data_sha256="6" * 64)
    with pytest.raises(InputError, match=r"another data set \(SHA-256 5555.*6666"):
        load_zip(payload, other)
    with pytest.raises(InputError, match="zip"):
        load_zip(payload[:-1], TEST)
    # The shelf was full: neither has driven a model off it.
    assert all(shelf.folder(name).exists() for name in names)
    assert len([*shelf.folder(names[0]).parent.iterdir()]) == 2


def test_no_room_for_files(shelf: Shelf, payload: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "unpack", full)
    with pytest.raises(InputError, match=r"No room.*No space left on device\."):
        load_zip(payload, TEST)
    assert shelf._names == []


def test_a_model_that_has_gone(shelf: Shelf, payload: bytes) -> None:
    names = [load_zip(payload, TEST) for _ in range(3)]
    for name in (names[0], "sample", "../x", ""):
        with pytest.raises(InputError, match="not kept by this server any more"):
            model_zip(name)
    (shelf.folder(names[1]) / "metadata.json").unlink()  # it is going at this moment
    with pytest.raises(InputError, match=r"metadata\.json is missing"):
        model_zip(names[1])


@pytest.mark.parametrize(("setting", "value"), [("EXPORT_SECONDS", 0.01), ("EXPORT", ("/absent",))])
def test_an_export_that_fails_is_an_error_of_one_line(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, setting: str, value: object
) -> None:
    name, folder = put(shelf)
    monkeypatch.setattr(carrying, setting, value)
    with pytest.raises(InputError, match=r"model\.keras") as error:
        model_zip(name)
    assert "\n" not in str(error.value)
    assert not (folder / "model.keras").exists()
