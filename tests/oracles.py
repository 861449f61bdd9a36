"""Outside oracles: models whose answers are known in closed form."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae_core.models.network import Network, expected_shapes
from vae_core.models.settings import ModelConfig

__all__ = ["LinearGaussian", "dense_expectation", "random_arrays", "random_network", "small_mnist"]

Array = NDArray[np.floating]


@dataclass(frozen=True)
class LinearGaussian:
    """x = W z + b + s ε: an `evidence.Likelihood` whose evidence and posterior are Gaussian."""

    weight: Array  # (pixels, dim)
    bias: Array  # (pixels,)
    noise: float

    @classmethod
    def random(cls, seed: int, noise: float, pixels: int = 6) -> "LinearGaussian":
        rng = np.random.default_rng(seed)
        return cls(rng.normal(size=(pixels, 2)), rng.normal(size=pixels), noise)

    def draw(self, z: Array, seed: int) -> Array:
        rng = np.random.default_rng(seed)
        return (
            z @ self.weight.T + self.bias + self.noise * rng.normal(size=(len(z), len(self.bias)))
        )

    def loss(self, x: Array, z: Array) -> Array:
        """-log p(x|z), `(..., pixels)` against `(..., dim)`."""
        residual = (x - z @ self.weight.T - self.bias) / self.noise
        return 0.5 * np.sum(residual**2 + np.log(2 * np.pi * self.noise**2), axis=-1)

    # The Likelihood protocol: log p(x|z) = statistics(x)·features(z) + base(x) - offset(z).

    def features(self, z: Array) -> Array:
        return z

    def statistics(self, x: Array) -> Array:
        return (x - self.bias) @ self.weight / self.noise**2

    def base(self, x: Array) -> Array:
        return -self.loss(x, np.zeros((1, self.weight.shape[1])))

    def offset(self, features: Array) -> Array:
        return 0.5 * np.sum((features @ self.weight.T / self.noise) ** 2, axis=-1)

    # The closed forms.

    def log_evidence(self, x: Array) -> Array:
        """log N(x; b, W Wᵀ + s² I)."""
        covariance = self.weight @ self.weight.T + self.noise**2 * np.eye(len(self.bias))
        centred = x - self.bias
        square = np.einsum("ni,ni->n", centred, np.linalg.solve(covariance, centred.T).T)
        _, log_det = np.linalg.slogdet(2 * np.pi * covariance)
        return -0.5 * (square + log_det)

    def posterior_covariance(self) -> Array:
        """(I + Wᵀ W / s²)⁻¹."""
        dim = self.weight.shape[1]
        return np.linalg.inv(np.eye(dim) + self.weight.T @ self.weight / self.noise**2)

    def posterior_mean(self, x: Array) -> Array:
        return self.statistics(x) @ self.posterior_covariance()


def dense_expectation(
    loss: Callable[[Array], Array], mean: Array, stddev: Array, side: int = 301
) -> float:
    """E over N(mean, stddev²) of `loss`, `(points, 2)` to `(points,)`: a sum over ±7 stddevs."""
    axis = np.linspace(-7, 7, side)
    u = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    weights = np.exp(-0.5 * np.sum(u**2, axis=1))
    return float(weights @ loss(mean + stddev * u) / weights.sum())


def random_arrays(config: ModelConfig, seed: int = 0) -> dict[str, Array]:
    """He-scaled random weights: activations neither vanish nor grow with depth."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(
            scale=np.sqrt(2 / shape[0]) if name.endswith("kernel") else 0.1, size=shape
        ).astype(np.float32)
        for name, shape in expected_shapes(config).items()
    }


def random_network(config: ModelConfig, head: str = "log_var", seed: int = 0) -> Network:
    return Network(random_arrays(config, seed), config, head)


def small_mnist(source: Path, path: Path, train: int, test: int) -> Path:
    """The first images of MNIST as a data set of its own."""
    with np.load(source) as archive:
        counts = {"x_train": train, "y_train": train, "x_test": test, "y_test": test}
        np.savez(path, **{name: archive[name][:count] for name, count in counts.items()})
    return path
