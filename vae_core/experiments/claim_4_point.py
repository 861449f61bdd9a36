"""Claim 4: a q as narrow as a point has an infinite KL."""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..inference.evaluation import expected_loss
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from .experiment import Experiment, Outcome
from .subject import Subject
from .view import TOLERANCE, losses_at

__all__ = ["EXPERIMENT", "Codes", "Shrinking", "codes_of", "shrink", "verdict"]


FACTORS = np.geomspace(1e-4, 2.0, 61)
SMALL = 0.01  # below it the KL is a straight line in ln c
FLAT = 0.01  # nats: differences of the loss below it are no minimum
NEAR_ONE = (0.5, 2.0)  # where the best factor of a q that fits lies


@dataclass(frozen=True)
class Shrinking:
    """One image's q with its stddev multiplied by c, in nats.

    Attributes:
        factor: c, `(factors,)`, rising.
        loss: E_q[loss] at each c.
        kl: KL to the prior at each c.
    """

    factor: Array
    loss: Array
    kl: Array

    @property
    def negative_elbo(self) -> Array:
        return self.loss + self.kl

    @property
    def slope(self) -> float:
        """Of the KL against ln c, for small c: -2 for two dimensions."""
        small = self.factor < SMALL
        return float(np.polyfit(np.log(self.factor[small]), self.kl[small], 1)[0])

    @property
    def best(self) -> float:
        """The factor of the least -ELBO, by a parabola through the lowest points."""
        return _lowest(self.factor, self.negative_elbo)


@dataclass(frozen=True)
class Codes:
    """Where an autoencoder puts images, and what noise of stddev 1 would do to one.

    Attributes:
        spread: stddev of the codes over the test images, `(2,)`.
        code: of the image, `(2,)`.
        beyond: share of codes more than 3 from the origin; of the prior, 1.1 %.
        loss: at the image's code.
        loss_with_noise: averaged over N(code, I).
    """

    spread: Array
    code: Array
    beyond: float
    loss: float
    loss_with_noise: float


def shrink(model: LoadedModel, x: Array) -> Shrinking:
    """Loss and KL as q shrinks; a model without a q starts from stddev 1."""
    mean, stddev = model.network.encode(x[None])
    unit = stddev[0] if model.has_posterior else np.ones(2)
    stddevs = FACTORS[:, None] * unit
    return Shrinking(FACTORS, losses_at(model, x, stddevs), gaussian.kl(mean, stddevs))


def codes_of(model: LoadedModel, x: Array) -> Codes:
    """The codes of a model, and the loss around that of one image."""
    mean, _ = model.network.encode(x[None])
    noisy = expected_loss(
        model.network, model.grid, x[None], mean, np.ones((1, 2)), tolerance=TOLERANCE
    )
    return Codes(
        spread=model.mean.std(axis=0),
        code=mean[0],
        beyond=float(np.mean(np.hypot(*model.mean.T) > 3.0)),
        loss=float(model.network.reconstruction_loss(x, mean[0])),
        loss_with_noise=float(noisy.value[0]),
    )


def _lowest(factor: Array, values: Array) -> float:
    i = int(values.argmin())
    if not 0 < i < len(values) - 1:
        return float(factor[i])
    near = slice(i - 1, i + 2)
    a, b, _ = np.polyfit(np.log(factor[near]), values[near], 2)
    return float(np.exp(-b / (2 * a))) if a > 0 else float(factor[i])


def verdict(result: Shrinking, has_posterior: bool) -> str:
    """Where the bound and the loss alone would put c, from the curves."""
    kl = f"The KL rises by {abs(result.slope):.2f} nats for each factor e by which q shrinks"
    lowest = int(result.loss.argmin())
    if result.loss[0] - result.loss[lowest] < FLAT:
        loss = "the loss alone is least at c = 0"
    else:
        loss = f"the loss alone is least at c = {result.factor[lowest]:.2g}"
    if not has_posterior:
        return (
            f"{kl}; {loss}. This model was trained without the KL: **nothing stops c from going "
            "to 0, so its q is a point.**"
        )
    best = result.best
    if best >= result.factor[-1]:
        return (
            f"{kl}, {loss}, and −ELBO still falls at c = {best:.2g}. **Not here:** this encoder "
            "is more certain of the image's z than its bound asks for."
        )
    if NEAR_ONE[0] <= best <= NEAR_ONE[1]:
        return (
            f"{kl}, {loss}, and −ELBO is least at c = {best:.2f}: **the encoder's own σ is about "
            "the best, and a point would cost infinitely much.**"
        )
    return (
        f"{kl}, {loss}, and −ELBO is least at c = {best:.2g}. **Not here:** the σ that this "
        "encoder gives the image is not the one that its bound asks for."
    )


def _run(subject: Subject) -> Outcome:
    result = shrink(subject.model, subject.x)
    codes = codes_of(subject.other("autoencoder"), subject.x)
    numbers = {
        "best_factor": result.best,
        "least_negative_elbo": float(result.negative_elbo.min()),
        "slope_of_kl": result.slope,
        "share_of_codes_beyond_3": codes.beyond,
        "autoencoder_loss": codes.loss,
        "autoencoder_loss_with_noise": codes.loss_with_noise,
    }
    return Outcome(verdict(result, subject.model.has_posterior), numbers, (result, codes))


EXPERIMENT = Experiment(4, "point", _run, needs_q=False)
