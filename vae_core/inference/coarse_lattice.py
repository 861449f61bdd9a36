"""A lattice over the whole plane, decoded once per model: where can an image's posterior lie?

log p(x, z) at the middles of its cells comes from one product of matrices for all of them. How far
it may rise inside a cell above its middle tells the parabola through the cell and its neighbours.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, parts
from ..maths import gaussian

__all__ = ["Cells", "CoarseLattice", "Likelihood"]

Cells = NDArray[np.int64]
Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]

RISE = 1.5  # times what a parabola says: a peak may be narrower than three coarse cells show
BELOW = 32.0  # nats that a cell may rise, if no neighbour comes nearer to the peak
CELLS_AT_ONCE = 4096
# Features of a narrow decoder are as quickly computed as read: nothing is kept. From here on the
# coarse lattice keeps them, in half precision, 17 MB instead of 34: it only finds the cells that
# are then refined in full.
MANY_UNITS = 256


class Likelihood(Protocol):
    """A decoder with log p(x|z) = statistics(x)·features(z) + base(x) - offset(features)."""

    def features(self, z: Array) -> Array: ...

    def statistics(self, x: Array) -> Array: ...

    def base(self, x: Array) -> Array: ...

    def offset(self, features: Array) -> Array: ...


class CoarseLattice:
    """The cells of one decoder's plane.

    Args:
        likelihood: the decoder.
        half_width: the lattice covers [-half_width, half_width]².
        side: cells along an edge.

    Attributes:
        spacing: of the lattice.
        cells: row and column of each, `(cells, 2)`.
        on_edge: the outermost of them, `(cells,)`.
    """

    def __init__(self, likelihood: Likelihood, half_width: float, side: int):
        self.likelihood = likelihood
        self.half_width = half_width
        self.side = side
        self.spacing = 2 * half_width / side
        index = np.arange(side)
        self.cells: Cells = np.stack(np.meshgrid(index, index, indexing="ij"), -1).reshape(-1, 2)
        self.on_edge = ((self.cells == 0) | (self.cells == side - 1)).any(axis=1)
        self._every_fourth = np.flatnonzero((self.cells % 2 == 1).all(axis=1))
        self._kept: Array | None = None
        offset = np.empty(len(self.cells))
        for part in parts(len(self.cells)):
            features = likelihood.features(self.centres(self.cells[part], 0))
            offset[part] = likelihood.offset(features)
            if features.shape[1] >= MANY_UNITS:
                if self._kept is None:
                    kind = np.float16 if features.dtype == np.float32 else features.dtype
                    self._kept = np.empty((len(self.cells), features.shape[1]), kind)
                self._kept[part] = features
        self._weight = self.weight(self.cells, 0, offset)

    def centres(self, cells: Cells, level: int) -> Array:
        """z at the middle of cells of a lattice 2^level as fine, `(cells, 2)`."""
        return (cells + 0.5) * (self.spacing / 2**level) - self.half_width

    def weight(self, cells: Cells, level: int, offset: Array) -> Array:
        """log p(z) - offset(z) with the area of a cell."""
        log_area = 2 * np.log(self.spacing / 2**level)
        return gaussian.log_prob(self.centres(cells, level)) - offset + log_area

    def log_joint(self, x: Array, chosen: NDArray[np.intp] | None = None) -> Array:
        """log p(x, z) + ln Δ² - base(x), `(images, cells)`, in the precision of the statistics.

        Args:
            x: `(images, pixels)`.
            chosen: numbers of the cells, all without.
        """
        statistics = self.likelihood.statistics(x)
        weight = (self._weight if chosen is None else self._weight[chosen]).astype(statistics.dtype)
        joint = np.empty((len(x), len(weight)), statistics.dtype)
        for part in parts(len(weight), CELLS_AT_ONCE):
            features = self._features(part if chosen is None else chosen[part])
            np.matmul(statistics, features.astype(statistics.dtype).T, out=joint[:, part])
        joint += weight
        return joint

    def _features(self, cells: slice | NDArray[np.intp]) -> Array:
        if self._kept is not None:
            return self._kept[cells]
        return self.likelihood.features(self.centres(self.cells[cells], 0))

    def order(self, x: Array, at_once: int) -> NDArray[np.intp]:
        """An order of images in which neighbours have their posteriors beside each other."""
        peak = np.concatenate(
            [
                self.log_joint(x[part], self._every_fourth).argmax(axis=1)
                for part in parts(len(x), at_once)
            ]
        )
        i, j = self.cells[self._every_fourth[peak]].T
        return np.lexsort((j, i // 8))

    def near(self, joint: Array, below: Array) -> tuple[Pairs, Array]:
        """The cells that may hold something near the peak, each with how far it may rise.

        Args:
            joint: from `log_joint`, of all cells.
            below: nats below the largest of them that are near, `(images,)`.

        Returns:
            Numbers of image and cell `(pairs,)`, and how many nats above its middle a cell may
            reach, `(pairs,)`.
        """
        above = joint.max(axis=1) - below
        side = self.side
        high = (joint > (above - BELOW)[:, None].astype(joint.dtype)).reshape(-1, side, side)
        around = high.copy()  # the cells around those as well, from which one may rise
        around[:, 1:] |= high[:, :-1]
        around[:, :-1] |= high[:, 1:]
        high = around.copy()
        around[:, :, 1:] |= high[:, :, :-1]
        around[:, :, :-1] |= high[:, :, 1:]
        image, cell = np.nonzero(around.reshape(len(joint), -1))
        rise = RISE * self._rise(joint, image, cell)
        keep = joint[image, cell] + rise > above[image]
        return (image[keep], cell[keep]), rise[keep]

    def _rise(self, joint: Array, image: NDArray[np.intp], cell: NDArray[np.intp]) -> Array:
        """How far log p(x, z) may rise inside cells above their middles, `(pairs,)`.

        By the parabola through a cell and its two neighbours, along each axis: with slope s and
        bend D a cell, s²/(2D) where its top lies inside, |s|/2 - D/8 at the edge where not.
        """
        rise = np.zeros(len(cell))
        here = joint[image, cell].astype(np.float64)
        for place, step in zip(self.cells[cell].T, (self.side, 1), strict=True):
            within = np.flatnonzero((place > 0) & (place < self.side - 1))
            before, after = (
                joint[image[within], cell[within] + s].astype(np.float64) for s in (-step, step)
            )
            slope, bend = 0.5 * np.abs(after - before), 2 * here[within] - before - after
            inside = 2 * slope < bend
            top = np.square(slope) / np.where(inside, 2 * bend, 1.0)
            rise[within] += np.where(inside, top, 0.5 * slope - bend / 8)
        return rise
