"""The test images of a data set as they are shown: read once, never changed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .data import Dataset, pixels

__all__ = ["TestImages"]

MOST = 10_000  # as MNIST has; of more, the first


@dataclass(frozen=True)
class TestImages:
    """Test images, one byte a pixel, and their classes."""

    images: NDArray[np.uint8]  # (images, height, width)
    labels: NDArray[np.uint8]  # (images,)
    data_sha256: str  # of the data set they come from
    name: str = "MNIST"
    class_names: tuple[str, ...] = tuple("0123456789")  # none where there are no classes

    __test__ = False  # pytest: the name begins with Test

    @classmethod
    def of(cls, dataset: Dataset) -> "TestImages":
        """The test images of a data set.

        Raises:
            InputError: they are missing or damaged.
        """
        images, labels = dataset.images("test"), dataset.labels("test")
        if len(labels) != len(images):
            raise InputError(
                f"Data set {dataset.path}: expected a label for each of the {len(images)} test "
                f"images, received {len(labels)}"
            )
        return cls(
            images[:MOST], labels[:MOST], dataset.sha256(), dataset.name, dataset.class_names()
        )

    def pixels(self, chosen: slice | NDArray[np.intp] = slice(None)) -> NDArray[np.float32]:
        """Images as rows in [0, 1], `(chosen, height * width)`."""
        return pixels(self.images[chosen])

    @property
    def last(self) -> int:
        """Index of the last image."""
        return len(self.images) - 1

    @property
    def drawable(self) -> bool:
        """Whether a drawing has as many pixels."""
        return self.images.shape[1:] == (28, 28)

    @property
    def class_phrases(self) -> tuple[str, ...]:
        """The classes as a sentence names them."""
        return tuple(
            f"{'an' if name[0] == '8' else 'a'} {name}" if name.isdecimal() else name
            for name in self.class_names
        )

    def class_of(self, image: int) -> str:
        """The class of an image as a sentence names it; empty where there are no classes."""
        return self.class_phrases[self.labels[image]] if self.class_names else ""
