"""E over q of the loss, with an error that is a calibrated bound, in nats.

A narrow q gets a lattice in its own axes, refined until its bound is small; where the folds of
the loss are straight lines they are taken off first and added in closed form. A q that is wide
against the folds gets the model's table of Σ softplus.
"""

import math

import numpy as np

from ..arrays import POINTS_AT_ONCE, Array, in_parts, parts
from ..maths import gaussian
from ..maths.estimators import Estimate, gauss_hermite
from ..maths.lattices import judged, levels
from ..models.network import Network
from .evidence import EvidenceGrid
from .folds import Folds, has_straight_folds
from .softplus_table import SoftplusTable

__all__ = ["TOLERANCE", "expected_loss", "rough_expected_loss", "softplus_table"]

TOLERANCE = 5e-3  # nats: half a unit of the last digit that the page shows
SMOOTH_LEVEL = 1  # 190 points, for a loss that has no fold where q lies
FIRST_LEVEL = 2  # 380 points: with 190, a change was small by chance in one view of a thousand
HOPELESS = 30.0  # tolerances: a first bound above it has a table tried instead
MAX_LEVEL, DEEP_MAX_LEVEL = 5, 4  # 95 · 2^level points; those of deep decoders cost more
TABLE_CELLS = 8.0  # that a stddev must span for a table to be the first choice ...
FEW_CELLS = 4.0  # ... and to be a choice at all
ROUGH_ORDER = 4  # of a quadrature that only has to sort images


def expected_loss(
    network: Network,
    grid: EvidenceGrid,
    x: Array,
    mean: Array,
    stddev: Array,
    tolerance: float = TOLERANCE,
    max_order: int | None = None,
    table: SoftplusTable | None = None,
) -> Estimate:
    """E over N(mean, stddev²) of -log p(x|z), with a calibrated bound on its error.

    Args:
        network: the decoder.
        grid: of that decoder; keeps its table of Σ softplus.
        x: images `(images, pixels)` in [0, 1].
        mean: `(images, 2)`.
        stddev: `(images, 2)`, not negative.
        tolerance: bound at which an image has settled, in nats. Where a wide q or a deep decoder
            does not get there, the bound says what is left.
        max_order: without effect.
        table: of that decoder, instead of the one that the grid keeps.

    Returns:
        Value and bound `(images,)`, in nats.
    """
    mean, stddev = np.asarray(mean, np.float64), np.asarray(stddev, np.float64)
    table = table or softplus_table(network, grid)
    value, error = np.empty(len(x)), np.zeros(len(x))
    level = table.level(mean, stddev, FEW_CELLS)
    wide = table.level(mean, stddev, TABLE_CELLS) >= 0
    for i in np.flatnonzero(~wide):
        give_up = HOPELESS * tolerance if level[i] >= 0 else math.inf
        value[i], error[i] = _by_lattice(network, x[i], mean[i], stddev[i], tolerance, give_up)
    wide |= (level >= 0) & (error > HOPELESS * tolerance)
    for number in np.unique(level[wide]):
        chosen = np.flatnonzero(wide & (level == number))
        found = table.expected_loss(int(number), x[chosen], mean[chosen], stddev[chosen])
        value[chosen], error[chosen] = found.value, found.error
    return Estimate(value, error)


def rough_expected_loss(
    network: Network, grid: EvidenceGrid, x: Array, mean: Array, stddev: Array
) -> Array:
    """E over N(mean, stddev²) of -log p(x|z) without a bound, to sort many images by.

    By 16 Gauss-Hermite nodes, which is a tenth of the work, or by the table where q is wide.

    Args:
        network: the decoder.
        grid: of that decoder.
        x: images `(images, pixels)` in [0, 1].
        mean, stddev: `(images, 2)`.

    Returns:
        `(images,)`, in nats.
    """
    wide = softplus_table(network, grid).level(mean, stddev, TABLE_CELLS) >= 0
    value = np.empty(len(x))
    if wide.any():
        value[wide] = expected_loss(network, grid, x[wide], mean[wide], stddev[wide]).value
    narrow = np.flatnonzero(~wide)
    nodes, weights = gauss_hermite(ROUGH_ORDER)

    def by_nodes(part: slice) -> Array:
        i = narrow[part]
        z = gaussian.reparameterize(mean[i], stddev[i], nodes[:, None])
        return weights @ network.reconstruction_loss(x[i], z)

    if len(narrow):
        value[narrow] = in_parts(by_nodes, len(narrow), POINTS_AT_ONCE // len(nodes))
    return value


def softplus_table(network: Network, grid: EvidenceGrid) -> SoftplusTable:
    """The tables of a decoder for wide q's, kept with its grid."""
    table: SoftplusTable = grid.once("softplus table", lambda: SoftplusTable(network))
    return table


def _by_lattice(
    network: Network, x: Array, mean: Array, stddev: Array, tolerance: float, give_up: float
) -> tuple[float, float]:
    """Value and bound for one image, by lattices of rising level until the bound is small.

    Args:
        network: the decoder.
        x: `(pixels,)`.
        mean, stddev: of q, `(2,)`.
        tolerance: bound at which to stop, in nats.
        give_up: bound at the first level above which no further one is tried.
    """
    statistics = network.statistics(x).astype(np.float64)
    added = -float(network.base(x))
    folds = Folds(network, statistics, mean, stddev) if has_straight_folds(network) else None
    if folds:
        added += folds.expectation
    start = SMOOTH_LEVEL if folds and not folds.count else FIRST_LEVEL
    last = MAX_LEVEL if folds else DEEP_MAX_LEVEL
    sums, mass = np.zeros(2 * last + 2), np.zeros(2 * last + 2)
    estimate, first = Estimate(np.empty(0), np.empty(0)), 0
    for level in range(start, last + 1):
        nodes, weights, half = levels(first, level)
        for part in parts(len(nodes)):
            u = nodes[part]
            features = network.features(mean + stddev * u)
            loss = network.offset(features) - features.astype(np.float64) @ statistics + added
            if folds and folds.count:
                loss -= folds(u, features)
            sums += np.bincount(half[part], weights[part] * loss, len(sums))
            mass += np.bincount(half[part], weights[part], len(sums))
        first = level + 1
        estimate = judged(sums[: 2 * first].reshape(-1, 2), mass[: 2 * first].reshape(-1, 2))
        if estimate.error <= tolerance or (level == start and estimate.error > give_up):
            break
    return float(estimate.value), float(estimate.error)
