"""Families of densities over the plane, each the image of a fixed base density.

z = T(ε), where ε is a standard Gaussian, a product of Laplaces of scale 1, or uniform on [-1, 1]².
The expectation of anything under q is one under the base, and

    KL(q ‖ N(0, I)) = E_ε[½ |z|² + ln 2π - ln |det T'(ε)|] - H(ε)

A family is one object, a `Family`, in `FAMILIES`; how its closest member is searched for is one
more, in `inference.fitting`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..arrays import Array
from . import gaussian

__all__ = ["FAMILIES", "Family", "Parameters", "laplace_kl", "uniform_kl"]

Parameters = dict[str, Array]
Rule = tuple[Array, Array]

FLOW_ORDER = 96  # of the quadrature for the KL of a flow
REACH = 6.0  # stddevs: beyond lie 2e-9 of a Gaussian
BISECTIONS = 60


@dataclass(frozen=True)
class Family:
    """A family of densities.

    Attributes:
        title: as the page writes it.
        rule: nodes `(points, 2)` and weights `(points,)`, which sum to one, of a quadrature for the
            base density, from the number of nodes per dimension (even for Laplace).
        push: z = T(ε) `(..., points, 2)`, and ln |det T'(ε)| `(..., points)` or `(..., 1)`, from
            parameters with any leading dimensions `(...)` and points of the base `(points, 2)`.
            Analytic in the parameters, which may be complex: the imaginary part of
            T(ε; θ + i h) / h is the derivative by θ, without cancellation.
        kl: KL of a member to the prior N(0, I), in nats.
        log_prob: log density of a member at z, `(..., 2)` to `(...)`, in nats.
        scale: name of the parameter that holds the scales.
    """

    title: str
    rule: Callable[[int], Rule]
    push: Callable[[Parameters, Array], tuple[Array, Array]]
    kl: Callable[[Parameters], float]
    log_prob: Callable[[Parameters, Array], Array]
    scale: str = "stddev"


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


# --- quadratures of the base ---------------------------------------------------------------------


def _product(along: Rule, across: Rule) -> Rule:
    z = np.stack(np.meshgrid(along[0], across[0], indexing="ij"), axis=-1).reshape(-1, 2)
    product = np.outer(along[1], across[1]).ravel()
    return z, product / product.sum()


def _even(order: int) -> Rule:
    nodes = np.linspace(-REACH, REACH, order)
    return nodes, np.exp(-0.5 * nodes**2)


@cache
def _gaussian_rule(order: int) -> Rule:
    """Evenly spaced: converges as fast as Gauss-Hermite, and sees more of a decoder's kinks."""
    return _product(_even(order), _even(order))


@cache
def _flow_rule(order: int) -> Rule:
    """Four times as many along the first axis, which is that of the bend."""
    return _product(_even(4 * order), _even(order))


