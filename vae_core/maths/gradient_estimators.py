"""Two unbiased estimates of how E_q[loss] changes with q, one sample each.

For q = N(mean, diag(stddev²)) and z = mean + stddev ε with ε ~ N(0, I). A sample average, and its
error, is `estimators.monte_carlo` of what these return.
"""

import numpy as np

from ..arrays import Array

__all__ = ["pathwise", "score_function"]


def pathwise(gradient_at_z: Array, epsilon: Array, stddev: Array) -> tuple[Array, Array]:
    """Through the sample: z moves with q.

    ∂/∂mean E_q[f(z)] = E[∇f(z)],   ∂/∂(ln σ) E_q[f(z)] = E[∇f(z) σ ε]
    (the reparameterisation of Kingma & Welling 2014, arXiv 1312.6114, sec. 2.4)

    Args:
        gradient_at_z: ∇f at z = mean + stddev ε, `(samples, ..., dim)`.
        epsilon: `(samples, ..., dim)`.
        stddev: `(..., dim)`.

    Returns:
        Estimates of each sample with respect to mean and ln σ, `(samples, ..., dim)` each.
    """
    gradient = np.asarray(gradient_at_z, np.float64)
    return gradient, gradient * stddev * epsilon


def score_function(losses: Array, epsilon: Array, stddev: Array) -> tuple[Array, Array]:
    """Through the density: z stays, its probability moves; needs no derivative of f.

    ∂/∂mean E_q[f(z)] = E[f(z) ε / σ],   ∂/∂(ln σ) E_q[f(z)] = E[f(z) (ε² - 1)]
    (Williams 1992, REINFORCE: E[f ∇ ln q]; a constant taken off f changes no expectation)

    Args:
        losses: f at z = mean + stddev ε, `(samples, ...)`.
        epsilon: `(samples, ..., dim)`.
        stddev: `(..., dim)`, positive.

    Returns:
        Estimates of each sample with respect to mean and ln σ, `(samples, ..., dim)` each.
    """
    f = np.asarray(losses, np.float64)[..., None]
    return f * epsilon / stddev, f * (np.square(epsilon) - 1.0)
