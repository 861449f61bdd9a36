"""Random views of the shipped models, seeded: which picture, under which model, how much noise.

View `n` is drawn by a generator of its own, so that any of them can be had alone; the models take
turns.
"""

import math
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .reference import NAMES, Array, net, pictures

__all__ = ["COUNT", "NAMES", "SEED", "View", "as_pixels", "view"]

SEED, COUNT = 20261128, 2000
KINDS, SHARES = ("test", "drawn", "decoded"), (0.5, 0.2, 0.3)
FARTHEST = 50.0  # of a point that the page accepts
SIDE = 28


@dataclass(frozen=True)
class View:
    """One picture under one model.

    Attributes:
        model: its name.
        kind: of the picture, one of `KINDS`.
        scale: multiplier of q's stddev, 0 to 3.
        x: `(pixels,)` in [0, 1], single precision as the page has it.
        mean, stddev: of q as the encoder gives them, `(2,)`.
        note: which picture.
    """

    model: str
    kind: str
    scale: float
    x: NDArray[np.float32]
    mean: Array
    stddev: Array
    note: str

    @property
    def scaled(self) -> Array:
        return self.scale * self.stddev

    @property
    def mark(self) -> int:
        """Tells whether a stored value is of this picture, model and noise."""
        return zlib.crc32(f"{self.model} {self.scale}".encode(), zlib.crc32(self.x.tobytes()))


def as_pixels(grey: NDArray[np.floating] | NDArray[np.uint8]) -> NDArray[np.float32]:
    """Whole grey levels 0 to 255 in [0, 1]."""
    return np.asarray(grey, np.float32) / np.float32(255)


def view(n: int, seed: int = SEED) -> View:
    """View `n`, 0 to `COUNT` - 1."""
    rng = np.random.default_rng([seed, n])
    name = NAMES[n % len(NAMES)]
    kind = str(rng.choice(KINDS, p=SHARES))
    chance, some = rng.random(), round(float(rng.uniform(0.05, 3)), 2)
    scale = 1.0 if chance < 0.3 else 0.0 if chance < 0.33 else some
    if kind == "test":
        index = int(rng.integers(len(pictures(name))))
        x, note = as_pixels(pictures(name)[index]), str(index)
    elif kind == "drawn":
        x, note = as_pixels(_drawing(rng)), ""
    else:
        other = name if rng.random() < 0.6 else str(rng.choice(NAMES))
        z = _point(rng)
        x, note = as_pixels(np.round(255 * net(other).picture(z))), f"{other} at {z[0]}, {z[1]}"
    mean, stddev = net(name).encode(x)
    return View(name, kind, scale, x, mean, stddev, note)


def _point(rng: np.random.Generator) -> Array:
    """A point of the plane: half of them where the prior is, a quarter as far out as can be."""
    chance = rng.random()
    if chance < 0.5:
        return rng.normal(0, 1.5, 2).round(2)
    half = 8.0 if chance < 0.75 else FARTHEST
    return rng.uniform(-half, half, 2).round(2)


def _drawing(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A pen's random walk in the 16 grey levels of a drawing in an address, `(pixels,)`."""
    i, j = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    ink = np.zeros((SIDE, SIDE))
    for _ in range(rng.integers(1, 4)):
        point, angle = rng.uniform(6, 22, 2), rng.uniform(0, 2 * math.pi)
        turn, width = rng.normal(0, 0.25), rng.uniform(1.0, 2.2)
        for _ in range(rng.integers(5, 40)):
            touched = 1.5 - np.hypot(i - point[0], j - point[1]) / width
            ink = np.maximum(ink, np.clip(touched, 0, 1))
            turn += rng.normal(0, 0.08)
            angle += turn
            step = 0.8 * np.array([math.cos(angle), math.sin(angle)])
            point = np.clip(point + step, 3, SIDE - 3)
    return 17 * np.round(15 * ink).astype(np.uint8).ravel()
