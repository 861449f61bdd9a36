"""Which models there are: folders that `train` wrote, found by what their metadata say."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from ..errors import InputError
from . import checkpoint
from .checkpoint import Metadata
from .data import ASSETS, Dataset
from .data_files import data_of, shipped_data
from .objectives import OBJECTIVES
from .settings import ModelConfig

__all__ = ["MODELS", "FoundModel", "counterpart", "find_models", "shipped_models"]

MODELS = ASSETS / "models"


@dataclass(frozen=True)
class FoundModel:
    """A folder that `train` wrote; its data set is shipped, or test images lie beside it.

    Args:
        folder: of the model.
        others: folders of models that may be of the same images.

    Raises (from its methods):
        InputError: a file is missing or damaged.
    """

    folder: Path
    others: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        return self.folder.name

    def metadata(self) -> Metadata:
        """As it stands in the folder; read again when it changes."""
        return _metadata(self.folder, self._changed())

    def dataset(self) -> Dataset:
        """The test images that it belongs to: shipped, or beside it or another model."""
        return _dataset(self, self._changed())

    def data_sha256(self) -> str:
        """Of the data set that it was trained on."""
        return self.metadata().data_sha256

    def _changed(self) -> int:
        with contextlib.suppress(OSError):
            return (self.folder / "metadata.json").stat().st_mtime_ns
        return 0


@lru_cache(maxsize=64)
def _metadata(folder: Path, changed: int) -> Metadata:
    return checkpoint.load_metadata(folder)


@lru_cache(maxsize=64)
def _dataset(model: FoundModel, changed: int) -> Dataset:
    """Cached: a click asks several times, and to look for the images may hash all of MNIST."""
    return data_of(model.data_sha256(), model.folder, *model.others)


def find_models(folder: Path) -> dict[str, FoundModel]:
    """The models in a folder of folders, by name, in the order of their names.

    Raises:
        OSError: the folder cannot be read.
    """
    folders = tuple(sorted(file.parent for file in folder.glob("*/metadata.json")))
    return {one.name: FoundModel(one, folders) for one in folders}


@cache
def shipped_models() -> dict[str, FoundModel]:
    """The models that come with the project, found as any others are.

    Those of the first data set come first, then those of the usual size, in the order of
    `OBJECTIVES`, by the number of samples.
    """
    usual = Dataset().path
    known = [*dict.fromkeys([usual, *(dataset.path for dataset in shipped_data())])]

    def place(model: FoundModel) -> tuple[int, bool, int, int, str]:
        try:
            metadata = model.metadata()
        except InputError:  # the page says what is wrong
            return len(known) + 1, True, 0, 0, model.name
        path, training = usual, metadata.training
        with contextlib.suppress(InputError):  # no such images: whoever loads them says so
            path = model.dataset().path
        return (
            known.index(path) if path in known else len(known),
            training.model.hidden != ModelConfig().hidden,
            [*OBJECTIVES].index(training.objective),
            training.samples,
            model.name,
        )

    found = sorted(find_models(MODELS).values(), key=place)
    return {model.name: model for model in found}


def counterpart(wanted: Metadata, data_sha256: str, models: Iterable[FoundModel]) -> str | None:
    """Name of the first model that was trained in the way of another, on the images given."""
    for model in models:
        with contextlib.suppress(InputError):
            metadata = model.metadata()
            if metadata.data_sha256 != data_sha256:
                continue
            if _way(metadata) == _way(wanted):
                return model.name
    return None


def _way(metadata: Metadata) -> tuple[str, int]:
    return metadata.training.objective, metadata.training.samples