@cache
def _laplace_rule(order: int) -> Rule:
    """Gauss-Laguerre on either side of the kink."""
    half, weights = np.polynomial.laguerre.laggauss(order // 2)
    nodes = np.concatenate([-half[::-1], half])
    line = nodes, np.concatenate([weights[::-1], weights])
    return _product(line, line)


@cache
def _uniform_rule(order: int) -> Rule:
    line = np.polynomial.legendre.leggauss(order)
    return _product(line, line)


# --- diagonal ones: z = mean + scale ε -----------------------------------------------------------


def _diagonal_push(name: str) -> Callable[[Parameters, Array], tuple[Array, Array]]:
    def push(parameters: Parameters, epsilon: Array) -> tuple[Array, Array]:
        scale = parameters[name]
        if scale.shape != parameters["mean"].shape:  # one for both directions
            scale = scale[..., None] * np.ones(2)
        z = parameters["mean"][..., None, :] + scale[..., None, :] * epsilon
        return z, np.log(scale).sum(axis=-1)[..., None]

    return push


def _standard(parameters: Parameters, name: str, z: Array) -> tuple[Array, float]:
    """ε of z, and ln |det T'|."""
    scale = parameters[name] * np.ones(2)
    return (np.asarray(z, np.float64) - parameters["mean"]) / scale, float(np.log(scale).sum())


def _gaussian_kl(parameters: Parameters) -> float:
    return float(gaussian.kl(parameters["mean"], parameters["stddev"] * np.ones(2)))


def _gaussian_log_prob(parameters: Parameters, z: Array) -> Array:
    standard, log_det = _standard(parameters, "stddev", z)
    return gaussian.log_prob(standard) - log_det


def _laplace_log_prob(parameters: Parameters, z: Array) -> Array:
    standard, log_det = _standard(parameters, "scale", z)
    return -np.abs(standard).sum(axis=-1) - 2.0 * np.log(2.0) - log_det


def _uniform_log_prob(parameters: Parameters, z: Array) -> Array:
    standard, log_det = _standard(parameters, "half_width", z)
    inside = (np.abs(standard) <= 1.0).all(axis=-1)
    return np.where(inside, -2.0 * np.log(2.0) - log_det, -np.inf)


# --- any covariance ------------------------------------------------------------------------------


def _full_push(parameters: Parameters, epsilon: Array) -> tuple[Array, Array]:
    covariance = parameters["covariance"]
    # Cholesky, in terms that continue into the complex plane.
    left = np.sqrt(covariance[..., 0, 0])[..., None]
    below = covariance[..., 1, 0][..., None] / left
    right = np.sqrt(covariance[..., 1, 1][..., None] - below**2)
    second = below * epsilon[:, 0] + right * epsilon[:, 1]
    z = parameters["mean"][..., None, :] + np.stack([left * epsilon[:, 0], second], axis=-1)
    return z, np.log(left) + np.log(right)


def _full_kl(parameters: Parameters) -> float:
    return float(gaussian.full_kl(parameters["mean"], parameters["covariance"]))


def _full_log_prob(parameters: Parameters, z: Array) -> Array:
    factor = np.linalg.cholesky(parameters["covariance"])
    standard = (np.asarray(z, np.float64) - parameters["mean"]) @ np.linalg.inv(factor).T
    return gaussian.log_prob(standard) - np.log(np.diagonal(factor)).sum()


# --- a planar flow: z = z₀ + u tanh(w·z₀ + b), z₀ Gaussian ---------------------------------------


def _flow_push(parameters: Parameters, epsilon: Array) -> tuple[Array, Array]:
    mean, scale = parameters["mean"][..., None, :], parameters["stddev"]
    z = mean + scale[..., None, :] * _along(parameters["w"] * scale, epsilon)
    w, u = parameters["w"][..., None, :], parameters["u"][..., None, :]
    bend = np.tanh((w * z).sum(axis=-1) + parameters["b"][..., None])
    log_det = np.log(scale).sum(axis=-1)[..., None]
    log_det = log_det + np.log(1.0 + (1.0 - bend**2) * (w * u).sum(axis=-1))
    return z + u * bend[..., None], log_det


def _along(w: Array, epsilon: Array) -> Array:
    """Points turned so that their first axis lies along w, `(..., points, 2)`."""
    length = np.sqrt((w**2).sum(axis=-1, keepdims=True))
    axis = w / length if length.all() else np.ones_like(w) * [1.0, 0.0]
    across = np.stack([-axis[..., 1], axis[..., 0]], axis=-1)
    return epsilon[:, :1] * axis[..., None, :] + epsilon[:, 1:] * across[..., None, :]


def _flow_kl(parameters: Parameters) -> float:
    nodes, weights = _flow_rule(FLOW_ORDER)
    z, log_det = _flow_push(parameters, nodes)
    return float(weights @ (gaussian.log_prob(nodes) - log_det - gaussian.log_prob(z)))


def _flow_log_prob(parameters: Parameters, z: Array) -> Array:
    """Through the inverse of the flow: t = w·z₀ + b solves t + (w·u) tanh t = w·z + b.

    The left side rises where w·u ≥ -1, and t lies within |w·u| of the right side.
    """
    z = np.asarray(z, np.float64)
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


FAMILIES: dict[str, Family] = {
    "isotropic": Family(
        "Gaussian, one σ",
        _gaussian_rule,
        _diagonal_push("stddev"),
        _gaussian_kl,
        _gaussian_log_prob,
    ),
    "diagonal": Family(
        "Gaussian, diagonal",
        _gaussian_rule,
        _diagonal_push("stddev"),
        _gaussian_kl,
        _gaussian_log_prob,
    ),
    "full": Family("Gaussian, full", _gaussian_rule, _full_push, _full_kl, _full_log_prob),
    "laplace": Family(
        "Laplace",
        _laplace_rule,
        _diagonal_push("scale"),
        lambda parameters: float(laplace_kl(parameters["mean"], parameters["scale"])),
        _laplace_log_prob,
        "scale",
    ),
    "uniform": Family(
        "uniform",
        _uniform_rule,
        _diagonal_push("half_width"),
        lambda parameters: float(uniform_kl(parameters["mean"], parameters["half_width"])),
        _uniform_log_prob,
        "half_width",
    ),
    "flow": Family("planar flow", _flow_rule, _flow_push, _flow_kl, _flow_log_prob),
}
