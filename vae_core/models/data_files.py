"""Where data sets come from and where their test images stay: names, IDX files, `images.npz`."""

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from . import checkpoint
from .data import ASSETS, MNIST, Dataset

__all__ = [
    "FASHION_CLASSES",
    "IDX_FILES",
    "IMAGES",
    "IdxFolder",
    "data_of",
    "is_shipped",
    "open_data",
    "save_test_images",
    "shipped_data",
]

IMAGES = "images.npz"  # in a model's folder: the test images of a data set that is not shipped
IDX_FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
FASHION_SHA256 = "14410854cf7a289477dcfc7df3f8ec24741e281cdcc425ede0d9a748ca630214"
FASHION_CLASSES = (
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


@dataclass(frozen=True)
class IdxFolder(Dataset):
    """A folder of the four IDX files of MNIST and its kin, as they are or compressed by gzip.

    Its SHA-256 is that of the four uncompressed files one after the other: training images,
    training labels, test images, test labels.
    """

    @cached_property
    def _sha256(self) -> str:
        """Unpacks all four files, once."""
        digest = hashlib.sha256()
        for name in IDX_FILES:
            digest.update(self._payload(name) or b"")
        return digest.hexdigest()

    def class_names(self) -> tuple[str, ...]:
        return FASHION_CLASSES if self.sha256() == FASHION_SHA256 else super().class_names()

    @property
    def name(self) -> str:
        return "Fashion-MNIST" if self.sha256() == FASHION_SHA256 else super().name

    def sha256(self) -> str:
        return self._sha256

    def _read(self, name: str) -> NDArray[Any] | None:
        payload = self._payload(name)
        return None if payload is None else _parse_idx(payload, self.path / IDX_FILES[name])

    def _payload(self, name: str) -> bytes | None:
        if name not in IDX_FILES:
            return None
        path = self.path / IDX_FILES[name]
        packed = path.with_name(f"{path.name}.gz")
        try:
            if packed.exists():
                return gzip.decompress(packed.read_bytes())
            return path.read_bytes()
        except FileNotFoundError:
            if name.startswith("y"):
                return None
            raise InputError(
                f"Data set {self.path}: expected the file {path.name}, or {packed.name}"
            ) from None
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"Data set {path} cannot be read: {error}") from error


def _parse_idx(payload: bytes, path: Path) -> NDArray[np.uint8]:
    """Header: two zero bytes, 8 for uint8, dimensions, each dimension big-endian 32-bit."""
    dimensions = payload[3] if payload[:3] == b"\0\0\x08" and len(payload) > 3 else 0
    start = 4 + 4 * dimensions
    shape = tuple(int(n) for n in np.frombuffer(payload[4:start].ljust(start - 4, b"\0"), ">u4"))
    if not dimensions or math.prod(shape) != len(payload) - start:
        raise InputError(
            f"Data set {path}: expected an IDX file of uint8, received {len(payload)} bytes "
            f"that begin with {payload[:4].hex(' ')}"
        )
    return np.frombuffer(payload, np.uint8, offset=start).reshape(shape)


def open_data(text: str) -> Dataset:
    """The data set that `--data` names: `mnist`, an `.npz` file, or a folder of IDX files."""
    if text == "mnist":
        return Dataset(MNIST)
    path = Path(text)
    return IdxFolder(path) if path.is_dir() else Dataset(path)


def shipped_data() -> list[Dataset]:
    """The data sets that come with the project, MNIST first; of the others the test images."""
    others = sorted(path for path in ASSETS.glob("*.npz") if path != MNIST)
    return [Dataset(path) for path in (MNIST, *others) if path.exists()]


def data_of(data_sha256: str, folder: Path, *others: Path) -> Dataset:
    """The test images that a model belongs to.

    Args:
        data_sha256: as the model's metadata has it.
        folder: of the model.
        others: folders of models that may be of the same images.

    Raises:
        InputError: they are neither shipped nor beside the model.
    """
    beside = [Dataset(place / IMAGES) for place in (folder, *others)]
    problem = None
    for dataset in (beside[0], *shipped_data(), *beside[1:]):
        try:
            if dataset.path.exists() and dataset.sha256() == data_sha256:
                return dataset
        except InputError as error:  # a damaged file, perhaps of other images
            problem = problem or error
    raise problem or InputError(
        f"Model {folder}: expected the data set with SHA-256 {data_sha256:.12}… to be shipped, or "
        f"its test images in {IMAGES} beside the model; `train` puts them there"
    )


def is_shipped(dataset: Dataset) -> bool:
    """Whether the explorer has its test images without being given them."""
    return dataset.sha256() in [one.sha256() for one in shipped_data()]


def save_test_images(dataset: Dataset, path: Path) -> None:
    """Writes the test images of a data set, with what the explorer says of them, to an `.npz`."""
    arrays: dict[str, NDArray[Any]] = {
        "x_test": dataset.images("test"),
        "name": np.array(dataset.name),
        "data_sha256": np.array(dataset.sha256()),
    }
    if names := dataset.class_names():
        arrays |= {"y_test": dataset.labels("test"), "class_names": np.array(names)}
    checkpoint.write_atomically(
        path, lambda file: np.savez_compressed(file, allow_pickle=False, **arrays)
    )
