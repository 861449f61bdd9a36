"""E over a wide q of the loss, by a lattice of the plane that all images of a model share.

The loss is Σ softplus(l(z)) - x·l(z). No image enters the first part: it is tabulated once. The
second is linear in the activations of the last hidden layer, and with one hidden layer each of
them is max(0, a) of a Gaussian a, whose mean a fine lattice of the line gives.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .reference import (
    AT_ONCE,
    REACH,
    Array,
    Net,
    Value,
    expected_loss,
    net,
    spread_of_four,
)

__all__ = ["Table", "expectation", "positive_part", "table"]

HALF, SPACING = 24.0, 1 / 64  # of a table
WIDE = 0.5  # stddev from which on a table is finer than what it costs to do without
WIDE_MODELS = ("mean", "fashion-mean")  # the others' q's are narrow: their tables would be rare
OFFSET = 0.41  # of a cell, so that no axis lies on the lattice
LINE = np.arange(-8.0, 8.0, 2.5e-4)  # stddevs; a fold costs 1e-8 of its slope


class Table:
    """Σ softplus of one decoder over [-`half`, `half`]².

    Args:
        model: with one hidden layer.
        half: half the side.
        spacing: between neighbours.

    Raises:
        ValueError: the decoder is deeper.
    """

    def __init__(self, model: Net, half: float = HALF, spacing: float = SPACING):
        if model.depth != 1:
            raise ValueError(f"Expected a decoder with one hidden layer. Received: {model.depth}")
        self.model, self.half = model, half
        count = round(half / spacing)
        self.axis = (np.arange(-count, count) + OFFSET) * spacing
        self.values = np.empty((2 * count, 2 * count))
        for row, a in zip(self.values, self.axis, strict=True):
            z = np.stack([np.full(2 * count, a), self.axis], axis=1)
            for start in range(0, 2 * count, AT_ONCE):
                part = slice(start, start + AT_ONCE)
                row[part] = model.softplus(model.activations(z[part]))

    def holds(self, mean: Array, stddev: Array) -> bool:
        """Whether q lies within the table, up to 1e-9 of its mass."""
        return bool((np.abs(mean) + REACH * stddev <= self.half).all())

    def expected_loss(self, x: NDArray[np.floating], mean: Array, stddev: Array) -> Value:
        """As `reference.expected_loss`; the error is the spread of the four halved lattices."""
        rows, columns = (
            np.exp(-0.5 * ((self.axis - m) / s) ** 2) for m, s in zip(mean, stddev, strict=True)
        )
        terms, masses = np.empty(4), np.empty(4)
        for k in range(4):
            a, b = rows[k // 2 :: 2], columns[k % 2 :: 2]
            terms[k] = a @ self.values[k // 2 :: 2, k % 2 :: 2] @ b
            masses[k] = a.sum() * b.sum()
        kernel, bias = (self.model.arrays[f"decoder/dense_0/{k}"] for k in ("kernel", "bias"))
        hidden = positive_part(mean @ kernel + bias, np.hypot(*(stddev[:, None] * kernel)))
        logits = hidden @ self.model.kernel + self.model.bias
        value = terms.sum() / masses.sum() - np.asarray(x, np.float64) @ logits
        return float(value), spread_of_four(terms, masses)


def positive_part(mean: Array, stddev: Array) -> Array:
    """E max(0, a) of a ~ N(mean, stddev²), by a fine lattice: `(units,)`."""
    weight = np.exp(-0.5 * LINE**2)
    weight /= weight.sum()
    found = [weight @ np.maximum(m + s * LINE, 0) for m, s in zip(mean, stddev, strict=True)]
    return np.array(found)


@cache
def table(name: str) -> Table:
    """A model's table: minutes."""
    return Table(net(name))


def expectation(name: str, x: NDArray[np.floating], mean: Array, stddev: Array) -> Value:
    """E over q of the loss under a model, by its table where q is wide and that holds it."""
    if name in WIDE_MODELS and stddev.min() >= WIDE:
        wide = table(name)
        if wide.holds(mean, stddev):
            return wide.expected_loss(x, mean, stddev)
    return expected_loss(net(name), x, mean, stddev)
