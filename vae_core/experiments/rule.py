"""The rule beside the exception: what a claim's figure is over many test images of a model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array

__all__ = ["IMAGES", "Rule", "average", "chosen_images", "contrary", "share"]

IMAGES = 100  # of what is computed while a visitor waits


@dataclass(frozen=True)
class Rule:
    """What holds over many test images.

    Attributes:
        sentence: in Markdown.
        usual: whether what the claim says of an image is so for most of them; None where that is
            not known.
    """

    sentence: str
    usual: bool | None = None


def chosen_images(count: int, most: int = IMAGES) -> Array:
    """Indices of so many test images, evenly over all of them."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int))


def contrary(usual: bool | None) -> str:
    """How a verdict begins that goes against the claim.

    Args:
        usual: whether the claim is so for most images of the model; None where it is not known.
    """
    if usual is None:
        return "**Not here:**"
    return "**This image is an exception:**" if usual else "**Not under this network:**"


def average(values: Array, digits: int = 2) -> str:
    """An average over images with one standard error."""
    stderr = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return f"{float(np.mean(values)):.{digits}f} ± {stderr:.{digits}f}".replace("-", "−")


def share(holds: NDArray[np.bool_]) -> str:
    """In how many of some images something holds: "97 of 100"."""
    return f"{int(np.sum(holds)):,} of {len(holds):,}"
