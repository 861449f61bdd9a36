"""Fields over the latent plane: what a background layer of the plane shows.

Rows of a field run from the top of the plane down, columns from left to right, so that it can
be drawn as a picture; values are at the middles of the cells.
"""

import math
from dataclasses import dataclass

import numpy as np

from ..arrays import POINTS_AT_ONCE, Array, in_parts
from ..maths import gaussian
from ..maths.bernoulli import sigmoid, softplus_sum
from ..maths.estimators import gauss_hermite
from ..models.network import Network
from .evidence import Evidence

__all__ = [
    "Extent",
    "Field",
    "aggregate_posterior",
    "cell_centres",
    "extent_of",
    "magnification",
    "price_field",
    "price_prediction",
    "true_posterior",
]

Extent = tuple[float, float, float, float]

LEAST_HALF, MARGIN = 4.0, 1.06
SHARE = 0.998  # of the coordinates lie within a plane
# Of the lattice for the price of σ.
POINTS_A_STDDEV = 1.5  # at least
MOST_SPLIT = 4  # points a cell and direction
REACH = 5.0  # stddevs of the noise beyond the field


@dataclass(frozen=True)
class Field:
    """Values over a rectangle of the plane.

    Attributes:
        extent: left, right, bottom, top.
        values: `(rows, columns)`, not negative; row 0 is at the top.
    """

    extent: Extent
    values: Array


def extent_of(mean: Array, share: float = SHARE, least: float = LEAST_HALF) -> Extent:
    """A square around the origin that holds a share of the coordinates, and a margin.

    Args:
        mean: of q for many images, `(images, 2)`.
        share: of the coordinates; a few images lie far out.
        least: half its side, at least.
    """
    reach = MARGIN * float(np.quantile(np.abs(mean), share)) if mean.size else 0.0
    half = max(least, reach)
    return (-half, half, -half, half)


def cell_centres(extent: Extent, side: int) -> Array:
    """Middles of `side` x `side` cells, `(side, side, 2)`, row 0 at the top."""
    left, right, bottom, top = extent
    fraction = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(left + fraction * (right - left), top - fraction * (top - bottom))
    return np.stack([x, y], axis=-1)


def true_posterior(network: Network, x: Array, evidence: Evidence, side: int = 96) -> Field:
    """Density p(z|x) = p(x|z) p(z) / p(x) of one image, on a square around its bulk.

    Args:
        network: the model.
        x: the image, `(pixels,)`.
        evidence: of that image alone.
        side: cells along an edge.

    Returns:
        A field in probability per unit area.
    """
    stddev = np.sqrt(np.diagonal(evidence.covariance[0]))
    half = 4.5 * float(stddev.max())
    (x0, y0) = evidence.mean[0]
    extent = (x0 - half, x0 + half, y0 - half, y0 + half)
    z = cell_centres(extent, side).reshape(-1, 2)
    log_likelihood = -in_parts(lambda part: network.reconstruction_loss(x, z[part]), len(z))
    log_density = log_likelihood + gaussian.log_prob(z) - evidence.log_evidence[0]
    return Field(extent, np.exp(log_density).reshape(side, side))


def aggregate_posterior(mean: Array, stddev: Array, extent: Extent, side: int = 128) -> Field:
    """Density of q(z) = 1/N Σ_n q(z|x_n) (Hoffman & Johnson 2016, "ELBO surgery").

    Args:
        mean: `(images, 2)`.
        stddev: `(images, 2)`; a stddev below a third of a cell is raised to that.
        extent: of the field.
        side: cells along an edge.

    Returns:
        A field in probability per unit area.
    """
    centres = cell_centres(extent, side)
    stddev = np.maximum(stddev, (extent[1] - extent[0]) / side / 3)

    def densities(values: Array, axis: int) -> Array:
        standard = (values - mean[:, axis, None]) / stddev[:, axis, None]
        return np.exp(-0.5 * standard**2) / (np.sqrt(2 * np.pi) * stddev[:, axis, None])

    columns = densities(centres[0, :, 0], 0).astype(np.float32)  # (images, side)
    rows = densities(centres[:, 0, 1], 1).astype(np.float32)
    return Field(extent, rows.T @ columns / len(mean))


def price_field(network: Network, stddev: float, extent: Extent, side: int = 48) -> Field:
    """Price of σ at z for the picture decoded there: E_ε[KL(p(·|z) ‖ p(·|z + σε))].

    The logits are linear in the decoder's last hidden layer h, so that E over ε needs only the
    averages of h and of Σ softplus(l): sums over one lattice that all cells share, or over three
    nodes a direction where q is narrow against a cell.

    Args:
        network: the model.
        stddev: σ, the same in both directions.
        extent: of the field, a square.
        side: cells along an edge.

    Returns:
        A field in nats.
    """
    cell = (extent[1] - extent[0]) / side
    split = max(1, math.ceil(POINTS_A_STDDEV * cell / stddev))
    if split > MOST_SPLIT:  # three nodes see a decoder that is nearly as smooth as it is
        values = _price_at_nodes(network, stddev, cell_centres(extent, side))
    else:
        values = _price_on_lattice(network, stddev, extent, side, cell / split)
    return Field(extent, np.maximum(values, 0.0).reshape(side, side))


