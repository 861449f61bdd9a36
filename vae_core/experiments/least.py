"""Where a loss is least along a curve, with what its own error leaves open."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..inference.integrals import TOLERANCE, expected_loss
from ..inference.loaded_model import LoadedModel
from ..maths.estimators import Estimate

__all__ = ["Least", "least", "losses_around"]

POINTS = 5  # of a round, inside its bracket
ROUNDS = 2

Curve = Callable[[Array], Estimate]


@dataclass(frozen=True)
class Least:
    """The least value found on a curve.

    Attributes:
        at: where.
        value: there, in nats.
        error: of `value`.
        low, high: the points next to those that are as low as far as the errors can tell.
        inside: False where the least value lies at an end: the curve still falls there.
    """

    at: float
    value: float
    error: float
    low: float
    high: float
    inside: bool


def losses_around(
    model: LoadedModel, x: Array, stddevs: Array, tolerance: float = TOLERANCE
) -> Estimate:
    """E over N(mean, stddev²) of the loss of one image, for many stddevs around its own mean.

    Args:
        model: the model.
        x: the image, `(pixels,)`.
        stddevs: `(count, 2)`.
        tolerance: of the integrals, in nats.

    Returns:
        Values and errors, `(count,)`, in nats.
    """
    mean, _ = model.network.encode(x[None])
    images, means = (np.repeat(row, len(stddevs), axis=0) for row in (x[None], mean))
    return expected_loss(model.network, model.grid, images, means, stddevs, tolerance)


def least(curve: Curve, points: Array, known: Estimate) -> Least:
    """The least value of a curve: the lowest of some points, then finer ones around it.

    Args:
        curve: from points to values with their errors.
        points: where it is known, rising.
        known: its values there.
    """
    at, values, errors = points, known.value, known.error
    found = [(at, values, errors)]
    first, last = float(points[0]), float(points[-1])
    for _ in range(ROUNDS):
        i = int(values.argmin())
        low, high = at[max(i - 1, 0)], at[min(i + 1, len(at) - 1)]
        fine = np.linspace(low, high, POINTS + 2)
        estimate = curve(fine)
        at, values, errors = fine, estimate.value, estimate.error
        found.append((at, values, errors))
    i = int(values.argmin())
    best = float(values[i] + errors[i])
    alike = np.concatenate([at[values - errors <= best] for at, values, errors in found])
    tried = np.concatenate([at for at, *_ in found])
    below, above = tried[tried < alike.min()], tried[tried > alike.max()]
    return Least(
        at=float(at[i]),
        value=float(values[i]),
        error=float(errors[i]),
        low=float(below.max()) if below.size else first,
        high=float(above.min()) if above.size else last,
        inside=bool(first < at[i] < last),
    )
