"""The folds of a decoder's loss, and what a Gaussian expects of them in closed form.

The slope of a loss jumps where a unit of a hidden layer starts. With one hidden layer these
places are straight lines, and the loss is smooth but for

    g(u) = Σ_k a_k(u) c_k(t_k(u)),   a_k = max(0, |α_k| (n_k·u + d_k)),   u = (z - mean)/stddev

where t_k is the place along line k and c_k(t), a parabola, what the slope of the loss jumps by
there. n_k·u and t_k are independent, so that E[g] = Σ_k E[a_k] E[c_k].
"""

import math
from functools import cache

import numpy as np

from ..arrays import Array
from ..maths.bernoulli import sigmoid
from ..maths.estimators import gauss_hermite
from ..maths.gaussian import relu_mean
from ..models.network import Network

__all__ = ["Folds", "has_straight_folds"]

NODES = 3  # places along a fold where the jump of the slope is measured
REACH = 5.0  # stddevs from the mean beyond which a fold does not matter


def has_straight_folds(network: Network) -> bool:
    """Whether the decoder has one hidden layer: its folds are straight lines."""
    return len(network.decoder_hidden) == 1


@cache
def _rule() -> tuple[Array, Array, Array]:
    """Gauss-Hermite nodes and weights, and He_n(node)/n! `(nodes, degrees)`."""
    nodes, weights = gauss_hermite(NODES, dim=1)
    norm = [math.factorial(n) for n in range(NODES)]
    basis = np.polynomial.hermite_e.hermevander(nodes[:, 0], NODES - 1) / norm
    return nodes[:, 0], weights, basis


class Folds:
    """g(u) of the loss of one image, for the folds within `REACH` of q's mean.

    Args:
        network: a decoder with one hidden layer.
        statistics: W x of the image, `(units,)`.
        mean, stddev: of q, `(2,)`.

    Attributes:
        expectation: E[g] over q, in nats.
        count: of these folds; without any the loss is smooth.
    """

    def __init__(self, network: Network, statistics: Array, mean: Array, stddev: Array):
        layer = network.decoder_hidden[0]
        slope = stddev[:, None] * layer.kernel.astype(np.float64)  # α, (2, units)
        length = np.maximum(np.hypot(*slope), 1e-300)
        start = mean @ layer.kernel.astype(np.float64) + layer.bias
        distance = start / length
        self._units = np.flatnonzero(np.abs(distance) < REACH)
        self.count = len(self._units)
        normal, distance = slope[:, self._units] / length[self._units], distance[self._units]
        self._along = np.stack([-normal[1], normal[0]])  # (2, folds)
        nodes, weights, basis = _rule()
        u = nodes[:, None, None] * self._along.T - distance[:, None] * normal.T  # (nodes, folds, 2)
        kernel = network.decoder_logits.kernel[self._units]
        jump = np.concatenate(
            [np.einsum("kp,kp->k", sigmoid(network.decode(mean + stddev * v)), kernel) for v in u]
        ).reshape(len(nodes), -1)
        jump -= statistics[self._units]
        # c(t) = c_0 + c_1 t + c_2 (t² - 1), whose mean is c_0.
        self._coefficients = (basis * weights[:, None]).T @ jump  # (degrees, folds)
        self.expectation = float(
            self._coefficients[0] @ relu_mean(start[self._units], length[self._units])
        )

    def __call__(self, u: Array, features: Array) -> Array:
        """g at points u `(points, 2)`, with the decoder's features there, `(points,)`."""
        t = u @ self._along
        jump = np.polynomial.hermite_e.hermeval(t, self._coefficients, tensor=False)
        return np.einsum("pk,pk->p", features[:, self._units], jump)
