"""Expectations of the loss under a Gaussian q: by samples, by quadrature, as bounds, predicted."""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from . import gaussian

__all__ = [
    "Estimate",
    "gauss_hermite",
    "importance_weighted_bound",
    "monte_carlo",
    "predicted_price",
]


@dataclass(frozen=True)
class Estimate:
    """A value and how far it may be off, in nats."""

    value: Array
    error: Array  # one standard error of a sample average; a bound on that of an integral


def gauss_hermite(order: int, dim: int = 2) -> tuple[Array, Array]:
    """Nodes and weights of the tensor Gauss-Hermite rule for N(0, I).

    E[f(ε)] ≈ Σ_k w_k f(ε_k), exact for polynomials of degree up to 2 `order` - 1 in each variable.

    Args:
        order: nodes per dimension.
        dim: number of dimensions.

    Returns:
        Nodes `(order**dim, dim)` and weights `(order**dim,)`, which sum to one.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(order)
    weights = weights / weights.sum()
    grid = np.stack(np.meshgrid(*[nodes] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    product = np.stack(np.meshgrid(*[weights] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    return grid, product.prod(axis=-1)


def monte_carlo(losses: Array) -> Estimate:
    """Average of losses at samples of q, with its standard error.

    Args:
        losses: `(samples, ...)`, in nats.

    Returns:
        Value and error `(...)`; the error of a single sample is NaN.
    """
    count = losses.shape[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = losses.std(axis=0, ddof=1) if count > 1 else np.full(losses.shape[1:], np.nan)
    return Estimate(losses.mean(axis=0), spread / np.sqrt(count))


def predicted_price(stddev: Array) -> Array:
    """(dim - tr Σ)/2: what sampling costs, to second order, where the stddev is optimal.

    At the optimum of -ELBO over σ_j, σ_j² ∂²loss/∂z_j² = 1 - σ_j², and E_q[loss] - loss(mean) ≈
    ½ tr(H Σ) by Price's theorem.

    Args:
        stddev: `(..., dim)`.

    Returns:
        `(...)`, in nats.
    """
    return 0.5 * np.sum(1.0 - np.asarray(stddev, np.float64) ** 2, axis=-1)


def importance_weighted_bound(losses: Array, z: Array, mean: Array, stddev: Array) -> Array:
    """Importance-weighted bound on log p(x) from samples of q; with one sample, the ELBO.

    log p(x) ≥ E[ln (1/K) Σ_k p(x|z_k) p(z_k) / q(z_k|x)]   (Burda et al. 2016, arXiv 1509.00519)

    Args:
        losses: -log p(x|z_k), `(samples, ...)`.
        z: `(samples, ..., dim)`, drawn from q.
        mean: `(..., dim)`.
        stddev: `(..., dim)`, positive.

    Returns:
        `(...)`, in nats.
    """
    log_weights = gaussian.log_prob(z) - losses - gaussian.log_prob(z, mean, stddev)
    peak = log_weights.max(axis=0)
    return peak + np.log(np.mean(np.exp(log_weights - peak), axis=0))
