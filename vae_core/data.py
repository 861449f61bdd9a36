"""Data sets: MNIST in `assets`, read one array at a time."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import DAMAGED, InputError

__all__ = ["ASSETS", "MNIST", "Dataset", "pixels"]

ASSETS = Path(__file__).resolve().parent.parent / "assets"
MNIST = ASSETS / "mnist.npz"
ARRAYS = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True)
class Dataset:
    """Grey images with class labels in an `.npz` file; each array is read when it is asked for.

    Args:
        path: a file with the arrays `x_train`, `x_test` `(images, height, width)` uint8 and
            `y_train`, `y_test` `(images,)` uint8.

    Raises (from its methods):
        InputError: the file is missing, damaged, or an array is not as above.
    """

    path: Path = MNIST

    def images(self, split: str) -> NDArray[np.uint8]:
        """Images of `"train"` or `"test"`, `(images, height, width)` uint8."""
        array = self._read(f"x_{split}")
        if array.ndim != 3 or array.dtype != np.uint8 or not len(array):
            raise InputError(
                f"Data set {self.path}: expected x_{split} of shape (images, height, width) "
                f"and type uint8, received {array.shape} {array.dtype}"
            )
        return array

    def labels(self, split: str) -> NDArray[np.uint8]:
        """Classes of `"train"` or `"test"`, `(images,)` uint8."""
        array = self._read(f"y_{split}")
        if array.ndim != 1 or array.dtype != np.uint8:
            raise InputError(
                f"Data set {self.path}: expected y_{split} of shape (images,) and type uint8, "
                f"received {array.shape} {array.dtype}"
            )
        return array

    def sha256(self) -> str:
        """SHA-256 of the file."""
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"Data set {self.path} cannot be read: {error.strerror}") from error

    def _read(self, name: str) -> NDArray[np.uint8]:
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                if name not in archive:
                    raise InputError(
                        f"Data set {self.path}: expected the arrays {', '.join(ARRAYS)}, "
                        f"but {name} is missing"
                    )
                return archive[name]
        except FileNotFoundError as error:
            raise InputError(f"Data set {self.path} does not exist") from error
        except InputError:
            raise
        except DAMAGED as error:
            raise InputError(f"Data set {self.path} is damaged or not an .npz file") from error


def pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grey levels 0 to 255 as rows of numbers in [0, 1], `(images, height * width)` float32."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
