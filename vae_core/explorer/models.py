"""Models as the page holds them: loaded once, shared by all visitors, never changed."""

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from .. import checkpoint
from ..checkpoint import Metadata
from ..data import ASSETS, Dataset, pixels
from ..errors import InputError
from ..evaluation import half_width
from ..evidence import EvidenceGrid
from ..network import Network
from .shelf import server_shelf

__all__ = [
    "MODEL_NAMES",
    "TEST_IMAGES",
    "LoadedModel",
    "TestImages",
    "check_data",
    "load_model",
    "load_test_images",
]

Array = NDArray[np.floating]

MODELS = ASSETS / "models"
TEST_IMAGES = 10_000
OWN_MODELS = 5  # of visitors, held in memory; others are read again when they are shown
MODEL_NAMES = ("sample", "mean", "sample-10", "quadrature", "autoencoder", "blog", "large")


@dataclass(frozen=True)
class TestImages:
    """The 10,000 test images, one byte a pixel, and their classes."""

    images: NDArray[np.uint8]  # (10000, 28, 28)
    labels: NDArray[np.uint8]  # (10000,)
    data_sha256: str  # of the file they come from

    def pixels(self, chosen: slice | NDArray[np.intp] = slice(None)) -> NDArray[np.float32]:
        """Images as rows in [0, 1], `(chosen, 784)`."""
        return pixels(self.images[chosen])


class LoadedModel:
    """A model with what the plane shows of it.

    Attributes:
        name: of its folder.
        network: encoder and decoder.
        metadata: of the training run.
        mean: of q for the test images, `(10000, 2)`.
        stddev: `(10000, 2)`, zero without a q.
    """

    def __init__(self, name: str, network: Network, metadata: Metadata, test: TestImages):
        self.name = name
        self.network = network
        self.metadata = metadata
        parts = [
            network.encode(test.pixels(slice(i, i + 1000)))
            for i in range(0, len(test.images), 1000)
        ]
        self.mean: Array = np.concatenate([mean for mean, _ in parts])
        self.stddev: Array = np.concatenate([stddev for _, stddev in parts])
        self._lock = threading.Lock()

    @cached_property
    def _grid(self) -> EvidenceGrid:
        return EvidenceGrid(self.network, half_width(self.mean, self.stddev))

    @property
    def grid(self) -> EvidenceGrid:
        """The coarse lattice of the decoder, made when the first visitor needs it."""
        with self._lock:  # visitors run in threads; one of them builds, the others wait
            return self._grid

    @property
    def fingerprint(self) -> str:
        """Changes whenever the weights do."""
        return f"{self.name}-{self.metadata.weights_sha256[:12]}"


@st.cache_resource(show_spinner=False)
def load_test_images() -> TestImages:
    """Test images and labels of MNIST.

    Raises:
        InputError: the data set is missing, damaged, or another one.
    """
    dataset = Dataset()
    images, labels = dataset.images("test"), dataset.labels("test")
    if images.shape != (TEST_IMAGES, 28, 28) or labels.shape != (TEST_IMAGES,):
        raise InputError(
            f"Data set {dataset.path.name}: expected {TEST_IMAGES} test images of 28 x 28 pixels "
            f"and as many labels, received {images.shape} and {labels.shape}"
        )
    return TestImages(images, labels, dataset.sha256())


@st.cache_resource(show_spinner=False, max_entries=len(MODEL_NAMES) + OWN_MODELS)
def _load(name: str, stamp: tuple[int, ...], _folder: Path) -> LoadedModel:
    network, metadata = checkpoint.load(_folder)
    test = load_test_images()
    check_data(name, metadata, test)
    return LoadedModel(name, network, metadata, test)


def check_data(name: str, metadata: Metadata, test: TestImages) -> None:
    """Raises InputError unless a model was trained on the images that the page shows."""
    shape = metadata.training.model
    if shape.image_shape != test.images.shape[1:] or shape.latent_dim != 2:
        raise InputError(
            f"Model {name}: expected images of {test.images.shape[1:]} pixels and 2 latent "
            f"dimensions, received {shape.image_shape} and {shape.latent_dim}"
        )
    if metadata.data_sha256 != test.data_sha256:
        raise InputError(
            f"Model {name} was trained on another data set (SHA-256 {metadata.data_sha256:.12}…) "
            f"than the one in assets/mnist.npz ({test.data_sha256:.12}…)"
        )


def load_model(name: str) -> LoadedModel:
    """A shipped model, or one of the shelf; read again when its files change.

    Raises:
        InputError: it is missing or damaged.
    """
    folder = MODELS / name if name in MODEL_NAMES else server_shelf().folder(name)
    if folder is None:
        raise InputError(f"Model {name} is not kept by this server any more; train it again")
    return _load(name, _stamp(folder), folder)


def _stamp(folder: Path) -> tuple[int, ...]:
    return tuple(_changed(folder / name) for name in ("weights.npz", "metadata.json"))


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:  # missing, out of reach, or just removed: whoever reads it says so
        return 0
