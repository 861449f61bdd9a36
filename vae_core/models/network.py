"""The encoder and the decoder as plain arrays in NumPy: what the page runs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..errors import InputError
from ..maths.bernoulli import reconstruction_loss, sigmoid, softplus_sum
from .objectives import HEADS
from .settings import ModelConfig

__all__ = ["Dense", "Network", "expected_shapes"]


def expected_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the arrays of `weights.npz`."""
    shapes: dict[str, tuple[int, ...]] = {}

    def add(name: str, inputs: int, outputs: int) -> int:
        shapes[f"{name}/kernel"] = (inputs, outputs)
        shapes[f"{name}/bias"] = (outputs,)
        return outputs

    width = config.pixels
    for i, units in enumerate(config.hidden):
        width = add(f"encoder/dense_{i}", width, units)
    add("encoder/mean", width, config.latent_dim)
    add("encoder/log_var", width, config.latent_dim)
    width = config.latent_dim
    for i, units in enumerate(reversed(config.hidden)):
        width = add(f"decoder/dense_{i}", width, units)
    add("decoder/logits", width, config.pixels)
    return shapes


@dataclass(frozen=True)
class Dense:
    """x ↦ x kernel + bias."""

    kernel: Array  # (in, out)
    bias: Array  # (out,)

    def __call__(self, x: Array) -> Array:
        return x @ self.kernel + self.bias


class Network:
    """A trained encoder and decoder.

    Args:
        arrays: kernels and biases, named as in `weights.npz`.
        config: the shape of the network.
        head: how `encoder/log_var` is read, a key of `HEADS`.

    Raises:
        InputError: an array is missing, has another shape or a value that is not finite.
    """

    def __init__(self, arrays: Mapping[str, Array], config: ModelConfig, head: str = "log_var"):
        if head not in HEADS:
            raise InputError(
                f"Invalid head. Expected one of {', '.join(HEADS)}. Received: {head!r}"
            )
        shapes = expected_shapes(config)
        for name, shape in shapes.items():
            if name not in arrays:
                raise InputError(f"The weights lack the array {name!r} of shape {shape}")
            if arrays[name].shape != shape:
                raise InputError(
                    f"Array {name!r} of the weights: expected shape {shape}, "
                    f"received {arrays[name].shape}"
                )
            if arrays[name].dtype.kind != "f":
                raise InputError(
                    f"Array {name!r} of the weights: expected floating-point numbers, "
                    f"received {arrays[name].dtype}"
                )
            if not np.isfinite(arrays[name]).all():
                raise InputError(f"Array {name!r} of the weights holds values that are not finite")
        self.config = config
        self.head = head

        def dense(name: str) -> Dense:
            return Dense(
                np.asarray(arrays[f"{name}/kernel"], np.float32),
                np.asarray(arrays[f"{name}/bias"], np.float32),
            )

        depth = range(len(config.hidden))
        self.encoder_hidden = [dense(f"encoder/dense_{i}") for i in depth]
        self.encoder_mean = dense("encoder/mean")
        self.encoder_log_var = dense("encoder/log_var")
        self.decoder_hidden = [dense(f"decoder/dense_{i}") for i in depth]
        self.decoder_logits = dense("decoder/logits")

    @property
    def has_posterior(self) -> bool:
        return HEADS[self.head].factor > 0

    def encode_raw(self, x: Array) -> tuple[Array, Array]:
        """The two heads as they are: mean and `encoder/log_var`, each `(batch, latent_dim)`."""
        hidden = np.asarray(x, np.float32)
        for layer in self.encoder_hidden:
            hidden = np.maximum(layer(hidden), 0.0)
        return self.encoder_mean(hidden), self.encoder_log_var(hidden)

    def encode(self, x: Array) -> tuple[Array, Array]:
        """Mean and stddev of q(z|x): the q that training sampled.

        Args:
            x: images `(batch, pixels)` in [0, 1].

        Returns:
            `mean` and `stddev`, `(batch, latent_dim)` float64; stddev is zero without a q.
        """
        mean, head = (np.asarray(value, np.float64) for value in self.encode_raw(x))
        reading = HEADS[self.head]
        return mean, reading.factor * np.exp(reading.rate * head)

    def features(self, z: Array) -> Array:
        """Activations of the decoder's last hidden layer, `(..., units)`."""
        hidden = np.asarray(z, np.float32)
        for layer in self.decoder_hidden:
            hidden = np.maximum(layer(hidden), 0.0)
        return hidden

    def decode(self, z: Array) -> Array:
        """Logits of the pixels at z: `(..., latent_dim)` to `(..., pixels)`."""
        return self.decoder_logits(self.features(z))

    def reconstruction_loss(self, x: Array, z: Array) -> Array:
        """-log p(x|z) in nats; `x` broadcasts against the decoded `z`."""
        return reconstruction_loss(x, self.decode(z))

    def loss_gradient(self, x: Array, z: Array) -> Array:
        """Gradient of the reconstruction loss, ∂/∂z of -log p(x|z), by backpropagation.

        ∂/∂l of softplus(l) - x l is sigmoid(l) - x; each layer multiplies by its kernel's
        transpose, each ReLU passes on what was positive.

        Args:
            x: images `(..., pixels)` in [0, 1], broadcasts against the decoded `z`.
            z: `(..., latent_dim)`.

        Returns:
            `(..., latent_dim)` float64, in nats per unit of z.
        """
        hidden, positive = np.asarray(z, np.float32), []
        for layer in self.decoder_hidden:
            hidden = np.maximum(layer(hidden), 0.0)
            positive.append(hidden > 0)
        gradient = sigmoid(self.decoder_logits(hidden)) - np.asarray(x, np.float32)
        gradient = gradient @ self.decoder_logits.kernel.T
        for layer, passes in zip(reversed(self.decoder_hidden), reversed(positive), strict=True):
            gradient = (gradient * passes) @ layer.kernel.T
        return np.asarray(gradient, np.float64)

    # The three parts of log p(x|z) = statistics(x) · features(z) + base(x) - offset(z), which
    # spares a grid the pixels: x·l(z) = (W x)·h(z) + b·x, where l = Wᵀ h + b.

    def statistics(self, x: Array) -> Array:
        """W x, `(images, units)`."""
        return np.asarray(x, np.float32) @ self.decoder_logits.kernel.T

    def base(self, x: Array) -> Array:
        """b·x, `(images,)`."""
        return np.asarray(x, np.float64) @ self.decoder_logits.bias

    def offset(self, features: Array) -> Array:
        """Σ softplus(l) at decoder features `(points, units)`, `(points,)`."""
        return softplus_sum(self.decoder_logits(features))
