"""Models that whoever runs the server brings: `VAE_MODELS=DIR streamlit run app.py`."""

import os
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from .. import checkpoint
from ..checkpoint import Metadata
from ..data import Dataset
from ..data_files import data_of

__all__ = ["BroughtModel", "brought_models", "brought_problem"]

VARIABLE = "VAE_MODELS"
NAME = re.compile(r"[\w][\w .-]{0,39}")


@dataclass(frozen=True)
class BroughtModel:
    """A folder that `train` wrote; its data set is shipped, or test images lie beside it.

    Raises (from its methods):
        InputError: a file is missing or damaged.
    """

    folder: Path

    def dataset(self) -> Dataset:
        """The test images that it belongs to: shipped, or beside it or another model."""
        return _dataset(self.folder, self._changed())

    def data_sha256(self) -> str:
        """Of the data set that it was trained on."""
        return _metadata(self.folder, self._changed()).data_sha256

    def _changed(self) -> int:
        file = self.folder / "metadata.json"
        return file.stat().st_mtime_ns if file.exists() else 0


@lru_cache(maxsize=64)
def _metadata(folder: Path, changed: int) -> Metadata:
    return checkpoint.load_metadata(folder)


@lru_cache(maxsize=64)
def _dataset(folder: Path, changed: int) -> Dataset:
    """Cached: a click asks several times, and to look for the images may hash all of MNIST."""
    others = (one.folder for one in brought_models().values())
    return data_of(_metadata(folder, changed).data_sha256, folder, *others)


@cache
def _found() -> tuple[dict[str, BroughtModel], str]:
    """The models by name, and what is wrong with the folder."""
    named = os.environ.get(VARIABLE)
    if not named:
        return {}, ""
    try:
        folders = sorted(file.parent for file in Path(named).glob("*/metadata.json"))
    except OSError as error:
        return {}, f"{VARIABLE}={named}: {error.strerror}"
    models = {one.name: BroughtModel(one) for one in folders if NAME.fullmatch(one.name)}
    if not models:
        return {}, (
            f"{VARIABLE}={named}: expected a folder that holds a folder for each model, as `train` "
            "writes it; found no metadata.json in any"
        )
    return models, ""


def brought_models() -> dict[str, BroughtModel]:
    """The models of the folder that the environment names, by name; none if it names none."""
    return _found()[0]


def brought_problem() -> str:
    """Why there are none, where the environment names a folder."""
    return _found()[1]
