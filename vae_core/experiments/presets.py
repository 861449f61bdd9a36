"""Test images that teach something, by data set."""

from dataclasses import dataclass

from ..models.test_images import TestImages
from .choices import DEFAULT_IMAGE

__all__ = ["Preset", "presets_of"]

MNIST = "MNIST"


@dataclass(frozen=True)
class Preset:
    """A test image with what it shows.

    Attributes:
        key: of its button.
        label: what it is, in a few words.
        image: its index.
    """

    key: str
    label: str
    image: int


PRESETS: dict[str, tuple[Preset, ...]] = {
    MNIST: (
        Preset("plain", "A plain 3", DEFAULT_IMAGE),
        Preset("misread", "A 4 that decodes as a 9", 42),
        Preset("exception", "An exception: samples beat the mean", 8),
    )
}


def presets_of(test: TestImages) -> tuple[Preset, ...]:
    """The presets of a data set; none for one that nobody has looked through."""
    return PRESETS.get(test.name, ())