def _price_at_nodes(network: Network, stddev: float, centres: Array) -> Array:
    z = centres.reshape(-1, 2)
    nodes, weights = gauss_hermite(3)

    def price(part: slice) -> Array:
        logits = network.decode(z[part])  # (points, pixels)
        moved = network.decode(z[part] + stddev * nodes[:, None])
        change = np.einsum("p,pni,ni->n", weights, moved - logits, sigmoid(logits))
        return weights @ softplus_sum(moved) - softplus_sum(logits) - change

    return in_parts(price, len(z), POINTS_AT_ONCE // len(nodes))


def _price_on_lattice(
    network: Network, stddev: float, extent: Extent, side: int, spacing: float
) -> Array:
    left, right, bottom, _ = extent
    beyond = math.ceil(REACH * stddev / spacing)
    count = round((right - left) / spacing) + 2 * beyond
    axis = (np.arange(count) + 0.5 - beyond) * spacing
    x, y = np.meshgrid(left + axis, bottom + axis)
    z = np.stack([x, y], axis=-1).reshape(-1, 2)
    features = in_parts(lambda part: network.features(z[part]), len(z))
    offset = in_parts(lambda part: network.offset(features[part]), len(z))
    everything = np.concatenate([features, offset[:, None]], axis=1, dtype=np.float64)
    middles = (np.arange(side) + 0.5) * (right - left) / side
    weight = np.exp(-0.5 * ((middles[:, None] - axis) / stddev) ** 2)
    weight /= weight.sum(axis=1, keepdims=True)
    grid = everything.reshape(count, count, -1)
    averages = np.einsum("ri,ijf,cj->rcf", weight, grid, weight, optimize=True)
    averages = averages[::-1].reshape(side**2, -1)  # from the top down
    own = network.features(cell_centres(extent, side).reshape(-1, 2))
    moved = (averages[:, :-1] - own) @ network.decoder_logits.kernel
    change = np.einsum("ni,ni->n", sigmoid(network.decoder_logits(own)), moved)
    return averages[:, -1] - network.offset(own) - change


def price_prediction(
    network: Network, stddev: float, extent: Extent, side: int = 48, step: float = 1e-2
) -> Field:
    """Second-order prediction of `price_field`, ½ tr(H Σ) = ½ σ² tr H.

    H is the Hessian at δ = 0 of KL(p(·|z) ‖ p(·|z + δ)), that is Jᵀ diag(p (1 - p)) J with the
    Jacobian J of the logits, here by central differences over 2 `step`.

    Args:
        network: the model.
        stddev: σ, the same in both directions.
        extent: of the field.
        side: cells along an edge.
        step: half the distance of the difference.

    Returns:
        A field in nats.
    """
    z = cell_centres(extent, side).reshape(-1, 2)

    def trace_of(part: slice) -> Array:
        here = z[part]
        p, total = sigmoid(network.decode(here)), np.zeros(len(here))
        for e in step * np.eye(2):
            slope = (network.decode(here + e) - network.decode(here - e)) / (2 * step)
            total += np.einsum("ni,ni->n", p * (1 - p), slope**2)
        return total

    trace = in_parts(trace_of, len(z), POINTS_AT_ONCE // 4)
    return Field(extent, (0.5 * stddev**2 * trace).reshape(side, side))


def magnification(network: Network, extent: Extent, side: int = 64, step: float = 1e-2) -> Field:
    """How fast the picture changes with z: √det(JᵀJ) of the decoded pixels, by central differences.

    ReLU kinks make the exact Jacobian jump; the difference over 2 `step` is what an eye sees.

    Args:
        network: the model.
        extent: of the field.
        side: cells along an edge.
        step: half the distance of the difference.

    Returns:
        A field in (picture units / z unit)².
    """
    z = cell_centres(extent, side).reshape(-1, 2)

    def area(part: slice) -> Array:
        here = z[part]
        columns = [
            (sigmoid(network.decode(here + e)) - sigmoid(network.decode(here - e))) / (2 * step)
            for e in step * np.eye(2)
        ]
        a, b, c = (
            np.einsum("ni,ni->n", columns[i], columns[j], dtype=np.float64)
            for i, j in ((0, 0), (1, 1), (0, 1))
        )
        return np.sqrt(np.maximum(a * b - c * c, 0.0))

    values = in_parts(area, len(z), POINTS_AT_ONCE // 4)
    return Field(extent, values.reshape(side, side))
