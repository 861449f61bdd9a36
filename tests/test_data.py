"""Data sets: MNIST as shipped, and files that are not data sets."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from vae_core.errors import InputError
from vae_core.models import data
from vae_core.models.data import MNIST, Dataset, pixels

GOOD = {
    "x_train": np.zeros((4, 3, 2), np.uint8),
    "y_train": np.zeros(4, np.uint8),
    "x_test": np.ones((2, 3, 2), np.uint8),
    "y_test": np.ones(2, np.uint8),
}


@pytest.mark.parametrize(("split", "count"), [("train", 60_000), ("test", 10_000)])
def test_mnist(split: str, count: int) -> None:
    images, labels = Dataset().images(split), Dataset().labels(split)
    assert images.shape == (count, 28, 28)
    assert labels.shape == (count,)
    assert images.dtype == labels.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 255)
    assert set(labels) == set(range(10))


def test_mnist_statistics() -> None:
    # Mean and stddev of the training pixels, as quoted wherever MNIST is normalised.
    images = Dataset().images("train") / 255
    assert images.mean() == pytest.approx(0.1307, abs=5e-5)
    assert images.std() == pytest.approx(0.3081, abs=5e-5)
    assert np.bincount(Dataset().labels("test")).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip


def test_sha256() -> None:
    assert Dataset().sha256() == hashlib.sha256(MNIST.read_bytes()).hexdigest()


def test_pixels() -> None:
    images = np.arange(256, dtype=np.uint8).reshape(2, 16, 8)
    rows = pixels(images)
    assert rows.shape == (2, 128)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows.ravel() * 255, np.arange(256), rtol=1e-6)
    assert (rows.min(), rows.max()) == (0, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x_train", None),
        ("x_test", None),
        ("x_train", GOOD["x_train"].astype(np.int16)),
        ("x_test", GOOD["x_test"] + 0.5),
        ("x_test", GOOD["x_test"] * np.nan),
        ("x_test", np.zeros((2, 3, 65), np.uint8)),
        ("x_test", GOOD["x_test"][..., None]),
        ("x_test", GOOD["x_test"].reshape(2, 6)),
        ("x_test", GOOD["x_test"][:0]),
        ("y_train", np.zeros(0, np.uint8)),
        ("y_train", np.zeros((4, 2), np.uint8)),
        ("y_test", GOOD["y_test"] - 2.0),
        ("y_test", np.array([1, -1])),
        ("y_test", np.array([1, 255])),
        ("y_test", np.array(["a", "b"])),
    ],
)
def test_refuses_arrays(tmp_path: Path, name: str, value: np.ndarray | None) -> None:
    arrays = {**GOOD, name: value}
    path = tmp_path / "data.npz"
    np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
    kind, split = name.split("_")
    read = Dataset(path).images if kind == "x" else Dataset(path).labels
    with pytest.raises(InputError, match=rf"data\.npz.*{name}") as error:
        read(split)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"x_test": np.ones((2, 3, 2), np.float32), "x_train": np.zeros((4, 3, 2))},
        {"y_train": np.zeros((4, 1), np.int64), "y_test": np.ones((2, 1), np.int64)},
    ],
    ids=["bytes", "fractions", "columns"],
)
@pytest.mark.parametrize("rename", [False, True], ids=["x, y", "images, labels"])
def test_reads_files_of_other_makers(
    tmp_path: Path, changes: dict[str, np.ndarray], rename: bool
) -> None:
    arrays = GOOD | changes
    if rename:
        arrays = {data.ALIASES[name]: values for name, values in arrays.items()}
    np.savez(tmp_path / "data.npz", **arrays)
    dataset = Dataset(tmp_path / "data.npz")
    assert dataset.images("train").tolist() == GOOD["x_train"].tolist()
    assert (dataset.images("test") == (255 if "x_test" in changes else 1)).all()
    assert dataset.images("test").dtype == dataset.labels("test").dtype == np.uint8
    assert dataset.labels("train").tolist() == [0] * 4
    assert dataset.labels("test").tolist() == [1, 1]
    assert dataset.class_names() == ("0", "1")
    assert dataset.name == "data"


def test_images_need_no_classes(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, x_train=GOOD["x_train"], x_test=GOOD["x_test"])
    assert Dataset(path).labels("test").tolist() == [0, 0]
    assert Dataset(path).class_names() == ()


def test_class_names_come_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, **GOOD, class_names=np.array(["off", "on", "x" * 99]))
    assert Dataset(path).class_names() == ("off", "on", "x" * data.MAX_NAME)
    for names in (["off"], [0, 1], [["off", "on"]]):
        np.savez(path, **GOOD, class_names=np.array(names))
        with pytest.raises(InputError, match=r"data\.npz: expected class_names of 2 strings"):
            Dataset(path).class_names()


def write_text(path: Path) -> None:
    path.write_text("x_train,y_train\n")


def write_truncated(path: Path) -> None:
    path.write_bytes(MNIST.read_bytes()[:5000])


def write_corrupt(path: Path) -> None:
    content = bytearray(MNIST.read_bytes())
    content[1000:2000] = bytes(1000)
    path.write_bytes(content)


def write_single_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, GOOD["x_train"])


def write_pickle(path: Path) -> None:
    np.savez(path, **{**GOOD, "x_train": np.array([{}], dtype=object)})


@pytest.mark.parametrize(
    "write",
    [write_text, write_truncated, write_corrupt, write_single_array, write_pickle, Path.touch],
)
def test_refuses_other_files(tmp_path: Path, write: object) -> None:
    path = tmp_path / "data.npz"
    write(path)
    with pytest.raises(InputError, match=r"data\.npz is damaged or not an \.npz file"):
        Dataset(path).images("train")


def test_refuses_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path, reason in [(tmp_path / "absent.npz", "does not exist"), (tmp_path, "damaged")]:
        with pytest.raises(InputError, match=reason):
            Dataset(path).images("train")
        with pytest.raises(InputError, match=reason):
            Dataset(path).sha256()
