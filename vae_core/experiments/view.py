"""What one lane shows for one image and one model: posterior, samples, losses, numbers.

A view is a function of the model and the choices.
"""

import math
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..inference.evidence import Evidence
from ..inference.integrals import expected_loss
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from ..maths.bernoulli import sigmoid
from ..maths.estimators import Estimate, monte_carlo
from ..models.data import pixels
from ..models.drawn_digit import unpack
from .choices import Choices
from .prediction import predicted_price
from .quantity import KINDS, LEAST_SAMPLES, Quantity, closed

__all__ = [
    "View",
    "compute_view",
    "decoded_image",
    "draw_epsilon",
    "shown_picture",
    "view_of",
]

EVIDENCE_TOLERANCE = 1e-2  # nats: half of it would cost a click a third more


@dataclass(frozen=True)
class View:
    """One image under one model; losses in nats.

    Attributes:
        x: the image, `(pixels,)` in [0, 1].
        mean: of q(z|x), `(2,)`.
        stddev: of q as the network gives it, `(2,)`; zero without a q.
        scale: multiplier of `stddev`; everything below is for N(mean, (scale stddev)²).
        z: the samples, `(k, 2)`.
        losses: -log p(x|z) of each sample, `(k,)`.
        loss_at_mean: -log p(x|mean).
        sampled_loss: average over the samples, with its standard error.
        expected_loss: E_q, integrated, with a bound on its error.
        kl: KL to the prior; infinite where the stddev is zero.
        evidence: log p(x), integrated, and the true posterior.
        predicted_price: what the optimum of the model's objective predicts of the price; NaN where
            the price did not train σ.
    """

    x: Array
    mean: Array
    stddev: Array
    scale: float
    z: Array
    losses: Array
    loss_at_mean: float
    sampled_loss: Estimate
    expected_loss: Estimate
    kl: float
    evidence: Evidence
    predicted_price: float = math.nan

    @property
    def price(self) -> float:
        """E_q[loss] - loss at the mean, the price of σ."""
        return float(self.expected_loss.value[0]) - self.loss_at_mean

    @property
    def negative_elbo(self) -> float:
        return float(self.expected_loss.value[0]) + self.kl

    @property
    def negative_log_evidence(self) -> float:
        return -float(self.evidence.log_evidence[0])

    @property
    def slack(self) -> float:
        """-ELBO + log p(x) = KL(q ‖ p(z|x))."""
        return self.negative_elbo - self.negative_log_evidence

    @property
    def has_posterior(self) -> bool:
        """Whether the network has a q; without one there is nothing to sample."""
        return bool(self.stddev.any())

    def rows(self) -> list[Quantity]:
        """The numbers of the view, in the order and with the digits in which they are shown."""
        integral, evidence = float(self.expected_loss.error[0]), float(self.evidence.error[0])
        sampled, many = self.sampled_loss, len(self.losses) >= LEAST_SAMPLES
        stderr = float(sampled.error) if many else math.nan
        of_q = {
            "sampled_loss": KINDS["sampled_loss"].of(float(sampled.value), stderr),
            "price": KINDS["price"].of(self.price, integral),
            # It may be off, by no known amount: a prediction has no error.
            "predicted_price": KINDS["predicted_price"].of(self.predicted_price, math.nan, ""),
        }
        if not self.has_posterior:
            of_q = {key: KINDS[key].of(math.nan, missing="no q") for key in of_q}
        return closed(
            [
                KINDS["loss_at_mean"].of(self.loss_at_mean),
                *of_q.values(),
                KINDS["kl"].of(self.kl),
                KINDS["negative_elbo"].of(self.negative_elbo, integral),
                KINDS["negative_log_evidence"].of(self.negative_log_evidence, evidence),
                KINDS["slack"].of(self.slack, integral + evidence),
            ]
        )

    def row(self, key: str) -> Quantity:
        """One of the numbers of the view, as it is shown."""
        return next(row for row in self.rows() if row.key == key)


def draw_epsilon(seed: int, k: int) -> Array:
    """K draws of N(0, I); a larger K keeps the first ones, and every model gets the same."""
    return np.random.default_rng(seed).standard_normal((k, 2))


def decoded_image(model: LoadedModel, z: Array) -> Array:
    """The picture at z, `(pixels,)`, rounded to the 256 grey levels of a test image."""
    grey = np.round(sigmoid(model.network.decode(z)) * 255.0)
    return (grey / np.float32(255)).astype(np.float32)


def shown_picture(
    model: LoadedModel, choices: Choices, decoder: LoadedModel | None = None
) -> Array:
    """The picture that is chosen: a drawing before a point before a test image.

    Args:
        model: decodes the point, and has the test images.
        choices: the picture is that of `draw`, `z` or `image`.
        decoder: decodes the point in its place: the model `choices.decoded_by()`.

    Returns:
        `(pixels,)` in [0, 1].
    """
    drawn = unpack(choices.draw)
    if drawn is not None:
        return pixels(drawn[None])[0]
    if choices.z is not None:
        return decoded_image(decoder or model, np.array(choices.z))
    return model.test.pixels(slice(choices.image, choices.image + 1))[0]


def compute_view(model: LoadedModel, choices: Choices, decoder: LoadedModel | None = None) -> View:
    """Everything a lane says about the chosen picture; `decoder` as of `shown_picture`."""
    return view_of(model, shown_picture(model, choices, decoder), choices)


def view_of(
    model: LoadedModel,
    x: Array,
    choices: Choices = Choices(k=1),  # noqa: B008 -- frozen
    evidence_tolerance: float = EVIDENCE_TOLERANCE,
) -> View:
    """Everything a lane says about a picture.

    Args:
        model: the model.
        x: the picture, `(pixels,)` in [0, 1].
        choices: how many samples, of which seed, and the multiplier of the stddev.
        evidence_tolerance: of the evidence, in nats.
    """
    network, scale = model.network, choices.scale
    mean, stddev = network.encode(x[None])
    scaled = scale * stddev
    z = gaussian.reparameterize(mean[0], scaled[0], draw_epsilon(choices.seed, choices.k))
    losses = network.reconstruction_loss(x, z)
    loss_at_mean = float(network.reconstruction_loss(x, mean)[0])
    if scaled.any():
        exact = expected_loss(network, model.grid, x[None], mean, scaled)
    else:
        exact = Estimate(np.array([loss_at_mean]), np.zeros(1))
    return View(
        x=x,
        mean=mean[0],
        stddev=stddev[0],
        scale=scale,
        z=z,
        losses=losses,
        loss_at_mean=loss_at_mean,
        sampled_loss=monte_carlo(losses),
        expected_loss=exact,
        kl=float(gaussian.kl(mean, scaled)[0]),
        evidence=model.grid(x[None], evidence_tolerance),
        predicted_price=predicted_price(model.metadata, stddev[0], scale),
    )
