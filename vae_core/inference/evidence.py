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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import POINTS_AT_ONCE, Array, parts
from ..memo import Memo
from .coarse_lattice import Cells, CoarseLattice, Likelihood

__all__ = ["Evidence", "EvidenceGrid", "Likelihood"]

COARSE_MARGIN = 8.0  # what any coarse cell may hide: its middle may miss a narrow peak
REFUSED = 1e-6  # posterior probability at the edge of the grid
FADING = 0.04  # of what a lattice got wrong, a level later, that is still believed
MAX_LEVEL = 7
FACTOR = 1.6  # calibrated on 150 random views of the shipped models, see tests/dense
DROPPED = 0.05  # of the tolerance: what all dropped cells together may weigh
LARGEST_MARGIN = 4.0 ** (MAX_LEVEL - 1)  # for a peak as narrow as the finest cell
QUARTERS: Cells = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
IMAGES_AT_ONCE = 256


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
        self.coarse = CoarseLattice(likelihood, half_width, side)
        self.likelihood = likelihood
        self.half_width = half_width
        self.spacing = self.coarse.spacing
        self._of_decoder = Memo(1)

    def once(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """What else belongs to the decoder alone, computed when it is first asked for."""
        return self._of_decoder(key, compute)

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
        single = len(chunks) == 1
        order = np.arange(len(x)) if single else self.coarse.order(x, IMAGES_AT_ONCE)
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
        return self.coarse.log_joint(x) + self.likelihood.base(x)[:, None]

    def _evidence(self, x: Array, tolerance: float, hides: Array | None = None) -> Evidence:
        hides = np.full(len(x), COARSE_MARGIN) if hides is None else hides
        result = self._refine(x, tolerance, hides)
        # Where more is hidden than was allowed for, cells that matter were dropped: again.
        hidden = self._hidden(np.linalg.eigvalsh(result.covariance)[:, 0])
        again = np.flatnonzero(hidden > hides)
        if len(again):
            more = np.minimum(1.25 * hidden[again], LARGEST_MARGIN)
            better = self._evidence(x[again], tolerance, more)
            for name in Evidence.__dataclass_fields__:
                getattr(result, name)[again] = getattr(better, name)
        return result

    def _hidden(self, variance: Array) -> Array:
        """Nats below a peak that the middle of its coarse cell may lie: Δ²/(4σ²)."""
        with np.errstate(divide="ignore"):
            hidden = self.spacing**2 / (4 * np.maximum(variance, 0.0))
        return np.minimum(hidden, LARGEST_MARGIN)

    def _refine(self, x: Array, tolerance: float, hides: Array) -> Evidence:
        dropped = DROPPED * tolerance
        negligible = float(np.log(1.0 / dropped))  # so far below the largest a cell is dropped
        count = len(x)
        statistics, base = self.likelihood.statistics(x), self.likelihood.base(x)
        joint = self.coarse.log_joint(x)
        (image, cell), rise = self.coarse.near(joint, _cutoff(negligible, hides))
        coarse_peak = joint.max(axis=1).astype(np.float64)
        mass = np.exp(joint[image, cell] - coarse_peak[image])
        log_evidence = coarse_peak + np.log(np.bincount(image, mass, count)) + base
        log_mass = (log_evidence - base)[:, None]
        edge_mass = np.exp(joint[:, self.coarse.on_edge] - log_mass).sum(axis=1)
        refused = edge_mass >= REFUSED
        cells, hidden = self.coarse.cells[cell], np.maximum(rise, hides[image])
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
            z = self.coarse.centres(cells, level)
            self._moments(z, image, weight, total, active, mean, covariance)
            # A sum may stand still by chance while a cell is wider than the posterior.
            variance = np.linalg.eigvalsh(covariance)[:, 0]
            resolved = variance > (self.spacing / 2**level) ** 2
            # What is refused needs its moments only, and so does what is done again.
            enough = refused | (error < tolerance) | (self._hidden(variance) > hides)
            settled = resolved & enough
            keep = ~settled[image]
            keep &= joints > peak[image] - _cutoff(negligible, hidden)
            image, cells, hidden = image[keep], cells[keep], hidden[keep]
            if not len(image):
                break
        log_evidence = np.where(refused, np.nan, log_evidence)
        return Evidence(log_evidence, error, edge_mass, mean, covariance)

    def _log_joint_pairs(
        self, statistics: Array, image: NDArray[np.intp], cells: Cells, level: int
    ) -> Array:
        """log p(x_i, z) Δ² - base for pairs of an image and a cell; shared cells decode once."""
        side = self.coarse.side * 2**level
        keys, pair_to_cell = np.unique(cells[:, 0] * side + cells[:, 1], return_inverse=True)
        result = np.empty(len(cells))
        order = np.argsort(pair_to_cell, kind="stable")
        bounds = np.searchsorted(pair_to_cell[order], np.arange(0, len(keys), POINTS_AT_ONCE))
        for number, first in enumerate(range(0, len(keys), POINTS_AT_ONCE)):
            chosen = keys[first : first + POINTS_AT_ONCE]
            decoded = np.stack([chosen // side, chosen % side], -1)
            features = self.likelihood.features(self.coarse.centres(decoded, level))
            weight = self.coarse.weight(decoded, level, self.likelihood.offset(features))
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
