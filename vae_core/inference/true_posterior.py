"""The true posterior of one image, and a quick stand-in for its decoder on a lattice."""

from collections.abc import Callable

import numpy as np

from ..arrays import Array, in_parts
from ..errors import InputError
from ..maths import gaussian
from .evidence import Evidence

__all__ = ["TruePosterior"]


SIDE = 96  # points along an edge of the lattice
REACH = 6.5  # stddevs of p(z|x) from the middle of the lattice to its edges
NARROWEST = 1e-4  # least stddev of the frame: an evidence cannot tell narrower posteriors apart
TAPS = np.arange(-1, 3)
# Catmull-Rom: coefficients of 1, f, f², f³ in the weights of the four neighbours of a point at
# the fraction f between the middle two. Reproduces quadratics; the slope has no jumps.
CUBIC = 0.5 * np.array([[0, -1, 2, -1], [2, 0, -5, 3], [0, 1, 4, -3], [0, 0, -1, 1]]).T


class TruePosterior:
    """p(z|x) = p(x, z) / p(x) of one image, for a latent space of two dimensions.

    The decoder is run once on a lattice in the principal axes of p(z|x), out to 6.5 stddevs;
    `interpolated_loss` then answers without it.

    Args:
        loss: -log p(x|z) of the image at points `(points, 2)`, `(points,)` in nats.
        evidence: of that image alone.

    Raises:
        InputError: the evidence is of several images, or refused to answer.
    """

    def __init__(self, loss: Callable[[Array], Array], evidence: Evidence):
        if len(evidence.log_evidence) != 1:
            raise InputError(
                "Invalid evidence. Expected that of one image. "
                f"Received: that of {len(evidence.log_evidence)}"
            )
        if not np.isfinite(evidence.log_evidence[0]):
            raise InputError(
                "Invalid evidence. Expected a finite log p(x). "
                f"Received: {evidence.log_evidence[0]}, with posterior probability "
                f"{evidence.edge_mass[0]:.2g} at the edge of the grid"
            )
        self._loss = loss
        self.log_evidence = float(evidence.log_evidence[0])
        self.error = float(evidence.error[0])
        self.mean: Array = evidence.mean[0]
        self.covariance: Array = evidence.covariance[0]
        self.frame(self.mean, self.covariance)

    def frame(self, centre: Array, covariance: Array) -> None:
        """Lays the lattice over N(centre, covariance): `z = centre + factor @ u`.

        Args:
            centre: `(2,)`.
            covariance: `(2, 2)`.
        """
        variance, axes = np.linalg.eigh(covariance)
        self.centre = centre
        self.factor = axes * np.sqrt(np.maximum(variance, NARROWEST**2))
        axis = np.linspace(-REACH, REACH, SIDE)
        u = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        self.points = self.to_plane(u).reshape(SIDE, SIDE, 2)
        self.losses = self.loss(self.points)

    def to_plane(self, u: Array) -> Array:
        """z of lattice coordinates u, `(..., 2)`, in stddevs from the centre."""
        return self.centre + u @ self.factor.T

    def to_frame(self, z: Array) -> Array:
        """Lattice coordinates of z, `(..., 2)`."""
        return (z - self.centre) @ np.linalg.inv(self.factor).T

    def loss(self, z: Array) -> Array:
        """-log p(x|z) by the decoder, `(..., 2)` to `(...)`, in nats."""
        flat = z.reshape(-1, 2)
        losses = in_parts(lambda part: self._loss(flat[part]), len(flat))
        return losses.astype(np.float64).reshape(z.shape[:-1])

    def log_joint(self, z: Array) -> Array:
        """log p(x, z) by the decoder, `(..., 2)` to `(...)`, in nats."""
        return gaussian.log_prob(z) - self.loss(z)

    def interpolated_loss(self, z: Array) -> tuple[Array, Array]:
        """-log p(x|z) from the lattice: bicubic inside, rising outside.

        Args:
            z: `(points, 2)`.

        Returns:
            The loss `(points,)`, in nats, and its slope `(points, 2)`, in nats per unit of z.
        """
        spacing = 2 * REACH / (SIDE - 1)
        position = (self.to_frame(z) + REACH) / spacing
        inside = np.clip(position, 1, SIDE - 2)
        cell = np.minimum(inside.astype(np.intp), SIDE - 3)  # (points, 2)
        f = (inside - cell)[..., None]
        powers = np.concatenate([np.ones_like(f), f, f * f, f**3], axis=-1)
        slopes = np.concatenate([np.zeros_like(f), powers[..., :1], 2 * f, 3 * f * f], axis=-1)
        weight, slope = powers @ CUBIC, slopes @ CUBIC  # (points, 2, 4)
        index = (cell[:, 0, None] + TAPS)[:, :, None] * SIDE + (cell[:, 1, None] + TAPS)[:, None, :]
        block = self.losses.ravel()[index]  # (points, 4, 4)
        rows = np.stack([weight[:, 0], slope[:, 0]], axis=1) @ block  # (points, 2, 4)
        value = np.einsum("pi,pi->p", rows[:, 0], weight[:, 1])
        gradient = np.empty_like(z)
        gradient[:, 0] = np.einsum("pi,pi->p", rows[:, 1], weight[:, 1])
        gradient[:, 1] = np.einsum("pi,pi->p", rows[:, 0], slope[:, 1])
        gradient /= spacing
        # Outside, up as a Gaussian p(z|x) goes: no search escapes along a falling slope.
        out = spacing * (position - inside)
        gradient = np.where(out == 0, gradient, out + np.copysign(REACH, out))
        value += (np.abs(out) * (REACH + 0.5 * np.abs(out))).sum(axis=-1)
        return value, gradient @ np.linalg.inv(self.factor)
