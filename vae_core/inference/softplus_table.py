"""Σ softplus(l(z)) of a decoder over the plane, for q's that are wide against its folds.

No image enters Σ softplus, so it is tabulated once per model; and

    E[x·l(z)] = Σ_k (W x)_k E[a_k] + b·x

needs no lattice, since the activations a_k of a decoder with one hidden layer are ReLUs of a
Gaussian, whose means are known.
"""

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, in_parts, parts
from ..maths.bernoulli import softplus_sum
from ..maths.estimators import Estimate
from ..maths.gaussian import relu_mean
from ..maths.lattices import FLOOR, REACH, RELATIVE_FLOOR
from ..memo import Memo
from ..models.network import Network
from .folds import has_straight_folds

__all__ = ["SoftplusTable", "judged_sixteen", "linear_part", "with_floor"]

LEVELS = 2
IMAGES_AT_ONCE = 256
# Calibrated as those of `lattices`.
FACTOR, COARSE_FACTOR = 0.9, 0.12


class SoftplusTable:
    """E over wide q's of -log p(x|z), from tables of Σ softplus that are made when first needed.

    The finest table covers [-`half_width`, `half_width`]², each further one twice as much with
    cells twice as wide. A sum over a table is judged by the lattices it consists of: four of
    twice the spacing, sixteen of four times.

    Args:
        network: the decoder; with more than one hidden layer no table is usable.
        half_width: of the finest table.
        spacing: of the finest table.
    """

    def __init__(self, network: Network, half_width: float = 10.0, spacing: float = 1 / 16):
        self.network = network
        self.half_width = half_width
        self.spacing = spacing
        self._tables = Memo(LEVELS)

    def axis(self, level: int) -> Array:
        """z of the rows, and of the columns, of a table."""
        count = 2 * round(self.half_width / self.spacing)
        return (np.arange(count) + 0.5 - count / 2) * self.spacing * 2**level

    def level(self, mean: Array, stddev: Array, cells: float) -> NDArray[np.intp]:
        """The finest table that holds each q, `(images,)`; -1 where none does.

        Args:
            mean, stddev: `(images, 2)`.
            cells: that a stddev must span.
        """
        if not has_straight_folds(self.network):
            return np.full(len(mean), -1)
        reach = (np.abs(mean) + REACH * stddev).max(axis=1)
        level = np.ceil(np.log2(np.maximum(reach / self.half_width, 1.0))).astype(np.intp)
        usable = (level < LEVELS) & (stddev.min(axis=1) >= cells * self.spacing * 2.0**level)
        return np.where(usable, level, -1)

    def table(self, level: int) -> Array:
        """Σ softplus at (z₁ of the row, z₂ of the column)."""
        return self._tables(level, lambda: self._tabulate(level))

    def _tabulate(self, level: int) -> Array:
        axis = self.axis(level)
        z = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
        values = in_parts(lambda part: softplus_sum(self.network.decode(z[part])), len(z))
        return values.reshape(len(axis), len(axis))

    def expected_loss(self, level: int, x: Array, mean: Array, stddev: Array) -> Estimate:
        """E over N(mean, stddev²) of -log p(x|z), by one table.

        Args:
            level: of the table.
            x: images `(images, pixels)`.
            mean, stddev: `(images, 2)`.

        Returns:
            Value and bound `(images,)`, in nats.
        """
        value, error = np.empty(len(x)), np.empty(len(x))
        for part in parts(len(x), IMAGES_AT_ONCE):
            value[part], error[part] = self._softplus(level, mean[part], stddev[part])
        return with_floor(value - linear_part(self.network, x, mean, stddev), error)

    def _softplus(self, level: int, mean: Array, stddev: Array) -> tuple[Array, Array]:
        """E[Σ softplus] and how far the lattices that the table consists of differ."""
        axis, table = self.axis(level), self.table(level)
        rows, columns = (
            np.exp(-0.5 * np.square((axis - mean[:, i, None]) / stddev[:, i, None]))
            for i in range(2)
        )  # (images, side) each
        sums, mass = np.empty((4, 4, len(mean))), np.empty((4, 4, len(mean)))
        for i in range(4):
            product = rows[:, i::4] @ table[i::4]
            for j in range(4):
                sums[i, j] = np.einsum("ns,ns->n", product[:, j::4], columns[:, j::4])
                mass[i, j] = rows[:, i::4].sum(axis=1) * columns[:, j::4].sum(axis=1)
        return judged_sixteen(sums, mass)


def linear_part(network: Network, x: Array, mean: Array, stddev: Array) -> Array:
    """E over N(mean, stddev²) of x·l(z) for a decoder with one hidden layer, `(images,)`.

    Args:
        network: the decoder.
        x: images `(images, pixels)`.
        mean, stddev: `(images, 2)`.
    """
    layer = network.decoder_hidden[0]
    kernel = layer.kernel.astype(np.float64)
    activation = relu_mean(mean @ kernel + layer.bias, np.sqrt(stddev**2 @ kernel**2))
    # In double precision: what single loses in the sums of many images at once is no noise.
    logits = network.decoder_logits.kernel.astype(np.float64)

    def of(part: slice) -> Array:
        statistics = np.asarray(x[part], np.float64) @ logits.T
        return np.einsum("ik,ik->i", activation[part], statistics) + network.base(x[part])

    return in_parts(of, len(x), IMAGES_AT_ONCE)


def judged_sixteen(sums: Array, mass: Array) -> tuple[Array, Array]:
    """The average over a lattice, and a bound from the sixteen that it consists of.

    Args:
        sums: Σ w f over each lattice of four times the spacing, `(4, 4, images)`.
        mass: Σ w, `(4, 4, images)`.

    Returns:
        Value and bound `(images,)`, in the unit of f.
    """
    sixteen = sums / mass
    four = sixteen.reshape(2, 2, 2, 2, -1).mean(axis=(0, 2))
    contrasts = np.stack(
        [
            four[0].mean(axis=0) - four[1].mean(axis=0),
            four[:, 0].mean(axis=0) - four[:, 1].mean(axis=0),
            0.5 * (four[0, 0] + four[1, 1] - four[0, 1] - four[1, 0]),
        ]
    )
    spread = np.maximum(
        FACTOR * 0.5 * np.abs(contrasts).max(axis=0), COARSE_FACTOR * sixteen.std(axis=(0, 1))
    )
    return sums.sum(axis=(0, 1)) / mass.sum(axis=(0, 1)), spread


def with_floor(value: Array, error: Array) -> Estimate:
    """A bound with what single precision and the reach leave."""
    return Estimate(value, error + FLOOR + RELATIVE_FLOOR * np.abs(value))
