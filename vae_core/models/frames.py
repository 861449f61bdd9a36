"""What is shown of a training run after an epoch: where test images lie, and how one is decoded."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array

__all__ = [
    "SAMPLES",
    "SHOWN",
    "Frame",
    "Portrait",
    "encoded",
    "first_of_each_class",
    "frame_of",
    "portrait_image",
    "shown_images",
]

SHOWN = 2000  # test images
SAMPLES = 6  # decoded of one image
PORTRAYED = 1367  # that test image: the 3 that Explore begins with


def shown_images(count: int) -> NDArray[np.intp]:
    """Indices of at most `SHOWN` of `count` images, evenly spaced."""
    return np.arange(0, count, max(1, -(-count // SHOWN)))


def first_of_each_class(labels: NDArray[np.uint8]) -> list[int]:
    """Index of the first image of each class, by class."""
    return [int(np.argmax(labels == label)) for label in np.unique(labels)]


def portrait_image(count: int) -> int:
    """Index, of `count` test images, of the one whose samples are decoded."""
    return PORTRAYED if count > PORTRAYED else 0


@dataclass(frozen=True)
class Portrait:
    """One test image as a model decodes it, from the mean and from samples of its q.

    Attributes:
        places: the mean of q, its stddev, then `SAMPLES` draws of z, `(2 + SAMPLES, 2)`; without a
            q the stddev is zero and every z is the mean.
        pictures: decoded at the mean, then at each draw, `(1 + SAMPLES, pixels)` uint8.
        losses: of each picture, in nats, `(1 + SAMPLES,)`; NaN where one is beyond all numbers.
    """

    places: NDArray[np.float32]
    pictures: NDArray[np.uint8]
    losses: NDArray[np.float32]


@dataclass(frozen=True, eq=False)  # one is like no other
class Frame:
    """The plane after an epoch.

    Attributes:
        epoch: complete epochs; 0 for the initial weights.
        points: means of q, `(points, 2)`.
        stddev: of q for the marked images, `(marked, 2)`; zero without a q.
        portrait: one image as the model decodes it; None where nobody told it.
    """

    epoch: int
    points: Array
    stddev: Array
    portrait: Portrait | None = None


def encoded(array: NDArray[Any], kind: str) -> str:
    """An array as base64 of a kind of numbers, as events carry it."""
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode()


def frame_of(event: Mapping[str, Any]) -> Frame:
    """The frame that an event tells.

    Raises:
        ValueError, KeyError, TypeError, binascii.Error: it is none.
    """
    told = event.get("portrait")
    portrait = None
    if told is not None:
        portrait = Portrait(
            _decoded(told["places"], "<f4").reshape(2 + SAMPLES, 2),
            _decoded(told["pictures"], "u1").reshape(1 + SAMPLES, -1),
            _decoded(told["losses"], "<f4").reshape(1 + SAMPLES),
        )
    return Frame(
        int(event["epoch"]),
        _decoded(event["mean"], "<f4").reshape(-1, 2),
        _decoded(event["stddev"], "<f4").reshape(-1, 2),
        portrait,
    )


def _decoded(text: str, kind: str) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(text), kind)
