"""The reconstruction loss: Bernoulli cross-entropy from logits, summed over pixels.

MNIST's pixels are grey, and a Bernoulli has no density at a grey value. Read the loss as
-E_b[log p(b|z)], where b is the image binarised at random, every pixel white with the
probability that its grey level states.
"""

import numpy as np

from ..arrays import Array

__all__ = ["entropy", "reconstruction_loss", "sigmoid", "softplus_sum"]

DOUBLINGS = 4  # 16 factors of at most 2, and one for each odd row: far from any overflow


def sigmoid(logits: Array) -> Array:
    """Probability that a pixel is white, without overflow at either end."""
    return 0.5 * (1.0 + np.tanh(0.5 * logits))


def softplus_sum(logits: Array) -> Array:
    """Σ_i ln(1 + exp(l_i)), the part of the loss that does not depend on the image.

    Args:
        logits: `(..., pixels)`.

    Returns:
        `(...)` float64, in nats.
    """
    # This function is most of the page's work: one scratch array, in the precision of the logits,
    # and one logarithm for 2^`DOUBLINGS` pixels, Σ ln(1 + exp(-|l|)) = ln Π (1 + exp(-|l|)).
    logits = np.asarray(logits)
    scratch = np.abs(logits)
    np.exp(np.negative(scratch, out=scratch), out=scratch)
    scratch += 1.0
    for _ in range(DOUBLINGS):
        half = scratch.shape[-1] // 2
        if not half:
            break
        if scratch.shape[-1] % 2:
            scratch[..., 0] *= scratch[..., -1]
        product = scratch[..., :half]
        scratch = np.multiply(product, scratch[..., half : 2 * half], out=product)
    positive = np.einsum("...i->...", np.maximum(logits, 0.0), dtype=np.float64)
    return positive + np.log(scratch).sum(axis=-1, dtype=np.float64)


def reconstruction_loss(x: Array, logits: Array) -> Array:
    """-log p(x|z) = Σ_i softplus(l_i) - x_i l_i.

    Args:
        x: images `(..., pixels)` in [0, 1].
        logits: `(..., pixels)`, broadcasts with `x`.

    Returns:
        `(...)` float64, in nats.
    """
    x, logits = np.broadcast_arrays(x, logits)
    return softplus_sum(logits) - np.einsum("...i,...i->...", x, logits, dtype=np.float64)


def entropy(x: Array) -> Array:
    """Least possible reconstruction loss of an image: the entropy of its pixels.

    H = -Σ_i [x_i ln x_i + (1 - x_i) ln(1 - x_i)], zero for a black-and-white image.

    Args:
        x: images `(..., pixels)` in [0, 1].

    Returns:
        `(...)`, in nats.
    """
    x = np.asarray(x, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(x > 0, x * np.log(x), 0.0) + np.where(x < 1, (1 - x) * np.log1p(-x), 0.0)
    return -terms.sum(axis=-1)
