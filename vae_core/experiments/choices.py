"""What can be chosen on Explore: one table of keys, with their defaults and their limits."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..models.drawn_digit import unpack

__all__ = [
    "DEFAULT_IMAGE",
    "DEFAULT_K",
    "LANES",
    "MAX_K",
    "MAX_SEED",
    "MAX_Z",
    "TABLE",
    "Choice",
    "Choices",
    "defaults",
    "parse_by",
    "parse_draw",
    "parse_z",
    "read",
]

MAX_K = 256
MAX_Z = 50.0
MAX_SCALE = 3.0
MAX_SEED = 2**31 - 1
MAX_IMAGE = 2**31 - 1  # beyond every data set: how many there are depends on the model

LANES = ("model", "versus")  # keys of the models that are shown, from the first lane on

# A link leaves out what has its default value, so that changing one changes what links show.
DEFAULT_IMAGE = 1367  # a plain 3 that both networks decode as a 3 from its mean
DEFAULT_K = 16


def parse_z(text: object) -> tuple[float, float] | None:
    """The point that `"0.30,-1.20"` names, or None where the text names none."""
    if not isinstance(text, str):
        return None
    parts = text.split(",")
    if len(parts) != 2:
        return None
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        return None
    if not all(math.isfinite(value) and abs(value) <= MAX_Z for value in (x, y)):
        return None
    return x, y


def parse_draw(text: object) -> str:
    """A packed drawing, or nothing where the text is none."""
    return text if isinstance(text, str) and unpack(text) is not None else ""


def parse_by(text: object) -> str:
    """Which lane decodes a point: `"model"`, `"versus"`, or nothing for each its own."""
    return text if isinstance(text, str) and text in LANES else ""


@dataclass(frozen=True)
class Choice:
    """One key of the address.

    Attributes:
        default: what an address means that leaves the key out; None where the model decides.
        parse: from what the session holds to the value of `Choices`.
        low, high: limits of a number.
    """

    default: Any
    parse: Callable[[Any], Any]
    low: float | None = None
    high: float | None = None


# The order in which `Choices` has them. A new control is a line here and a widget in
# `explorer/visitor/controls.py`.
TABLE: dict[str, Choice] = {
    "model": Choice(None, str),
    "versus": Choice(None, str),
    "image": Choice(None, int, 0, MAX_IMAGE),
    "z": Choice("", parse_z, -MAX_Z, MAX_Z),
    "k": Choice(DEFAULT_K, int, 1, MAX_K),
    "scale": Choice(1.0, float, 0.0, MAX_SCALE),
    "seed": Choice(0, int, 0, MAX_SEED),
    "layer": Choice("none", str),
    "draw": Choice("", parse_draw),
    "by": Choice("", parse_by),
}


@dataclass(frozen=True)
class Choices:
    """What is shown.

    Attributes:
        model: name of the model on the left.
        versus: of the one beside it, or "none".
        image: index of a test image.
        z: a point; the picture decoded there replaces the image.
        k: number of samples.
        scale: multiplier of the stddev, 0 for the mean and 1 for q.
        seed: of the samples.
        layer: background of the plane.
        draw: a packed drawing, which replaces image and point.
        by: whose decoder makes the picture at `z`: `"model"`, `"versus"`; empty for each its own.
    """

    model: str = "sample"
    versus: str = "none"
    image: int = DEFAULT_IMAGE
    z: tuple[float, float] | None = None
    k: int = DEFAULT_K
    scale: float = 1.0
    seed: int = 0
    layer: str = "none"
    draw: str = ""
    by: str = ""

    def decoded_by(self) -> str:
        """Name of the model that decodes `z` for all; empty where each decodes its own."""
        name = {"model": self.model, "versus": self.versus}.get(self.by, "")
        return name if self.z is not None and not self.draw and name != "none" else ""


def defaults(**by_model: Any) -> dict[str, Any]:
    """What an address means by the keys that it leaves out.

    Args:
        by_model: the defaults that depend on the models there are: `model`, `versus`, `image`.
    """
    return {key: by_model.get(key, choice.default) for key, choice in TABLE.items()}


def read(values: Mapping[str, Any]) -> Choices:
    """The choices that a session's values stand for, each by the parser of the table."""
    return Choices(**{key: choice.parse(values[key]) for key, choice in TABLE.items()})
