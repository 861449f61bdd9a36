"""-log p(x) by lattices over the plane, whose cells are split in four where the mass is."""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .reference import AT_ONCE, Array, Net, Value, net, pictures

__all__ = ["Plane", "plane"]

COARSE = 1 / 16  # spacing of the first lattice
NEGLIGIBLE = 18.0  # nats: a cell that is dropped weighs less than exp(-18) of the largest
HIDDEN = 45.0  # nats that the middle of a first cell may lie below a peak inside it
SETTLED, FINEST = 1e-4, 2.0**-14
ENOUGH = 2500  # cells that matter: fewer may agree by chance
MARGIN = 3.0  # of the prior's stddevs beyond the codes of all test images
FARTHEST = 26.0
EDGE = 1e-7  # of the mass in the outermost cells: more, and some may lie beyond


class Plane:
    """Σ softplus of a decoder on the first lattice, over [-`half`, `half`]²."""

    def __init__(self, model: Net, half: float):
        self.model = model
        count = math.ceil(half / COARSE)
        axis = (np.arange(-count, count) + 0.5) * COARSE
        self.z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        self.edge = np.abs(self.z).max(axis=1) > axis[-1] - COARSE / 2
        self.softplus = np.concatenate(
            [model.softplus(model.activations(z)) for z in self._parts(self.z)]
        )

    @staticmethod
    def _parts(z: Array) -> list[Array]:
        return [z[start : start + AT_ONCE] for start in range(0, len(z), AT_ONCE)]

    def negative_log_evidence(self, x: NDArray[np.floating]) -> Value:
        """-ln ∫ p(x|z) p(z) dz, and what the last halving changed, in nats.

        NaN where the mass reaches the edge.
        """
        x = np.asarray(x, np.float64)
        image, constant = self.model.kernel @ x, float(self.model.bias @ x)
        dot = np.concatenate([self.model.activations(z) @ image for z in self._parts(self.z)])
        z, step = self.z, COARSE
        joint = dot + constant - self.softplus - 0.5 * (z**2).sum(axis=1)
        peak, value = joint.max(), _log_sum(joint) + 2 * math.log(step)
        if _log_sum(joint[self.edge]) + 2 * math.log(step) > value + math.log(EDGE):
            return math.nan, math.nan
        while True:
            hidden = HIDDEN * (step / COARSE) ** 2
            kept = z[joint > peak - (math.sqrt(NEGLIGIBLE) + math.sqrt(hidden)) ** 2]
            step /= 2
            quarters = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]]) * step
            z = (kept[:, None] + quarters).reshape(-1, 2)
            joint = -self.model.losses(x, z) - 0.5 * (z**2).sum(axis=1)
            peak, new = joint.max(), _log_sum(joint) + 2 * math.log(step)
            change, value = abs(new - value), new
            enough = np.count_nonzero(joint > peak - NEGLIGIBLE) > ENOUGH
            if (change < SETTLED and enough) or step <= FINEST:
                return math.log(2 * math.pi) - float(value), float(change)


def _log_sum(values: Array) -> float:
    peak = float(values.max())
    return peak + math.log(float(np.exp(values - peak).sum()))


@cache
def plane(name: str) -> Plane:
    """The plane of a shipped model, as far as its codes reach and farther."""
    images = pictures(name) / 255
    mean, _ = net(name).encode(images)
    half = min(math.ceil(float(np.abs(mean).max()) + MARGIN), FARTHEST)
    return Plane(net(name), half)
