"""The variational autoencoder in Keras: what training runs.

One `keras.Model` serves every objective, so that two trained models differ in nothing but the
points of the latent space that were decoded and the weight of the KL.
"""

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow loads: errors only
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from .maths.estimators import gauss_hermite
from .models.objectives import HEADS, OBJECTIVES
from .models.settings import ModelConfig, TrainingConfig

__all__ = ["POINTS", "LatentPoints", "VariationalAutoencoder", "versions"]


def versions() -> dict[str, str]:
    """Of the libraries that decide what training computes."""
    return {module.__name__: module.__version__ for module in (keras, tf, np)}


@keras.saving.register_keras_serializable(package="vae_core")
class LatentPoints(keras.layers.Layer):
    """Chooses the points z that are decoded for each image.

    z = mean + stddev ε, the reparameterisation of Kingma & Welling (2014, arXiv 1312.6114, sec.
    2.4), with ε drawn, on the nodes of a quadrature or zero, as `POINTS` of the objective says;
    stddev as its head is read, `objectives.HEADS`.

    Args:
        objective: a key of `objectives.OBJECTIVES`.
        samples: draws per image, for `"sample"` and `"blog"`.
        quadrature_order: nodes per dimension, for `"quadrature"`.
        seed: of ε.

    Call arguments:
        mean: `(batch, latent_dim)`.
        head: `(batch, latent_dim)`, log σ² (for `"blog"`, the s of its recipe).

    Returns:
        Points `(points, batch, latent_dim)` and their weights `(points, 1)`, which sum to one.
    """

    def __init__(
        self, objective: str, samples: int, quadrature_order: int, seed: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.objective = objective
        self.samples = samples
        self.quadrature_order = quadrature_order
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, mean: Any, head: Any) -> tuple[Any, Any]:
        objective = OBJECTIVES[self.objective]
        reading = HEADS[objective.head]
        return POINTS[objective.points](self, mean, reading.factor * ops.exp(reading.rate * head))

    def at_mean(self, mean: Any, stddev: Any) -> tuple[Any, Any]:
        """z = mean."""
        return mean[None], ops.ones((1, 1))

    def at_nodes(self, mean: Any, stddev: Any) -> tuple[Any, Any]:
        """z = mean + stddev ε with ε on the Gauss-Hermite nodes."""
        nodes, weights = gauss_hermite(self.quadrature_order, mean.shape[-1])
        epsilon = ops.convert_to_tensor(nodes[:, None, :], dtype="float32")
        return mean + stddev * epsilon, ops.convert_to_tensor(weights[:, None], dtype="float32")

    def at_samples(self, mean: Any, stddev: Any) -> tuple[Any, Any]:
        """z = mean + stddev ε with ε ~ N(0, I)."""
        shape = (self.samples, ops.shape(mean)[0], mean.shape[-1])
        epsilon = keras.random.normal(shape, seed=self.seed_generator)
        weights = ops.full((self.samples, 1), 1.0 / self.samples)
        return mean + stddev * epsilon, weights

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "objective": self.objective,
            "samples": self.samples,
            "quadrature_order": self.quadrature_order,
            "seed": self.seed,
        }


# The points that an objective decodes, by the name in `Objective.points`.
POINTS: dict[str, Callable[[LatentPoints, Any, Any], tuple[Any, Any]]] = {
    "sample": LatentPoints.at_samples,
    "quadrature": LatentPoints.at_nodes,
    "mean": LatentPoints.at_mean,
}


