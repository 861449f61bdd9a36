"""How noisy the training gradient is, and how much of that is ε: is one sample of z enough?

The gradient g of a minibatch varies because its images and its ε are drawn:

    tr Cov(g) = tr Cov(E[g | images]) + E[tr Cov(g | images)],   second term: Var_L, of ε alone.

Var_L falls as 1/L, the first term does not depend on L, and both fall as 1/(images per batch).
Kingma & Welling (2014, arXiv 1312.6114, sec. 2.3) found that "the number of samples L per
datapoint can be set to 1 as long as the minibatch size M was large enough, e.g. M = 100".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..errors import InputError
from ..experiments.gradient_record import PARTS, WEIGHTS, GradientNoise, Row
from ..models import checkpoint
from ..models.data import Dataset, pixels

__all__ = ["BATCHES", "SAMPLES", "check", "measure"]


BATCHES: Mapping[int, int] = {32: 400, 100: 200, 500: 80}  # images per batch: batches
SAMPLES = (1, 2, 5, 10, 50)
DIGITS = 6

Listener = Callable[[Sequence[Row]], None]


@dataclass(frozen=True)
class _Replicates:
    """A value over all batches, and what it would be without each of them in turn."""

    value: float
    without: Array  # (batches,)

    def __truediv__(self, other: "_Replicates") -> "_Replicates":
        return _Replicates(self.value / other.value, self.without / other.without)

    def __mul__(self, factor: float) -> "_Replicates":
        return _Replicates(self.value * factor, self.without * factor)

    @property
    def stderr(self) -> float:
        """√((N-1)/N Σ_i (θ_-i - mean)²): the jackknife (Efron & Stein 1981)."""
        count = len(self.without)
        return float(np.sqrt((count - 1) * np.var(self.without)))


def _total(first: Array, second: Array) -> _Replicates:
    """tr Cov(g) over batches, the average over the two draws.

    Without batch i, Σ_j |g_j - mean|² falls by N/(N-1) |g_i - mean|².

    Args:
        first: gradients `(batches, weights)`.
        second: the same batches with another ε.
    """
    squares = 0.5 * (_square(first - first.mean(axis=0)) + _square(second - second.mean(axis=0)))
    count, total = len(squares), squares.sum()
    return _Replicates(total / (count - 1), (total - count / (count - 1) * squares) / (count - 2))


def _epsilon(first: Array, second: Array) -> _Replicates:
    """E[tr Cov(g | images)]: half the mean squared difference of two draws for the same batch."""
    squares = 0.5 * _square(first - second)
    count, total = len(squares), squares.sum()
    return _Replicates(total / count, (total - squares) / (count - 1))


def _square(vectors: Array) -> Array:
    return np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)


def check(
    folder: Path, dataset: Dataset, batches: Mapping[int, int] = BATCHES
) -> tuple[checkpoint.Metadata, NDArray[np.uint8]]:
    """What can be said about the input of `measure` before TensorFlow is loaded.

    Returns:
        Metadata of the model, and the training images.

    Raises:
        InputError: the model or the data set cannot be read, or they do not fit each other.
    """
    _, metadata = checkpoint.load(folder)
    config = metadata.training
    if config.objective != "sample":
        raise InputError(
            f"Model {folder}: expected the objective 'sample', whose gradient depends on L; "
            f"received {config.objective!r}"
        )
    images = dataset.images("train")
    if metadata.data_sha256 != dataset.sha256():
        raise InputError(f"Model {folder} was trained on another data set than {dataset.path}")
    if images.shape[1:] != config.model.image_shape or len(images) < max(batches):
        raise InputError(
            f"Data set {dataset.path}: expected at least {max(batches)} training images of "
            f"{config.model.image_shape} pixels, received {images.shape}"
        )
    return metadata, images


def measure(
    folder: Path,
    dataset: Dataset,
    seed: int = 0,
    batches: Mapping[int, int] = BATCHES,
    samples: Sequence[int] = SAMPLES,
    command: str = "",
    on_rows: Listener | None = None,
) -> dict[str, Any]:
    """Variance of the training gradient of a model, before and after its training.

    For every batch and L the gradient is drawn twice with independent ε. All L share the batches,
    which are drawn from the training images, each without replacement.

    Args:
        folder: of a model trained with the objective `sample`.
        dataset: the one it was trained on.
        seed: of the batches and of ε.
        batches: for each batch size, how many batches; 3 or more.
        samples: values of L; the first is 1.
        command: to be recorded as what reproduces the result.
        on_rows: called with the rows of each batch size and L, one per part.

    Returns:
        The JSON object of a `GradientNoise`, numbers rounded to 6 significant digits.

    Raises:
        InputError: the model or the data set cannot be read, or they do not fit each other.
    """
    metadata, images = check(folder, dataset, batches)
    from ..keras_model import VariationalAutoencoder, versions

    config = metadata.training
    initial = VariationalAutoencoder(config)
    initial.build((None, config.model.pixels))
    arrays = {
        "start": initial.arrays(),
        "trained": checkpoint.load_arrays(folder)[0],
    }
    *epsilon_seeds, batch_seed = np.random.SeedSequence(seed).generate_state(len(samples) + 1)
    rng = np.random.default_rng(batch_seed)
    order = {
        size: [rng.choice(len(images), size, replace=False) for _ in range(count)]
        for size, count in batches.items()
    }
    models = []
    for draws, epsilon_seed in zip(samples, epsilon_seeds, strict=True):
        # A seed for each L: equal ones would start with the same ε.
        changed = replace(config, samples=draws, seed=int(epsilon_seed >> 1))
        models.append(VariationalAutoencoder(changed))
        models[-1].build((None, config.model.pixels))

    rows: list[Row] = []
    for weights, values in arrays.items():
        for model in models:
            model.assign(values)
        for size in batches:
            at_one: dict[str, _Replicates] = {}
            for model in models:
                new = []
                for part, (first, second) in _gradients(model, images, order[size]).items():
                    total, epsilon = _total(first, second), _epsilon(first, second)
                    if not epsilon.value > 0:
                        raise InputError(
                            f"Model {folder}: the {part}'s gradient at the {WEIGHTS[weights]} "
                            "does not depend on ε"
                        )
                    draws = model.config.samples
                    figures = {
                        "total": total,
                        "epsilon": epsilon,
                        "share": epsilon / total,
                        "scaled": epsilon * draws / at_one.setdefault(part, epsilon),
                    }
                    new.append(Row(weights, part, size, draws, **_numbers(figures)))
                rows += new
                if on_rows:
                    on_rows(new)
    noise = GradientNoise(
        model=folder.resolve().name,
        weights_sha256=metadata.weights_sha256,
        data_sha256=metadata.data_sha256,
        versions=versions(),
        command=command,
        seed=seed,
        batches=dict(batches),
        rows=tuple(rows),
    )
    return noise.to_json()


def _gradients(
    model: Any, images: NDArray[np.uint8], order: Sequence[NDArray[np.intp]]
) -> dict[str, Array]:
    """Two draws of ε for each batch: for each part `(2, batches, weights)` float32."""
    drawn: dict[str, Array] = {}
    for i, chosen in enumerate(order):
        x = pixels(images[chosen])
        for draw in range(2):
            for part, gradient in zip(PARTS, model.gradients(x), strict=True):
                values = np.asarray(gradient)
                if part not in drawn:
                    drawn[part] = np.empty((2, len(order), len(values)), values.dtype)
                drawn[part][draw, i] = values
    return drawn


def _numbers(figures: Mapping[str, _Replicates]) -> dict[str, float]:
    """Values and standard errors under the names of a `Row`."""
    numbers = {name: figure.value for name, figure in figures.items()}
    numbers |= {f"{name}_stderr": figure.stderr for name, figure in figures.items()}
    return {name: float(f"{value:.{DIGITS}g}") for name, value in numbers.items()}
