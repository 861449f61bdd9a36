"""Models as the page holds them: loaded once, shared by all visitors, never changed."""

import contextlib
import threading
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from .. import checkpoint
from ..checkpoint import Metadata
from ..data import ASSETS, FASHION, MNIST, Dataset
from ..errors import InputError
from ..evaluation import half_width
from ..evidence import EvidenceGrid
from ..network import Network
from .brought import brought_models
from .computing import start_for
from .images import TestImages, load_images
from .shelf import server_shelf

__all__ = [
    "FASHION_NAMES",
    "MODEL_NAMES",
    "LoadedModel",
    "NoCounterpart",
    "TestImages",
    "check_data",
    "counterpart",
    "data_key",
    "images_beside",
    "listed_models",
    "load_model",
    "load_test_images",
    "model_folder",
    "partner",
    "warm_up",
]

Array = NDArray[np.floating]

MODELS = ASSETS / "models"
MODEL_NAMES = ("sample", "mean", "sample-10", "quadrature", "autoencoder", "blog", "large")
FASHION_NAMES = ("fashion", "fashion-mean")
# The shipped ones, and five of visitors or of the host; others are read again when they are shown.
MOST_LOADED = len(MODEL_NAMES) + len(FASHION_NAMES) + 5


class LoadedModel:
    """A model with what the plane shows of it.

    Attributes:
        name: of its folder.
        network: encoder and decoder.
        metadata: of the training run.
        test: the test images of its data set.
        mean: of q for the test images, `(images, 2)`.
        stddev: `(images, 2)`, zero without a q.
    """

    def __init__(self, name: str, network: Network, metadata: Metadata, test: TestImages):
        self.name = name
        self.network = network
        self.metadata = metadata
        self.test = test
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


def load_test_images(name: str = MODEL_NAMES[0]) -> TestImages:
    """The test images of the data set that a model belongs to.

    Raises:
        InputError: they are missing or damaged.
    """
    brought = brought_models().get(name)
    dataset = brought.dataset() if brought else Dataset(_shipped_data(name))
    return load_images(dataset.path, _changed(dataset.path))


def images_beside(name: str) -> TestImages:
    """As `load_test_images`; MNIST's where a model that the host brought has none of its own.

    Raises:
        InputError: MNIST is missing or damaged.
    """
    try:
        return load_test_images(name)
    except InputError:  # the model's panel says what is wrong
        return load_test_images()


def _shipped_data(name: str) -> Path:
    return FASHION if name in FASHION_NAMES else MNIST


def data_key(name: str) -> str:
    """Equal for models that belong to the same images; empty where the model does not say."""
    brought = brought_models().get(name)
    try:
        if brought:
            return brought.data_sha256()
        path = _shipped_data(name)
        return _data_sha256(path, _changed(path))  # without loading images that nobody looks at
    except InputError:
        return ""


@lru_cache
def _data_sha256(path: Path, changed: int) -> str:
    return Dataset(path).sha256()


def listed_models() -> list[str]:
    """All models that every visitor can choose: those brought by the host, then the shipped."""
    return [*dict.fromkeys([*brought_models(), *MODEL_NAMES, *FASHION_NAMES])]


def partner(name: str) -> str:
    """The model that is shown beside another one unless the visitor chooses: a name or "none"."""
    if name in brought_models():
        others = [one for one in listed_models() if one != name]
        return next((one for one in others if data_key(one) == data_key(name)), "none")
    return FASHION_NAMES[1] if name in FASHION_NAMES else MODEL_NAMES[1]


class NoCounterpart(InputError):
    """No model was trained in some way on the images of another model."""


def counterpart(name: str, model: LoadedModel) -> str:
    """The model that was trained as a shipped one, but on the images of another model.

    Args:
        name: of a shipped model.
        model: the one that is to be compared with it.

    Raises:
        NoCounterpart: there is none.
        InputError: the shipped model is damaged.
    """
    key = data_key(model.name)
    if data_key(name) == key:
        return name
    wanted = checkpoint.load_metadata(MODELS / name).training
    for one in (model.name, *listed_models()):
        folder = model_folder(one)
        if folder is None or data_key(one) != key:
            continue
        with contextlib.suppress(InputError):
            training = checkpoint.load_metadata(folder).training
            if (training.objective, training.samples) == (wanted.objective, wanted.samples):
                return one
    raise NoCounterpart(
        f"This needs a model that was trained as `{name}` was, and there is none for "
        f"{model.test.name}. Choose one of the models of MNIST."
    )


@st.cache_resource(show_spinner=False, max_entries=MOST_LOADED)
def _load(name: str, stamp: tuple[int, ...], _folder: Path) -> LoadedModel:
    network, metadata = checkpoint.load(_folder)
    test = load_test_images(name)
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
            f"than the {test.name} of this explorer ({test.data_sha256:.12}…)"
        )


def model_folder(name: str) -> Path | None:
    """Where a model lies; None for one that the server does not have."""
    if name in brought_models():
        return brought_models()[name].folder
    if name in MODEL_NAMES or name in FASHION_NAMES:
        return MODELS / name
    return server_shelf().folder(name)


def load_model(name: str) -> LoadedModel:
    """A model by its name; read again when its files change.

    Raises:
        InputError: it is missing or damaged.
    """
    folder = model_folder(name)
    if folder is None:
        raise InputError(f"Model {name} is not kept by this server any more; train it again")
    return _load(name, _stamp(folder), folder)


def warm_up(name: str) -> None:
    """Starts to load a model and to decode its lattice, for who is going to need them."""

    def load() -> None:
        with contextlib.suppress(InputError):  # whoever loads it says what is wrong
            _ = load_model(name).grid

    start_for("models", load)


def _stamp(folder: Path) -> tuple[int, ...]:
    return tuple(_changed(folder / name) for name in ("weights.npz", "metadata.json"))


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:  # missing, out of reach, or just removed: whoever reads it says so
        return 0
