"""The models of this server: loaded once, shared by all visitors, never changed."""

import contextlib
import os
import re
from functools import cache
from pathlib import Path

from ...errors import InputError
from ...inference.loaded_model import LoadedModel, check_data
from ...memo import Memo
from ...models import catalogue, checkpoint
from ...models.catalogue import FoundModel, find_models, shipped_models
from ...models.checkpoint import Metadata
from ...models.data import Dataset
from ...models.naming import spoken
from ...models.test_images import TestImages
from .computing import start_for
from .shelf import server_shelf

__all__ = [
    "NoCounterpart",
    "brought_models",
    "brought_problem",
    "counterpart",
    "data_key",
    "images_beside",
    "listed_models",
    "load_model",
    "load_test_images",
    "model_folder",
    "partner",
    "trained",
    "warm_up",
]

VARIABLE = (
    "VAE_MODELS"  # of the environment: a folder of models that whoever runs the server brings
)
NAME = re.compile(r"[\w][\w .-]{0,39}")
MOST_LOADED = 14  # those that are shipped, and some of visitors or of the host
MOST_DATA = 8

_models, _images, _sums = Memo(MOST_LOADED), Memo(MOST_DATA), Memo(MOST_DATA)


# --- which models there are ----------------------------------------------------------------------


@cache
def _brought() -> tuple[dict[str, FoundModel], str]:
    """The models of the folder that the environment names, and what is wrong with it."""
    named = os.environ.get(VARIABLE)
    if not named:
        return {}, ""
    try:
        found = find_models(Path(named))
    except OSError as error:
        return {}, f"{VARIABLE}={named}: {error.strerror}"
    models = {name: model for name, model in found.items() if NAME.fullmatch(name)}
    if not models:
        return {}, (
            f"{VARIABLE}={named}: expected a folder that holds a folder for each model, as `train` "
            "writes it; found no metadata.json in any"
        )
    return models, ""


def brought_models() -> dict[str, FoundModel]:
    """The models of the folder that the environment names, by name; none if it names none."""
    return _brought()[0]


def brought_problem() -> str:
    """Why there are none, where the environment names a folder."""
    return _brought()[1]


def _found(name: str) -> FoundModel | None:
    """A model that every visitor can choose."""
    return brought_models().get(name) or shipped_models().get(name)


def listed_models() -> list[str]:
    """All models that every visitor can choose: those brought by the host, then the shipped."""
    return [*dict.fromkeys([*brought_models(), *shipped_models()])]


def model_folder(name: str) -> Path | None:
    """Where a model lies; None for one that the server does not have."""
    found = _found(name)
    return found.folder if found else server_shelf().folder(name)


def partner(name: str) -> str:
    """The model that is shown beside another one unless the visitor chooses: a name or "none".

    Beside a model that the host brought the first of the same images, else the one that was
    trained on means.
    """
    key = data_key(name)
    same = [one for one in listed_models() if data_key(one) == key]
    if name in brought_models():
        return next((one for one in same if one != name), "none")
    return next((one for one in same if _objective(one) == "mean"), "none")


def _objective(name: str) -> str:
    found = _found(name)
    with contextlib.suppress(InputError):
        return found.metadata().training.objective if found else ""
    return ""


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
    shipped = shipped_models().get(name)
    if shipped is None:
        raise NoCounterpart(f"This needs the model `{name}`, which is not among the shipped ones.")
    folders = [model_folder(one) for one in (model.name, *listed_models())]
    candidates = [FoundModel(folder) for folder in folders if folder]
    found = catalogue.counterpart(shipped.metadata(), key, candidates)
    if found is None:
        raise NoCounterpart(
            f"This compares with {spoken(shipped.metadata())}, and there is none for "
            f"{model.test.name}. Choose one of the models of MNIST."
        )
    return found


# --- their images --------------------------------------------------------------------------------


def _dataset(name: str) -> Dataset:
    """The data set that a model belongs to; of a damaged shipped one, MNIST."""
    found = _found(name)
    if found is None:
        return Dataset()  # of a visitor's: Train knows no other
    try:
        return found.dataset()
    except InputError:
        if name in brought_models():
            raise
        return Dataset()


def load_test_images(name: str = "") -> TestImages:
    """The test images of the data set that a model belongs to; without a name, of MNIST.

    Raises:
        InputError: they are missing or damaged.
    """
    dataset = _dataset(name)
    return _images((dataset.path, _changed(dataset.path)), lambda: TestImages.of(dataset))


def images_beside(name: str) -> TestImages:
    """As `load_test_images`; MNIST's where a model that the host brought has none of its own.

    Raises:
        InputError: MNIST is missing or damaged.
    """
    try:
        return load_test_images(name)
    except InputError:  # the stage says what is wrong
        return load_test_images()


def data_key(name: str) -> str:
    """Equal for models that belong to the same images; empty where the model does not say."""
    brought = brought_models().get(name)
    try:
        if brought:
            return brought.data_sha256()
        dataset = _dataset(name)
        # Without loading images that nobody looks at.
        return _sums((dataset.path, _changed(dataset.path)), dataset.sha256)
    except InputError:
        return ""


# --- loading -------------------------------------------------------------------------------------


def _kept_folder(name: str) -> Path:
    """As `model_folder`, for a model that the server has to have."""
    folder = model_folder(name)
    if folder is None:
        raise InputError(f"Model {name} is not kept by this server any more; train it again")
    return folder


def load_model(name: str) -> LoadedModel:
    """A model by its name; read again when its files change.

    Raises:
        InputError: it is missing or damaged.
    """
    folder = _kept_folder(name)

    def load() -> LoadedModel:
        network, metadata = checkpoint.load(folder)
        test = load_test_images(name)
        check_data(name, metadata, test)
        return LoadedModel(name, network, metadata, test)

    stamp = tuple(_changed(folder / file) for file in ("weights.npz", "metadata.json"))
    return _models((name, folder, stamp), load)


def trained(name: str) -> Metadata:
    """What a model says of its training, without its weights.

    Raises:
        InputError: it is missing or damaged.
    """
    folder = _kept_folder(name)
    return (_found(name) or FoundModel(folder)).metadata()


def warm_up(name: str) -> None:
    """Starts to load a model and to decode its lattice, for who is going to need them."""

    def load() -> None:
        with contextlib.suppress(InputError):  # whoever loads it says what is wrong
            _ = load_model(name).grid

    start_for("models", load)


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:  # missing, out of reach, or just removed: whoever reads it says so
        return 0
