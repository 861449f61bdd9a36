"""What one panel shows for one image and one model: posterior, samples, losses, numbers.

No Streamlit in here: a view is a function of the model, the image and the controls.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import gaussian
from ..bernoulli import sigmoid
from ..data import pixels
from ..drawing import unpack
from ..estimators import Estimate, monte_carlo, predicted_price
from ..evaluation import expected_loss
from ..evidence import Evidence
from .models import LoadedModel

__all__ = ["View", "compute_view", "decoded_image", "draw_epsilon", "shown_picture"]

Array = NDArray[np.floating]

TOLERANCE = 2e-2  # nats: the page shows two decimals


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
        expected_loss: E_q by quadrature, with its last change.
        kl: KL to the prior; infinite where the stddev is zero.
        evidence: exact log p(x) and true posterior.
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

    @property
    def price(self) -> float:
        """E_q[loss] - loss at the mean, the price of sampling."""
        return float(self.expected_loss.value[0]) - self.loss_at_mean

    @property
    def predicted_price(self) -> float:
        """Its second-order prediction, scale² (2 - tr Σ)/2."""
        return self.scale**2 * float(predicted_price(self.stddev))

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


def draw_epsilon(seed: int, k: int) -> Array:
    """K draws of N(0, I); a larger K keeps the first ones, and every model gets the same."""
    return np.random.default_rng(seed).standard_normal((k, 2))


def decoded_image(model: LoadedModel, z: Array) -> Array:
    """The picture at z, `(pixels,)`, rounded to the 256 grey levels of a test image."""
    grey = np.round(sigmoid(model.network.decode(z)) * 255.0)
    return (grey / np.float32(255)).astype(np.float32)


def shown_picture(
    model: LoadedModel, image: int, z: tuple[float, float] | None, draw: str
) -> Array:
    """The picture that a visitor chose: a drawing before a point before a test image.

    Args:
        model: decodes the point, and has the test images.
        image: index of a test image.
        z: a point, the picture is then what the model decodes there; or None.
        draw: a packed drawing, or nothing.

    Returns:
        `(pixels,)` in [0, 1].
    """
    drawn = unpack(draw)
    if drawn is not None:
        return pixels(drawn[None])[0]
    if z is not None:
        return decoded_image(model, np.array(z))
    return model.test.pixels(slice(image, image + 1))[0]


def compute_view(
    model: LoadedModel,
    x: Array,
    k: int,
    scale: float,
    seed: int,
    evidence_tolerance: float = TOLERANCE,
) -> View:
    """Everything a panel says about an image.

    Args:
        model: the model.
        x: the image, `(pixels,)` in [0, 1].
        k: number of samples.
        scale: multiplier of the stddev, 0 for the mean and 1 for q.
        seed: of the samples.
        evidence_tolerance: of the evidence, in nats.
    """
    network = model.network
    mean, stddev = network.encode(x[None])
    scaled = scale * stddev
    z = gaussian.reparameterize(mean[0], scaled[0], draw_epsilon(seed, k))
    losses = network.reconstruction_loss(x, z)
    loss_at_mean = float(network.reconstruction_loss(x, mean)[0])
    if scaled.any():
        exact = expected_loss(
            network, model.grid, x[None], mean, scaled, tolerance=TOLERANCE, max_order=32
        )
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
    )
