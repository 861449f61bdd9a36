"""E over narrow q's of the loss for many images at once, from values of Σ softplus that they share.

The q's of a test set lie over each other: where ten thousand codes fall, a lattice fine enough for
all of them has fewer points than lattices of their own. It is decoded in square patches, where
codes are; what a `SoftplusTable` says of closed forms and of judging holds here.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..arrays import POINTS_AT_ONCE, Array, in_parts
from ..maths.bernoulli import softplus_sum
from ..maths.estimators import Estimate
from ..maths.lattices import REACH
from ..models.network import Network
from .folds import has_straight_folds
from .softplus_table import judged_sixteen, linear_part, with_floor

__all__ = ["SoftplusPatches", "shared_losses"]

CELLS = (3.0, 6.0, 12.0)  # that a stddev spans at least, and at most twice as many: tried in turn
SIDE = 16  # cells along the edge of a patch, a multiple of 4
LEAST_SHARED = 190  # points that an image's own lattice has at least: more for each are no gain
LEAST_STDDEV = 1e-6  # narrower ones have no points in common
MOST_SIDE = 2000  # patches along the edge of the plane


class SoftplusPatches:
    """Σ softplus(l(z)) on the patches of a lattice that some q's touch.

    Args:
        network: a decoder with one hidden layer.
        spacing: of the lattice.
        mean, stddev: of the q's, `(images, 2)`.

    Attributes:
        points: of all patches that are touched.
    """

    def __init__(self, network: Network, spacing: float, mean: Array, stddev: Array):
        self._network = network
        self._spacing = spacing
        edge = spacing * SIDE
        first = np.floor((mean - REACH * stddev) / edge).astype(np.intp)
        last = np.floor((mean + REACH * stddev) / edge).astype(np.intp)
        self._origin = first.min(axis=0)
        self._first, self._last = first - self._origin, last - self._origin + 1
        shape = self._last.max(axis=0)
        self.points = np.inf
        if max(shape) > MOST_SIDE:
            return
        touched = np.zeros(shape, bool)
        for (i, j), (k, m) in zip(self._first, self._last, strict=True):
            touched[i:k, j:m] = True
        self._numbers = np.cumsum(touched.ravel()).reshape(shape) - 1
        self._patches = np.argwhere(touched)
        self.points = len(self._patches) * SIDE**2

    def _axis(self, first: int, last: int, direction: int) -> Array:
        """z of the rows, or columns, of some patches."""
        index = np.arange(SIDE * first, SIDE * last) + SIDE * self._origin[direction]
        return (index + 0.5) * self._spacing

    def decode(self) -> Array:
        """Σ softplus on the patches, `(patches, SIDE, SIDE)`."""
        inside = np.stack(np.meshgrid(*[np.arange(SIDE)] * 2, indexing="ij"), -1)
        corner = SIDE * (self._patches + self._origin)

        def values(part: slice) -> Array:
            z = (corner[part, None, None] + inside + 0.5) * self._spacing
            return softplus_sum(self._network.decode(z.reshape(-1, 2)))

        found = in_parts(values, len(corner), POINTS_AT_ONCE // SIDE**2)
        return found.reshape(-1, SIDE, SIDE)

    def expectations(self, mean: Array, stddev: Array) -> tuple[Array, Array]:
        """E[Σ softplus] over the q's and how far the lattices of four times the spacing differ."""
        values = self.decode()
        sums, mass = np.empty((4, 4, len(mean))), np.empty((4, 4, len(mean)))
        for n, (first, last) in enumerate(zip(self._first, self._last, strict=True)):
            numbers = self._numbers[first[0] : last[0], first[1] : last[1]]
            window = values[numbers].swapaxes(1, 2).reshape(SIDE * len(numbers), -1)
            rows, columns = (
                _by_fours((self._axis(first[d], last[d], d) - mean[n, d]) / stddev[n, d])
                for d in range(2)
            )
            sums[:, :, n] = rows @ window @ columns.T
            mass[:, :, n] = np.outer(rows.sum(axis=1), columns.sum(axis=1))
        return judged_sixteen(sums, mass)


def _by_fours(u: Array) -> Array:
    """exp(-u²/2) in four rows, each with every fourth value and zero elsewhere."""
    weights = np.zeros((len(u) // 4, 4, 4))
    for k in range(4):
        weights[:, k, k] = np.exp(-0.5 * u[k::4] ** 2)
    return weights.transpose(1, 0, 2).reshape(4, -1)


def shared_losses(
    network: Network, x: Array, mean: Array, stddev: Array, tolerance: float
) -> tuple[NDArray[np.bool_], Estimate]:
    """E over q of -log p(x|z) of the images for which shared lattices are cheap and fine enough.

    Args:
        network: the decoder.
        x: images `(images, pixels)`.
        mean, stddev: of their q's, `(images, 2)`.
        tolerance: a bound above it is no result, in nats.

    Returns:
        Which images have a result, and value and bound of those.
    """
    value, error = np.empty(len(x)), np.full(len(x), np.inf)
    if has_straight_folds(network):
        octave = np.floor(np.log2(np.maximum(stddev.min(axis=1), LEAST_STDDEV)))
        for cells, one in product(CELLS, np.unique(octave)):
            chosen = np.flatnonzero((octave == one) & (error > tolerance))
            if not len(chosen):
                continue
            m, s = mean[chosen], stddev[chosen]
            patches = SoftplusPatches(network, 2.0**one / cells, m, s)
            if patches.points <= LEAST_SHARED * len(chosen):
                softplus, spread = patches.expectations(m, s)
                found = with_floor(softplus - linear_part(network, x[chosen], m, s), spread)
                value[chosen], error[chosen] = found.value, found.error
    settled = error <= tolerance
    return settled, Estimate(value[settled], error[settled])