@keras.saving.register_keras_serializable(package="vae_core")
class VariationalAutoencoder(keras.Model):
    """784-64-2-64-784 with ReLU and one of several objectives; all losses in nats per image.

    Loss = E_q[-log p(x|z)] + β KL(q(z|x) ‖ N(0, I)), where the expectation is taken over the
    points of `LatentPoints` and -log p(x|z) is the Bernoulli cross-entropy summed over pixels
    (Kingma & Welling 2014, arXiv 1312.6114, eq. 3 and appendix C.1).

    Args:
        config: a `TrainingConfig`, or the JSON object of one.

    Call arguments:
        x: images `(batch, pixels)` in [0, 1].

    Returns:
        `mean` and `head` `(batch, latent_dim)`, `logits` `(points, batch, pixels)`,
        `weights` `(points, 1)`.

    Raises:
        InputError: `config` is invalid.
    """

    def __init__(self, config: TrainingConfig | dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(config, TrainingConfig):
            config = TrainingConfig.from_json(config)
        self.config = config
        shape: ModelConfig = config.model
        # A seed per layer and one for ε: equal `seed` means equal initial weights, whatever
        # the objective, so that trained models can be compared weight for weight.
        seeds = np.random.SeedSequence(config.seed).generate_state(2 * len(shape.hidden) + 4)
        next_seed = iter(int(seed) for seed in seeds)

        def dense(units: int, name: str, activation: str | None = None) -> keras.layers.Dense:
            initializer = keras.initializers.GlorotUniform(seed=next(next_seed))
            return keras.layers.Dense(
                units, activation=activation, kernel_initializer=initializer, name=name
            )

        self.encoder_hidden = [
            dense(n, f"encoder_dense_{i}", "relu") for i, n in enumerate(shape.hidden)
        ]
        self.encoder_mean = dense(shape.latent_dim, "encoder_mean")
        self.encoder_log_var = dense(shape.latent_dim, "encoder_log_var")
        self.decoder_hidden = [
            dense(n, f"decoder_dense_{i}", "relu") for i, n in enumerate(reversed(shape.hidden))
        ]
        self.decoder_logits = dense(shape.pixels, "decoder_logits")
        self.latent_points = LatentPoints(
            config.objective,
            config.samples,
            config.quadrature_order,
            next(next_seed),
            name="latent_points",
        )
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self.kl_tracker = keras.metrics.Mean(name="kl")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        width = input_shape[-1]
        for layer in self.encoder_hidden:
            layer.build((None, width))
            width = layer.units
        self.encoder_mean.build((None, width))
        self.encoder_log_var.build((None, width))
        width = self.config.model.latent_dim
        for layer in [*self.decoder_hidden, self.decoder_logits]:
            layer.build((None, width))
            width = layer.units
        self.latent_points.built = True
        self.built = True

    def encode(self, x: Any) -> tuple[Any, Any]:
        for layer in self.encoder_hidden:
            x = layer(x)
        return self.encoder_mean(x), self.encoder_log_var(x)

    def decode(self, z: Any) -> Any:
        """Logits of the pixels, shape `(…, pixels)`."""
        for layer in self.decoder_hidden:
            z = layer(z)
        return self.decoder_logits(z)

    def call(self, x: Any, training: bool = False) -> dict[str, Any]:
        mean, head = self.encode(x)
        z, weights = self.latent_points(mean, head)
        return {"mean": mean, "head": head, "logits": self.decode(z), "weights": weights}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        logits, mean, log_var = y_pred["logits"], y_pred["mean"], y_pred["head"]
        # -log p(x|z) of a Bernoulli, from logits: softplus(l) - x l.
        losses = ops.sum(ops.softplus(logits) - x * logits, axis=-1)  # (points, batch)
        reconstruction_loss = ops.sum(y_pred["weights"] * losses, axis=0)  # (batch,)
        kl = 0.5 * ops.sum(ops.square(mean) + ops.exp(log_var) - log_var - 1.0, axis=-1)
        self.reconstruction_tracker.update_state(reconstruction_loss)
        self.kl_tracker.update_state(kl)
        beta = self.config.beta if self.config.trained_for.has_kl else 0.0
        return ops.mean(reconstruction_loss + beta * kl)

    @tf.function(jit_compile=True)
    def gradients(self, x: Any) -> tuple[Any, Any]:
        """Gradient of the training loss at a batch, as a training step would draw it.

        Each call draws ε afresh, `config.samples` of them per image.

        Args:
            x: images `(batch, pixels)` in [0, 1].

        Returns:
            Gradients with respect to the encoder's and to the decoder's weights,
            `(encoder weights,)` and `(decoder weights,)`, in nats.
        """
        encoder = [*self.encoder_hidden, self.encoder_mean, self.encoder_log_var]
        decoder = [*self.decoder_hidden, self.decoder_logits]
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x=x, y_pred=self(x, training=True))
        encoder_part, decoder_part = tape.gradient(
            loss,
            [[v.value for layer in part for v in layer.weights] for part in (encoder, decoder)],
        )

        def flat(gradients: list[Any]) -> Any:
            return tf.concat([tf.reshape(gradient, [-1]) for gradient in gradients], axis=0)

        return flat(encoder_part), flat(decoder_part)

    def arrays(self) -> dict[str, np.ndarray]:
        """Kernels and biases under the names of `weights.npz`, float32."""
        result = {}
        for layer in [
            *self.encoder_hidden,
            self.encoder_mean,
            self.encoder_log_var,
            *self.decoder_hidden,
            self.decoder_logits,
        ]:
            name = layer.name.replace("_", "/", 1)  # encoder_dense_0 -> encoder/dense_0
            result[f"{name}/kernel"] = np.asarray(layer.kernel, np.float32)
            result[f"{name}/bias"] = np.asarray(layer.bias, np.float32)
        return result

    def assign(self, arrays: dict[str, np.ndarray]) -> None:
        """Sets every kernel and bias from arrays named as in `weights.npz`."""
        for layer in self.layers:
            if isinstance(layer, keras.layers.Dense):
                name = layer.name.replace("_", "/", 1)
                layer.set_weights([arrays[f"{name}/kernel"], arrays[f"{name}/bias"]])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "config": self.config.to_json()}
