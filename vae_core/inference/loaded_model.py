"""A model with the images it belongs to: what every view and experiment is about."""

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Array, parts
from ..errors import InputError
from ..memo import Memo
from ..models import checkpoint
from ..models.checkpoint import Metadata
from ..models.data_files import data_of
from ..models.network import Network
from ..models.test_images import TestImages
from .evaluation import half_width
from .evidence import EvidenceGrid

__all__ = ["LoadedModel", "check_data", "load_model"]

IMAGES_AT_ONCE = 1000
MOST_KEPT = 64  # results that belong to a model: fields, orders


class LoadedModel:
    """A model with what the plane shows of it; never changed.

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
        encoded = [
            network.encode(test.pixels(part)) for part in parts(len(test.images), IMAGES_AT_ONCE)
        ]
        self.mean: Array = np.concatenate([mean for mean, _ in encoded])
        self.stddev: Array = np.concatenate([stddev for _, stddev in encoded])
        self._kept = Memo(MOST_KEPT)
        self._grid = Memo(1)  # apart: the lattice is never dropped

    @property
    def grid(self) -> EvidenceGrid:
        """The coarse lattice of the decoder, made when the first visitor needs it."""
        return self._grid((), self._decode_grid)

    def _decode_grid(self) -> EvidenceGrid:
        return EvidenceGrid(self.network, half_width(self.mean, self.stddev))

    @property
    def has_posterior(self) -> bool:
        return self.network.has_posterior

    @property
    def fingerprint(self) -> str:
        """Changes whenever the weights do."""
        return f"{self.name}-{self.metadata.weights_sha256[:12]}"

    def once(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """What belongs to the model alone, computed when it is first asked for."""
        return self._kept(key, compute)


def load_model(folder: Path) -> LoadedModel:
    """A model from its folder, with its test images: shipped ones, or those beside it.

    Raises:
        InputError: a file is missing or damaged, or the images are not those of the model.
    """
    network, metadata = checkpoint.load(folder)
    test = TestImages.of(data_of(metadata.data_sha256, folder))
    check_data(folder.name, metadata, test)
    return LoadedModel(folder.name, network, metadata, test)


def check_data(name: str, metadata: Metadata, test: TestImages) -> None:
    """Raises InputError unless a model was trained on the images that are shown."""
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
