"""Data sets of grey images in `.npz` files: MNIST, Fashion-MNIST's test images, one's own."""

import contextlib
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DAMAGED, InputError

__all__ = ["ASSETS", "MNIST", "Dataset", "pixels"]

PACKAGE = Path(__file__).resolve().parent.parent
# Installed, the models and images lie in the package; in a checkout, beside it. Where they are
# missing, whoever needs them says so.
INSTALLED = PACKAGE / "assets"
BESIDE = PACKAGE.parent / "assets"
ASSETS = BESIDE if BESIDE.is_dir() and not INSTALLED.is_dir() else INSTALLED
MNIST = ASSETS / "mnist.npz"
MAX_SIDE = 64  # pixels
MAX_CLASSES = 255
MAX_NAME = 24  # letters of a name that is shown
ALIASES = {  # as MedMNIST names them
    **{f"x_{split}": f"{split}_images" for split in ("train", "test")},
    **{f"y_{split}": f"{split}_labels" for split in ("train", "test")},
}


@dataclass(frozen=True)
class Dataset:
    """Grey images in an `.npz` file, with classes or without; each array is read when asked for.

    Args:
        path: a file with the arrays `x_train` and `x_test`, `(images, height, width)`, uint8 or
            fractions from 0 to 1; where there are classes, `y_train` and `y_test`, `(images,)`
            integers from 0, and their `class_names`. A file of test images alone, as
            `test_images.save` writes it, names its data set and that one's SHA-256.

    Raises (from its methods):
        InputError: the file is missing, damaged, or an array is not as above.
    """

    path: Path = MNIST

    def images(self, split: str) -> NDArray[np.uint8]:
        """Images of `"train"` or `"test"`, `(images, height, width)` uint8."""
        array = self._read(f"x_{split}")
        if array is None:
            raise InputError(
                f"Data set {self.path}: expected the arrays x_train and x_test, "
                f"but x_{split} is missing"
            )
        if (
            array.ndim != 3
            or not array.size
            or max(array.shape[1:]) > MAX_SIDE
            or not (array.dtype == np.uint8 or _are_fractions(array))
        ):
            raise InputError(
                f"Data set {self.path}: expected x_{split} of shape (images, height, width), at "
                f"most {MAX_SIDE} pixels each way, of type uint8 or with fractions from 0 to 1, "
                f"received {array.shape} {array.dtype}"
            )
        return array if array.dtype == np.uint8 else np.round(255 * array).astype(np.uint8)

    def labels(self, split: str) -> NDArray[np.uint8]:
        """Classes of `"train"` or `"test"`, `(images,)` uint8; all 0 where there are none."""
        array = self._read(f"y_{split}")
        if array is None:
            return np.zeros(len(self.images(split)), np.uint8)
        if (
            array.shape not in ((array.size,), (array.size, 1))
            or array.dtype.kind not in "ui"
            or not array.size
            or not 0 <= array.min() <= array.max() < MAX_CLASSES
        ):
            raise InputError(
                f"Data set {self.path}: expected y_{split} of shape (images,), integers from 0 "
                f"to {MAX_CLASSES - 1}, received {array.shape} {array.dtype}"
            )
        return array.reshape(-1).astype(np.uint8)

    def class_names(self) -> tuple[str, ...]:
        """What the classes of the test images are called; nothing where there are none."""
        if self._read("y_test") is None:
            return ()
        names = self._read("class_names")
        count = int(self.labels("test").max()) + 1
        if names is None:
            return tuple(str(label) for label in range(count))
        if names.ndim != 1 or names.dtype.kind != "U" or len(names) < count:
            raise InputError(
                f"Data set {self.path}: expected class_names of {count} strings, "
                f"received {names.shape} {names.dtype}"
            )
        return tuple(str(name)[:MAX_NAME] for name in names)

    @property
    def name(self) -> str:
        """What the data set is called: by itself, or as its file."""
        if self.path == MNIST:
            return "MNIST"
        name = self._read("name")
        return (self.path.stem if name is None else str(name))[:MAX_NAME]

    def sha256(self) -> str:
        """SHA-256 of the file, or what a file of test images alone says of its data set."""
        changed = 0
        with contextlib.suppress(OSError):  # to read it says what is wrong
            changed = self.path.stat().st_mtime_ns
        return _sha256(self, changed)

    def _read(self, name: str) -> NDArray[Any] | None:
        """An array, or None where the file has none of this name."""
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                for key in (name, ALIASES.get(name)):
                    if key in archive:
                        return archive[key]
                return None
        except FileNotFoundError as error:
            raise InputError(f"Data set {self.path} does not exist") from error
        except DAMAGED as error:
            raise InputError(f"Data set {self.path} is damaged or not an .npz file") from error


@lru_cache(maxsize=64)
def _sha256(dataset: Dataset, changed: int) -> str:
    """Cached: each model asks for its data set's, and to hash MNIST takes longer than a click."""
    try:
        stated = dataset._read("data_sha256")
        if stated is not None:
            return str(stated)
        with dataset.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"Data set {dataset.path} cannot be read: {error.strerror}") from error


def _are_fractions(array: NDArray[Any]) -> bool:
    """False for NaN too."""
    return array.dtype.kind == "f" and bool(array.min() >= 0 and array.max() <= 1)


def pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grey levels 0 to 255 as rows of numbers in [0, 1], `(images, height * width)` float32."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
