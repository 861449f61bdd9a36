"""Exact log p(x) and p(z|x): two dimensions can be integrated.

log p(x) = ln Σ_k exp(log p(x|z_k) + log p(z_k)) Δ², a sum over the cells of a lattice. A coarse
lattice, decoded once per model, finds where an image's posterior lies; the cells that can
matter are split in four until the sum stands still. For a smooth posterior of stddev σ the error
of a lattice falls as 2 exp(-2π²σ²/Δ²); the folds of a ReLU decoder leave more. The quarters of the
cells are four lattices of the last spacing, shifted against each other, which err about as much
as it did. How far their sums lie apart tells what a last change that is small by chance does not:

    error = F max(|last change|, contrasts of the quarters / 2, ρ what it was a level before)
            + what was dropped
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..arrays import POINTS_AT_ONCE, Array, in_parts, parts
from ..maths import gaussian
from ..memo import Memo

__all__ = ["Evidence", "EvidenceGrid", "Likelihood"]

Cells = NDArray[np.int64]

COARSE_MARGIN = 8.0  # what any coarse cell may hide: its middle may miss a narrow peak
RISE = 1.5  # times what a parabola says: a peak may be narrower than three coarse cells show
REFUSED = 1e-6  # posterior probability at the edge of the grid
FADING = 0.04  # of what a lattice got wrong, a level later, that is still believed
MAX_LEVEL = 7
FACTOR = 1.6  # calibrated on 150 random views of the shipped models, see tests/dense
DROPPED = 0.05  # of the tolerance: what all dropped cells together may weigh
LARGEST_MARGIN = 4.0 ** (MAX_LEVEL - 1)  # for a peak as narrow as the finest cell
QUARTERS: Cells = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
IMAGES_AT_ONCE = 256
CURVED_AT_ONCE = 16  # images: each has several arrays of a number per coarse cell
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


@dataclass(frozen=True)
class Evidence:
    """log p(x) of each image, and the moments of its true posterior.

    Attributes:
        log_evidence: `(images,)`, in nats; NaN where the posterior reaches the edge of the grid.
        error: calibrated bound on that of `log_evidence`, `(images,)`, in nats.
        edge_mass: posterior probability of the outermost cells, `(images,)`.
        mean: of p(z|x), `(images, 2)`.
        covariance: of p(z|x), `(images, 2, 2)`.
    """

    log_evidence: Array
    error: Array
    edge_mass: Array
    mean: Array
    covariance: Array


class EvidenceGrid:
    """The coarse lattice of one decoder, and the refinement around each image's posterior.

    Args:
        likelihood: the decoder.
        half_width: the lattice covers [-half_width, half_width]².
        side: cells along an edge of the coarse lattice.
    """

    def __init__(self, likelihood: Likelihood, half_width: float = 8.0, side: int = 128):
        self.likelihood = likelihood
        self.half_width = half_width
        self.side = side
        self.spacing = 2 * half_width / side
        index = np.arange(self.side)
        self.cells: Cells = np.stack(np.meshgrid(index, index, indexing="ij"), -1).reshape(-1, 2)
        self._kept: Array | None = None
        self._of_decoder = Memo(1)
        offset = np.empty(len(self.cells))
        for part in parts(len(self.cells)):
            features = likelihood.features(self.centres(self.cells[part], 0))
            offset[part] = likelihood.offset(features)
            if features.shape[1] >= MANY_UNITS:
                if self._kept is None:
                    kind = np.float16 if features.dtype == np.float32 else features.dtype
                    self._kept = np.empty((len(self.cells), features.shape[1]), kind)
                self._kept[part] = features
        self.weight = self._weight(self.cells, 0, offset)

    def once(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """What else belongs to the decoder alone, computed when it is first asked for."""
        return self._of_decoder(key, compute)

    def centres(self, cells: Cells, level: int) -> Array:
        """z at the middle of lattice cells, `(cells, 2)`."""
        return (cells + 0.5) * (self.spacing / 2**level) - self.half_width

    def _weight(self, cells: Cells, level: int, offset: Array) -> Array:
        """log p(z) - offset(z) with the area of a cell."""
        log_area = 2 * np.log(self.spacing / 2**level)
        return gaussian.log_prob(self.centres(cells, level)) - offset + log_area

    def _coarse_features(self, part: slice) -> Array:
        if self._kept is not None:
            return self._kept[part]
        return self.likelihood.features(self.centres(self.cells[part], 0))

    def __call__(self, x: Array, tolerance: float = 1e-3) -> Evidence:
        """Exact evidence of images.

        Args:
            x: `(images, pixels)`.
            tolerance: bound on the error at which refinement stops, in nats.

        Returns:
            An `Evidence` with one row per image.
        """
        chunks = [*parts(len(x), IMAGES_AT_ONCE)]
        # Neighbours in the plane share the cells of their refinement: take them together.
        order = np.arange(len(x))
        if len(chunks) > 1:
            peak = np.concatenate([self.log_joint(x[chunk]).argmax(axis=1) for chunk in chunks])
            i, j = self.cells[peak].T
            order = np.lexsort((j, i // 8))
        found = [self._evidence(x[order[chunk]], tolerance) for chunk in chunks]
        back = np.argsort(order)
        return Evidence(
            *(
                np.concatenate([getattr(one, name) for one in found])[back]
                for name in Evidence.__dataclass_fields__
            )
        )

    def log_joint(self, x: Array) -> Array:
        """log p(x, z) + ln Δ² on the coarse lattice, `(images, cells)`."""
        statistics = self.likelihood.statistics(x)
        dot = np.empty((len(x), len(self.cells)), np.result_type(statistics, np.float32))
        for part in parts(len(self.cells), CELLS_AT_ONCE):
            features = self._coarse_features(part).astype(statistics.dtype, copy=False)
            dot[:, part] = statistics @ features.T
        return dot + self.weight + self.likelihood.base(x)[:, None]

    def _evidence(self, x: Array, tolerance: float, hides: Array | None = None) -> Evidence:
        hides = np.full(len(x), COARSE_MARGIN) if hides is None else hides
        result = self._refine(x, tolerance, hides)
        # The middle of the coarse cell that holds a peak lies up to Δ²/(4σ²) nats below it.
        # Where that is more than was allowed for, cells that matter were dropped: again.
        variance = np.linalg.eigvalsh(result.covariance)[:, 0]
        with np.errstate(divide="ignore"):
            hidden = self.spacing**2 / (4 * np.maximum(variance, 0.0))
        hidden = np.minimum(hidden, LARGEST_MARGIN)
        again = np.flatnonzero(hidden > hides)
        if len(again):
            more = np.minimum(1.25 * hidden[again], LARGEST_MARGIN)
            better = self._evidence(x[again], tolerance, more)
            for name in Evidence.__dataclass_fields__:
                getattr(result, name)[again] = getattr(better, name)
        return result

    def _refine(self, x: Array, tolerance: float, hides: Array) -> Evidence:
        dropped = DROPPED * tolerance
        negligible = float(np.log(1.0 / dropped))  # so far below the largest a cell is dropped
        count = len(x)
        statistics, base = self.likelihood.statistics(x), self.likelihood.base(x)
        joint = self.log_joint(x)
        coarse_peak = joint.max(axis=1)
        log_evidence = coarse_peak + np.log(np.exp(joint - coarse_peak[:, None]).sum(axis=1))
        on_edge = ((self.cells == 0) | (self.cells == self.side - 1)).any(axis=1)
        edge_mass = np.exp(joint[:, on_edge] - log_evidence[:, None]).sum(axis=1)
        refused = edge_mass >= REFUSED
        hidden = RISE * self._rise(joint)
        image, cell = np.nonzero(
            joint + hidden > (coarse_peak - _cutoff(negligible, hides))[:, None]
        )
        cells, hidden = self.cells[cell], np.maximum(hidden[image, cell], hides[image])
        del joint

        error: Array = np.full(count, np.inf)
        doubt = np.zeros(count)
        mean, covariance = np.zeros((count, 2)), np.zeros((count, 2, 2))
        for level in range(1, MAX_LEVEL + 1):
            image = np.repeat(image, 4)
            hidden = np.repeat(hidden, 4) / 4
            cells = (2 * cells[:, None, :] + QUARTERS).reshape(-1, 2)
            joints = self._log_joint_pairs(statistics, image, cells, level) + base[image]
            peak = np.full(count, -np.inf)
            np.maximum.at(peak, image, joints)
            weight: Array = np.exp(joints - peak[image])
            quarters = _by_quarter(image, weight, count)
            total = quarters.sum(axis=1)
            active = total > 0
            with np.errstate(divide="ignore"):
                new = np.where(active, peak + np.log(total), log_evidence)
            spread = np.maximum(np.abs(new - log_evidence), _contrast(quarters))
            doubt = np.where(active, np.maximum(spread, FADING * doubt), doubt)
            error = np.where(active, FACTOR * doubt + dropped, error)
            log_evidence = new
            z = self.centres(cells, level)
            self._moments(z, image, weight, total, active, mean, covariance)
            # A sum may stand still by chance while a cell is wider than the posterior.
            variance = np.linalg.eigvalsh(covariance)[:, 0]
            # What is refused needs its moments only.
            settled = (refused | (error < tolerance)) & (variance > (self.spacing / 2**level) ** 2)
            keep = ~settled[image]
            keep &= joints > peak[image] - _cutoff(negligible, hidden)
            image, cells, hidden = image[keep], cells[keep], hidden[keep]
            if not len(image):
                break
        log_evidence = np.where(refused, np.nan, log_evidence)
        return Evidence(log_evidence, error, edge_mass, mean, covariance)

    def _rise(self, joint: Array) -> Array:
        """How far log p(x, z) may rise inside each coarse cell above its middle, `(images, cells)`.

        By the parabola through a cell and its two neighbours, along each axis: with slope s and
        bend D a cell, s²/(2D) where its top lies inside, |s|/2 - D/8 at the edge where not.
        """
        return in_parts(lambda part: self._parabolas(joint[part]), len(joint), CURVED_AT_ONCE)

    def _parabolas(self, joint: Array) -> Array:
        field = joint.reshape(len(joint), self.side, self.side)
        rise = np.zeros(field.shape)
        for turned, above in ((field, rise), (field.swapaxes(1, 2), rise.swapaxes(1, 2))):
            before, here, after = turned[:, :-2], turned[:, 1:-1], turned[:, 2:]
            slope, bend = 0.5 * np.abs(after - before), 2 * here - before - after
            inside = 2 * slope < bend
            top = np.square(slope) / np.where(inside, 2 * bend, 1.0)
            above[:, 1:-1] += np.where(inside, top, 0.5 * slope - bend / 8)
        return rise.reshape(joint.shape)

    def _log_joint_pairs(
        self, statistics: Array, image: NDArray[np.intp], cells: Cells, level: int
    ) -> Array:
        """log p(x_i, z) Δ² - base for pairs of an image and a cell; shared cells decode once."""
        side = self.side * 2**level
        keys, pair_to_cell = np.unique(cells[:, 0] * side + cells[:, 1], return_inverse=True)
        result = np.empty(len(cells))
        order = np.argsort(pair_to_cell, kind="stable")
        bounds = np.searchsorted(pair_to_cell[order], np.arange(0, len(keys), POINTS_AT_ONCE))
        for number, first in enumerate(range(0, len(keys), POINTS_AT_ONCE)):
            chosen = keys[first : first + POINTS_AT_ONCE]
            decoded = np.stack([chosen // side, chosen % side], -1)
            features = self.likelihood.features(self.centres(decoded, level))
            weight = self._weight(decoded, level, self.likelihood.offset(features))
            last = bounds[number + 1] if number + 1 < len(bounds) else len(order)
            pairs = order[bounds[number] : last]
            for start in range(0, len(pairs), 8 * POINTS_AT_ONCE):
                part = pairs[start : start + 8 * POINTS_AT_ONCE]
                local = pair_to_cell[part] - first
                dot = np.einsum(
                    "pf,pf->p", features[local], statistics[image[part]], dtype=np.float64
                )
                result[part] = dot + weight[local]
        return result

    @staticmethod
    def _moments(
        z: Array,
        image: NDArray[np.intp],
        weight: Array,
        total: Array,
        active: NDArray[np.bool_],
        mean: Array,
        covariance: Array,
    ) -> None:
        """Writes mean and covariance of p(z|x) for the images that were refined."""
        count = len(total)
        safe = np.where(active, total, 1.0)
        for j in range(2):
            first = np.bincount(image, weight * z[:, j], count) / safe
            mean[active, j] = first[active]
        centred = z - mean[image]
        for j in range(2):
            for k in range(2):
                second = np.bincount(image, weight * centred[:, j] * centred[:, k], count) / safe
                covariance[active, j, k] = second[active]


def _by_quarter(image: NDArray[np.intp], weight: Array, count: int) -> Array:
    """Sums over the cells of each quarter, `(images, 4)`; cells come in the order of `QUARTERS`."""
    quarter = np.arange(len(weight)) % 4
    sums = np.bincount(4 * image + quarter, weight, 4 * count)
    return sums.astype(np.float64).reshape(count, 4)


def _contrast(quarters: Array) -> Array:
    """Half the largest difference of log p(x) between two halves of the cells, `(images,)`.

    The halves are rows, columns and diagonals: quarters 01|23, 02|13, 03|12.
    """
    halves = np.stack([quarters[:, [0, k]].sum(axis=1) for k in (1, 2, 3)])
    total = np.maximum(quarters.sum(axis=1), 1e-300)
    share = np.clip(halves / total, 1e-12, 1 - 1e-12)
    return 0.5 * np.abs(np.log(share) - np.log1p(-share)).max(axis=0)


def _cutoff(negligible: float, hidden: Array) -> Array:
    """Nats below the peak at which the middle of a cell rules the whole cell out.

    A point that matters lies up to √(2 `negligible`) stddevs from the peak of a Gaussian
    posterior, and the middle of its cell up to √(2 `hidden`) farther.
    """
    return np.square(np.sqrt(negligible) + np.sqrt(hidden))
