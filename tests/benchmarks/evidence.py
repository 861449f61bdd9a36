"""Exact log p(x) per image: python -m tests.benchmarks.evidence

Against what a plain Keras model is usually asked for: the average over 5,000 samples of q, in the
network's own `predict`. Prints both times per image, their ratio, and how far the average is off.
"""

import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae_core.inference.evaluation import half_width
from vae_core.inference.evidence import EvidenceGrid
from vae_core.maths.bernoulli import reconstruction_loss
from vae_core.models import checkpoint
from vae_core.models.data import ASSETS, Dataset, pixels

__all__ = ["IMAGES", "measure"]

MODEL = ASSETS / "models" / "sample"
IMAGES = 40
SAMPLES = 5000


def measure(model: Path = MODEL) -> tuple[float, float, float]:
    """Seconds per image of the lattice and of plain Keras, median distance of the two in nats."""
    import keras

    from vae_core.keras_model import VariationalAutoencoder

    network, metadata = checkpoint.load(model)
    x = pixels(Dataset().images("test")[:IMAGES])
    mean, stddev = network.encode(x)
    keras_model = VariationalAutoencoder(metadata.training)
    keras_model.build((None, metadata.training.model.pixels))
    keras_model.assign(checkpoint.load_arrays(model)[0])
    decoder = keras.Sequential(
        [keras.Input((2,)), *keras_model.decoder_hidden, keras_model.decoder_logits]
    )
    grid = EvidenceGrid(network, half_width(mean, stddev))
    chance = np.random.default_rng(0)
    exact, sampled, distances = [], [], []
    for i in range(IMAGES):
        start = time.perf_counter()
        found = float(grid(x[i : i + 1], 1e-2).log_evidence[0])
        middle = time.perf_counter()
        epsilon = chance.standard_normal((SAMPLES, 2))
        z = mean[i] + stddev[i] * epsilon
        logits = decoder.predict(z.astype(np.float32), batch_size=SAMPLES, verbose=0)
        weights = -reconstruction_loss(x[i], logits) + _log_ratio(z, mean[i], stddev[i])
        average = float(np.logaddexp.reduce(weights) - np.log(SAMPLES))
        sampled.append(time.perf_counter() - middle)
        exact.append(middle - start)
        distances.append(abs(average - found))
    return tuple(float(np.median(values)) for values in (exact, sampled, distances))


def _log_ratio(z: NDArray, mean: NDArray, stddev: NDArray) -> NDArray:
    """log p(z) - log q(z), per sample."""
    standard = (z - mean) / stddev
    return (0.5 * (standard**2 - z**2) + np.log(stddev)).sum(axis=1)


def main() -> int:
    """Runs the measurement; returns the exit status."""
    exact, sampled, distance = measure()
    print(f"exact log p(x)                 {1000 * exact:8.2f} ms per image")
    print(f"5,000 samples in plain Keras   {1000 * sampled:8.2f} ms per image")
    print(f"ratio {exact / sampled:.3f}; the average is {distance:.3f} nats off (median)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
