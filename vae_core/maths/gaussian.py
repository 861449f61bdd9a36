"""Diagonal Gaussians: KL to the prior, log density, reparameterised samples."""

import math

import numpy as np

from ..arrays import Array

__all__ = ["full_kl", "kl", "log_prob", "relu_mean", "reparameterize"]

LOG_2PI = float(np.log(2.0 * np.pi))
FAR = 40.0  # stddevs: a unit that is on or off all over a Gaussian
_erf = np.frompyfunc(math.erf, 1, 1)


def kl(mean: Array, stddev: Array) -> Array:
    """KL of a diagonal Gaussian to the prior N(0, I).

    KL = ½ Σ (mean² + σ² - 1 - ln σ²)   (Kingma & Welling 2014, arXiv 1312.6114, appendix B)

    Args:
        mean: `(..., dim)`.
        stddev: `(..., dim)`, not negative.

    Returns:
        `(...)`, in nats; infinite where a stddev is zero.
    """
    mean, stddev = np.asarray(mean, np.float64), np.asarray(stddev, np.float64)
    with np.errstate(divide="ignore"):
        log_var = 2.0 * np.log(stddev)
    return 0.5 * np.sum(mean**2 + stddev**2 - 1.0 - log_var, axis=-1)


def full_kl(mean: Array, covariance: Array) -> Array:
    """KL of a Gaussian with any covariance to the prior N(0, I).

    KL = ½ (|mean|² + tr Σ - dim - ln det Σ)

    Args:
        mean: `(..., dim)`.
        covariance: `(..., dim, dim)`, positive definite.

    Returns:
        `(...)`, in nats.
    """
    mean, covariance = np.asarray(mean, np.float64), np.asarray(covariance, np.float64)
    trace = np.trace(covariance, axis1=-2, axis2=-1)
    _, log_det = np.linalg.slogdet(covariance)
    return 0.5 * (np.sum(mean**2, axis=-1) + trace - mean.shape[-1] - log_det)


def log_prob(z: Array, mean: Array | float = 0.0, stddev: Array | float = 1.0) -> Array:
    """Log density of a diagonal Gaussian at z; of the prior when only z is given.

    Args:
        z: `(..., dim)`.
        mean: broadcasts with `z`.
        stddev: broadcasts with `z`, positive.

    Returns:
        `(...)`, in nats.
    """
    z = np.asarray(z, np.float64)
    standard = (z - mean) / stddev
    return -0.5 * np.sum(standard**2 + LOG_2PI + 2.0 * np.log(stddev), axis=-1)


def reparameterize(mean: Array, stddev: Array, epsilon: Array) -> Array:
    """z = mean + stddev ε (Kingma & Welling 2014, arXiv 1312.6114, sec. 2.4).

    Args:
        mean: `(..., dim)`.
        stddev: `(..., dim)`.
        epsilon: `(draws, ..., dim)`, draws of N(0, I).

    Returns:
        z, `(draws, ..., dim)`.
    """
    return mean + stddev * epsilon


def relu_mean(mean: Array, stddev: Array) -> Array:
    """E[max(0, a)] for a ~ N(mean, stddev²).

    E[max(0, a)] = stddev (φ(d) + d Φ(d)), d = mean/stddev, with density φ and distribution
    function Φ of N(0, 1)

    Args:
        mean: `(...)`.
        stddev: `(...)`, not negative.

    Returns:
        `(...)`.
    """
    d = np.clip(mean / np.maximum(stddev, 1e-300), -FAR, FAR)
    density = np.exp(-0.5 * (d * d + LOG_2PI))
    below = 0.5 * (1.0 + np.asarray(_erf(d / math.sqrt(2.0)), np.float64))
    # Below -8 the two terms cancel to less than their rounding.
    return np.where(d < -8.0, 0.0, stddev * density + mean * below)
