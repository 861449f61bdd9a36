"""Where −ELBO is least as q is widened or narrowed, for many test images, by a rough integral."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..inference.integrals import rough_expected_loss
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from .rule import chosen_images

__all__ = ["Balance", "balance"]

FACTORS = np.geomspace(4e-3, 4.0, 25)
LARGEST = 4.0  # of σ: what a table of a wide q need hold


@dataclass(frozen=True)
class Balance:
    """The least −ELBO of test images along c·σ, in nats; every array is `(images,)`.

    Attributes:
        factor: c of the least sum of price and KL.
        price: there.
        half_slope: (d − tr Σ)/2 there, d the number of latent dimensions.
        inside: False where the sum still falls at an end.
    """

    factor: Array
    price: Array
    half_slope: Array
    inside: NDArray[np.bool_]


def balance(model: LoadedModel) -> Balance:
    """The balance of price and KL for test images evenly over all; a model without a q from σ = 1.

    By 16 nodes of quadrature, and by a parabola between factors: good for many images, not for
    one, whose c may be off by a fifth where the sum is flat.
    """
    return model.once("balance of price and KL", lambda: _balance(model))


def _balance(model: LoadedModel) -> Balance:
    images = chosen_images(len(model.mean))
    mean = model.mean[images]
    unit = model.stddev[images] if model.has_posterior else np.ones_like(mean)
    x = np.concatenate([model.test.pixels(slice(int(i), int(i) + 1)) for i in images])
    at_mean = model.network.reconstruction_loss(x, mean)
    steps = np.log(FACTORS)
    price = np.empty((len(images), len(steps)))
    kl = np.empty_like(price)
    for j, factor in enumerate(FACTORS):
        stddev = np.minimum(factor * unit, LARGEST)
        price[:, j] = rough_expected_loss(model.network, model.grid, x, mean, stddev) - at_mean
        kl[:, j] = gaussian.kl(mean, stddev)
    total = price + kl
    lowest = total.argmin(axis=1)
    inside = (lowest > 0) & (lowest < len(steps) - 1)
    middle = np.clip(lowest, 1, len(steps) - 2)
    row = np.arange(len(images))
    before, here, after = (total[row, middle + i] for i in (-1, 0, 1))
    bend = np.maximum(before - 2 * here + after, 1e-12)
    offset = np.clip(0.5 * (before - after) / bend, -1, 1)
    first, second, third = (price[row, middle + i] for i in (-1, 0, 1))
    at = second + offset * ((third - first) + offset * (first - 2 * second + third)) / 2
    factor = np.exp(steps[middle] + offset * (steps[1] - steps[0]))
    spread = np.sum((factor[:, None] * unit) ** 2, axis=1)
    return Balance(factor, at, 0.5 * (unit.shape[1] - spread), inside)
