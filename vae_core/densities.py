"""Families of densities over the plane, each the image of a fixed base density.

z = T(ε), where ε is a standard Gaussian, a product of Laplaces of scale 1, or uniform on [-1, 1]².
The expectation of anything under q is one under the base, and

    KL(q ‖ N(0, I)) = E_ε[½ |z|² + ln 2π - ln |det T'(ε)|] - H(ε)
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from . import gaussian

__all__ = ["FAMILIES", "Parameters", "kl", "laplace_kl", "log_prob", "push", "rule", "uniform_kl"]

Array = NDArray[np.floating]
Parameters = dict[str, Array]

FAMILIES: tuple[str, ...] = ("isotropic", "diagonal", "full", "laplace", "uniform", "flow")
SCALES = {"isotropic": "stddev", "laplace": "scale", "uniform": "half_width"}  # else: stddev
FLOW_ORDER = 96  # of the quadrature for the KL of a flow
REACH = 6.0  # stddevs: beyond lie 2e-9 of a Gaussian
BISECTIONS = 60


def laplace_kl(mean: Array, scale: Array) -> Array:
    """KL of a product of Laplaces to the prior N(0, I).

    KL = Σ (½ ln 2π + ½ mean² + b² - 1 - ln 2b)

    Args:
        mean: `(..., dim)`.
        scale: b, `(..., dim)`, positive.

    Returns:
        `(...)`, in nats.
    """
    mean, scale = np.asarray(mean, np.float64), np.asarray(scale, np.float64)
    terms = 0.5 * (gaussian.LOG_2PI + mean**2) + scale**2 - 1.0 - np.log(2.0 * scale)
    return np.sum(terms, axis=-1)


def uniform_kl(mean: Array, half_width: Array) -> Array:
    """KL of a uniform box to the prior N(0, I).

    KL = Σ (½ ln 2π + ½ mean² + a²/6 - ln 2a)

    Args:
        mean: centre of the box, `(..., dim)`.
        half_width: a, `(..., dim)`, positive.

    Returns:
        `(...)`, in nats.
    """
    mean, half_width = np.asarray(mean, np.float64), np.asarray(half_width, np.float64)
    terms = 0.5 * (gaussian.LOG_2PI + mean**2) + half_width**2 / 6.0 - np.log(2.0 * half_width)
    return np.sum(terms, axis=-1)


@cache
def rule(family: str, order: int) -> tuple[Array, Array]:
    """Nodes and weights of a quadrature for the base density of a family.

    A Gaussian has evenly spaced nodes, which converge as fast as Gauss-Hermite's and see more of
    a decoder's kinks; a flow four times as many along its first axis, which is that of its bend.
    Gauss-Laguerre on either side of a Laplace's kink, Gauss-Legendre for a box.

    Args:
        family: one of `FAMILIES`.
        order: nodes per dimension; even for `laplace`.

    Returns:
        Nodes `(points, 2)` and weights `(points,)`, which sum to one.
    """
    if family == "laplace":
        half, half_weights = np.polynomial.laguerre.laggauss(order // 2)
        nodes = np.concatenate([-half[::-1], half])
        weights = np.concatenate([half_weights[::-1], half_weights])
    elif family == "uniform":
        nodes, weights = np.polynomial.legendre.leggauss(order)
    else:
        nodes = np.linspace(-REACH, REACH, order)
        weights = np.exp(-0.5 * nodes**2)
    along, along_weights = nodes, weights
    if family == "flow":
        along = np.linspace(-REACH, REACH, 4 * order)
        along_weights = np.exp(-0.5 * along**2)
    z = np.stack(np.meshgrid(along, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    product = np.outer(along_weights, weights).ravel()
    return z, product / product.sum()


def push(family: str, parameters: Parameters, epsilon: Array) -> tuple[Array, Array]:
    """z = T(ε), and how much T stretches the plane there.

    Analytic in the parameters, which may be complex: the imaginary part of T(ε; θ + i h) / h is
    the derivative by θ, without cancellation.

    Args:
        family: one of `FAMILIES`.
        parameters: as in `families.Fit`, with any leading dimensions `(...)`.
        epsilon: points of the base density `(points, 2)`.

    Returns:
        z `(..., points, 2)` and ln |det T'(ε)| `(..., points)` or `(..., 1)`.
    """
    mean = parameters["mean"][..., None, :]
    if family == "full":
        covariance = parameters["covariance"]
        # Cholesky, in terms that continue into the complex plane.
        left = np.sqrt(covariance[..., 0, 0])[..., None]
        below = covariance[..., 1, 0][..., None] / left
        right = np.sqrt(covariance[..., 1, 1][..., None] - below**2)
        second = below * epsilon[:, 0] + right * epsilon[:, 1]
        z = mean + np.stack([left * epsilon[:, 0], second], axis=-1)
        return z, np.log(left) + np.log(right)
    scale = parameters[SCALES.get(family, "stddev")]
    if family == "isotropic":
        scale = scale[..., None] * np.ones(2)
    log_det = np.log(scale).sum(axis=-1)[..., None]
    if family == "flow":
        epsilon = _along(parameters["w"] * scale, epsilon)
    z = mean + scale[..., None, :] * epsilon
    if family == "flow":
        w, u = parameters["w"][..., None, :], parameters["u"][..., None, :]
        bend = np.tanh((w * z).sum(axis=-1) + parameters["b"][..., None])
        log_det = log_det + np.log(1.0 + (1.0 - bend**2) * (w * u).sum(axis=-1))
        z = z + u * bend[..., None]
    return z, log_det


def _along(w: Array, epsilon: Array) -> Array:
    """Points turned so that their first axis lies along w, `(..., points, 2)`."""
    length = np.sqrt((w**2).sum(axis=-1, keepdims=True))
    axis = w / length if length.all() else np.ones_like(w) * [1.0, 0.0]
    across = np.stack([-axis[..., 1], axis[..., 0]], axis=-1)
    return epsilon[:, :1] * axis[..., None, :] + epsilon[:, 1:] * across[..., None, :]


def kl(family: str, parameters: Parameters) -> float:
    """KL of a density to the prior N(0, I), in nats."""
    mean = parameters["mean"]
    if family == "full":
        return float(gaussian.full_kl(mean, parameters["covariance"]))
    if family == "laplace":
        return float(laplace_kl(mean, parameters["scale"]))
    if family == "uniform":
        return float(uniform_kl(mean, parameters["half_width"]))
    if family == "flow":
        nodes, weights = rule(family, FLOW_ORDER)
        z, log_det = push(family, parameters, nodes)
        return float(weights @ (gaussian.log_prob(nodes) - log_det - gaussian.log_prob(z)))
    return float(gaussian.kl(mean, parameters["stddev"] * np.ones(2)))


def log_prob(family: str, parameters: Parameters, z: Array) -> Array:
    """Log density at z, `(..., 2)` to `(...)`, in nats."""
    z = np.asarray(z, np.float64)
    mean = parameters["mean"]
    if family == "full":
        factor = np.linalg.cholesky(parameters["covariance"])
        standard = (z - mean) @ np.linalg.inv(factor).T
        return gaussian.log_prob(standard) - np.log(np.diagonal(factor)).sum()
    scale = parameters[SCALES.get(family, "stddev")] * np.ones(2)
    standard = (z - mean) / scale
    log_det = np.log(scale).sum()
    if family == "laplace":
        return -np.abs(standard).sum(axis=-1) - 2.0 * np.log(2.0) - log_det
    if family == "uniform":
        inside = (np.abs(standard) <= 1.0).all(axis=-1)
        return np.where(inside, -2.0 * np.log(2.0) - log_det, -np.inf)
    if family == "flow":
        return _flow_log_prob(parameters, z)
    return gaussian.log_prob(standard) - log_det


def _flow_log_prob(parameters: Parameters, z: Array) -> Array:
    """Through the inverse of the flow: t = w·z₀ + b solves t + (w·u) tanh t = w·z + b.

    The left side rises where w·u ≥ -1, and t lies within |w·u| of the right side.
    """
    w, u = parameters["w"], parameters["u"]
    slope = float(w @ u)
    target = z @ w + parameters["b"]
    low, high = target - abs(slope), target + abs(slope)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        above = middle + slope * np.tanh(middle) > target
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    bend = np.tanh(0.5 * (low + high))
    base = gaussian.log_prob(z - bend[..., None] * u, parameters["mean"], parameters["stddev"])
    return base - np.log(1.0 + slope * (1.0 - bend**2))
