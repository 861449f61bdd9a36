"""Data sets by name, as IDX files, and the test images that stay with a model."""

import gzip
import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from vae_core.__main__ import _open_data
from vae_core.errors import InputError
from vae_core.models import data_files
from vae_core.models.data import ASSETS, MNIST, Dataset
from vae_core.models.data_files import (
    FASHION_CLASSES,
    FASHION_SHA256,
    IDX_FILES,
    IMAGES,
    IdxFolder,
    data_of,
    is_shipped,
    open_data,
    save_test_images,
    shipped_data,
)

FASHION = ASSETS / "fashion.npz"

CHANCE = np.random.default_rng(0)
ARRAYS = {
    "x_train": CHANCE.integers(0, 256, (6, 4, 3), np.uint8),
    "y_train": np.array([0, 1, 2, 0, 1, 2], np.uint8),
    "x_test": CHANCE.integers(0, 256, (3, 4, 3), np.uint8),
    "y_test": np.array([2, 0, 1], np.uint8),
}


def idx(array: np.ndarray) -> bytes:
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


@pytest.fixture(params=["plain", "gzip"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    for name, array in ARRAYS.items():
        file = tmp_path / IDX_FILES[name]
        if request.param == "gzip":
            file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            file.write_bytes(idx(array))
    return tmp_path


def test_idx_files(folder: Path) -> None:
    dataset = open_data(str(folder))
    for split in ("train", "test"):
        np.testing.assert_array_equal(dataset.images(split), ARRAYS[f"x_{split}"])
        np.testing.assert_array_equal(dataset.labels(split), ARRAYS[f"y_{split}"])
    whole = b"".join(idx(array) for array in ARRAYS.values())
    assert dataset.sha256() == hashlib.sha256(whole).hexdigest()
    assert dataset.class_names() == ("0", "1", "2")
    assert dataset.name == folder.name[:24]
    assert not is_shipped(dataset)


def test_idx_files_without_classes(folder: Path) -> None:
    for file in folder.glob("*labels*"):
        file.unlink()
    assert IdxFolder(folder).labels("test").tolist() == [0, 0, 0]
    assert IdxFolder(folder).class_names() == ()


def test_a_folder_without_images_is_refused(folder: Path) -> None:
    for file in folder.glob("t10k-images*"):
        file.unlink()
    with pytest.raises(InputError, match=r"expected the file t10k-images-idx3-ubyte, or .*\.gz"):
        IdxFolder(folder).images("test")


@pytest.mark.parametrize(
    "change",
    [
        lambda payload: b"",
        lambda payload: payload[:3],
        lambda payload: payload[:7],
        lambda payload: payload[:-1],
        lambda payload: payload + b"\0",
        lambda payload: b"\0\0\x0d" + payload[3:],
        lambda payload: b"\0\0\x08\xff" + payload[4:],
        lambda payload: b"PK\x03\x04" + payload,
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_idx_files_are_refused(
    tmp_path: Path, change: Callable[[bytes], bytes], packed: bool
) -> None:
    payload = change(idx(ARRAYS["x_test"]))
    name = IDX_FILES["x_test"]
    (tmp_path / (f"{name}.gz" if packed else name)).write_bytes(
        gzip.compress(payload) if packed else payload
    )
    with pytest.raises(InputError, match=r"t10k-images.*expected an IDX file") as error:
        IdxFolder(tmp_path).images("test")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "payload",
    [b"", b"no gzip", gzip.compress(idx(ARRAYS["x_test"]))[:-9]],
    ids=["empty", "no gzip", "cut off"],  # a gzip file is dated
)
def test_damaged_gzip_files_are_refused(tmp_path: Path, payload: bytes) -> None:
    (tmp_path / f"{IDX_FILES['x_test']}.gz").write_bytes(payload)
    with pytest.raises(InputError, match="t10k-images"):
        IdxFolder(tmp_path).images("test")


def test_names_of_data_sets(tmp_path: Path) -> None:
    assert open_data("mnist") == Dataset(MNIST)
    assert open_data(str(tmp_path / "absent.npz")) == Dataset(tmp_path / "absent.npz")


def test_fashion_comes_from_where_keras_keeps_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def get_file(name: str, origin: str, cache_subdir: str) -> str:
        asked.append((name, origin.rpartition("/")[2], cache_subdir))
        return str(folder / name)

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    assert _open_data("fashion") == IdxFolder(folder)
    names = [f"{name}.gz" for name in IDX_FILES.values()]
    assert asked == [(name, name, "datasets/fashion-mnist") for name in names]


def test_fashion_without_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def get_file(*_: object, **__: object) -> str:
        raise Exception("URL fetch failure on https://…: None --\n[Errno -2] Name not known")

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    with pytest.raises(InputError, match=r"cannot be downloaded; expected .*--data") as error:
        _open_data("fashion")
    assert "\n" not in str(error.value)


def test_the_shipped_test_images_of_fashion() -> None:
    dataset = Dataset(FASHION)
    assert dataset.images("test").shape == (10_000, 28, 28)
    assert np.bincount(dataset.labels("test")).tolist() == [1000] * 10
    assert dataset.class_names() == FASHION_CLASSES
    assert dataset.name == "Fashion-MNIST"
    assert dataset.sha256() == FASHION_SHA256
    assert is_shipped(dataset)
    assert shipped_data() == [Dataset(MNIST), dataset]
    with pytest.raises(InputError, match="x_train is missing"):
        dataset.images("train")


def test_test_images_stay_with_a_model(folder: Path) -> None:
    source, model = IdxFolder(folder), folder / "model"
    save_test_images(source, model / IMAGES)
    kept = data_of(source.sha256(), model)
    np.testing.assert_array_equal(kept.images("test"), source.images("test"))
    np.testing.assert_array_equal(kept.labels("test"), source.labels("test"))
    for name in ("class_names", "sha256"):
        assert getattr(kept, name)() == getattr(source, name)()
    assert kept.name == source.name
    assert data_of(source.sha256(), folder, model) == kept
    assert data_of(Dataset(MNIST).sha256(), model) == Dataset(MNIST)
    assert data_of(FASHION_SHA256, model) == Dataset(FASHION)
    with pytest.raises(InputError, match=r"model.*SHA-256 777777777777…"):
        data_of("7" * 64, model, folder)


def test_a_damaged_file_of_other_images_is_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, model = IdxFolder(folder), folder / "model"
    save_test_images(source, model / IMAGES)
    (folder / IMAGES).write_text("no archive")
    monkeypatch.setattr(data_files, "MNIST", folder / "mnist.npz")
    (folder / "mnist.npz").write_text("no archive")
    assert data_of(source.sha256(), folder, model) == Dataset(model / IMAGES)
    assert data_of(FASHION_SHA256, folder) == Dataset(FASHION)
    with pytest.raises(InputError, match=rf"{IMAGES} is damaged"):  # perhaps it was that one
        data_of("7" * 64, folder)
    with pytest.raises(InputError, match=r"mnist\.npz is damaged"):
        data_of("7" * 64, model)


def test_test_images_without_classes_stay_so(folder: Path) -> None:
    for file in folder.glob("*labels*"):
        file.unlink()
    save_test_images(IdxFolder(folder), folder / IMAGES)
    assert Dataset(folder / IMAGES).class_names() == ()
