"""How noisy the training gradient is, and how much of that is ε: is one sample of z enough?

The gradient g of a minibatch varies because its images and its ε are drawn:

    tr Cov(g) = tr Cov(E[g | images]) + E[tr Cov(g | images)],   second term: Var_L, of ε alone.

Var_L falls as 1/L, the first term does not depend on L, and both fall as 1/(images per batch).
Kingma & Welling (2014, arXiv 1312.6114, sec. 2.3) found that "the number of samples L per
datapoint can be set to 1 as long as the minibatch size M was large enough, e.g. M = 100".
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import checkpoint
from .data import Dataset, pixels
from .errors import InputError

__all__ = [
    "BATCHES",
    "PARTS",
    "SAMPLES",
    "WEIGHTS",
    "Deviation",
    "GradientNoise",
    "Row",
    "check",
    "follows_one_over_l",
    "load_gradients",
    "measure",
]

Array = NDArray[np.floating]

FORMAT = 1
BATCHES: Mapping[int, int] = {32: 400, 100: 200, 500: 80}  # images per batch: batches
SAMPLES = (1, 2, 5, 10, 50)
WEIGHTS = {"start": "initial weights", "trained": "weights of the trained model"}
PARTS = ("encoder", "decoder")
DIGITS = 6


@dataclass(frozen=True)
class Row:
    """One setting; variances are traces of covariances, in nats².

    Attributes:
        weights: a key of `WEIGHTS`, where the gradient was taken.
        part: of the network, one of `PARTS`.
        batch_size: images per batch.
        samples: L, draws of z per image.
        total: tr Cov(g).
        epsilon: Var_L, the part of `total` that comes from ε.
        share: epsilon / total.
        scaled: L Var_L / Var_1, one where ε's part falls as 1/L.

    Each comes with the standard error of its jackknife over batches, `..._stderr`.
    """

    weights: str
    part: str
    batch_size: int
    samples: int
    total: float
    total_stderr: float
    epsilon: float
    epsilon_stderr: float
    share: float
    share_stderr: float
    scaled: float
    scaled_stderr: float


Listener = Callable[[Sequence[Row]], None]


@dataclass(frozen=True)
class GradientNoise:
    """What `gradients.json` holds.

    Attributes:
        model: name of the trained model, the one of its folder.
        weights_sha256: of its `weights.npz`.
        data_sha256: of the data file the batches were drawn from.
        versions: of the libraries.
        command: reproduces the file.
        seed: of the batches and of ε.
        batches: for each batch size, how many batches were drawn; each has two draws of ε.
        rows: one for each setting.
    """

    model: str
    weights_sha256: str
    data_sha256: str
    versions: dict[str, str]
    command: str
    seed: int
    batches: dict[int, int]
    rows: tuple[Row, ...]

    def row(self, weights: str, part: str, batch_size: int, samples: int) -> Row:
        """The row of a setting.

        Raises:
            KeyError: it was not measured.
        """
        key = (weights, part, batch_size, samples)
        for row in self.rows:
            if (row.weights, row.part, row.batch_size, row.samples) == key:
                return row
        raise KeyError(key)

    def to_json(self) -> dict[str, Any]:
        batches = {str(size): count for size, count in self.batches.items()}
        rows = [asdict(row) for row in self.rows]
        return {"format": FORMAT, **asdict(self), "batches": batches, "rows": rows}

    @classmethod
    def from_json(cls, record: object) -> "GradientNoise":
        """Reads and checks the JSON object of `to_json`.

        Raises:
            InputError: it is something else.
        """
        if not isinstance(record, Mapping) or record.get("format") != FORMAT:
            raise InputError(f"expected a JSON object with format {FORMAT}")
        names = {field.name for field in fields(cls)}
        if record.keys() != names | {"format"}:
            raise InputError(f"expected the keys format, {', '.join(sorted(names))}")
        expected = {
            "model": ("a string", _is_text),
            "weights_sha256": ("a string", _is_text),
            "data_sha256": ("a string", _is_text),
            "versions": ("an object of strings", _is_texts),
            "command": ("a string", _is_text),
            "seed": ("a count", _is_count),
            "batches": ("an object of counts", _is_counts),
            "rows": ("a list of settings with finite numbers", _are_rows),
        }
        for name, (kind, valid) in expected.items():
            if not valid(record[name]):
                raise InputError(f"expected {name!r} to be {kind}, received {record[name]!r:.80}")
        batches = {int(size): count for size, count in record["batches"].items()}
        rows = tuple(Row(**row) for row in record["rows"])
        settings = {(row.weights, row.part, row.batch_size, row.samples) for row in rows}
        measured = {row.samples for row in rows}
        complete = {
            (weights, part, size, samples)
            for weights in WEIGHTS
            for part in PARTS
            for size in batches
            for samples in measured
        }
        if settings != complete or len(rows) != len(complete) or 1 not in measured:
            raise InputError("expected one row for each setting, with L = 1 among them")
        rest = {name: record[name] for name in names - {"batches", "rows"}}
        return cls(**rest, batches=batches, rows=rows)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, value.values()))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_counts(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        size.isdecimal() and _is_count(count) for size, count in value.items()
    )


def _are_rows(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_row, value))


def _is_row(value: object) -> bool:
    if not isinstance(value, Mapping) or value.keys() != {field.name for field in fields(Row)}:
        return False
    numbers = [value[field.name] for field in fields(Row) if field.type is float]
    return (
        value["weights"] in [*WEIGHTS]
        and value["part"] in PARTS
        and all(_is_count(value[name]) and value[name] for name in ("batch_size", "samples"))
        and all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers)
        and all(0 <= n < float("inf") for n in numbers)  # false for NaN
    )


@dataclass(frozen=True)
class Deviation:
    """The setting whose ε variance is farthest from Var_1 / L."""

    row: Row
    errors: float  # |scaled - 1|, in standard errors
    settings: int  # how many were compared


def follows_one_over_l(rows: Sequence[Row]) -> Deviation:
    """How far ε's part of the variance is from falling as 1/L, in the worst of some settings.

    max over settings of |L Var_L / Var_1 - 1| / stderr. Of 48 independent settings the largest
    exceeds 3.7 once in a hundred measurements; these depend on one another through Var_1.

    Args:
        rows: of a measurement, at least one of them with L > 1.

    Returns:
        The farthest setting.

    Raises:
        InputError: no row has L > 1.
    """
    compared = [row for row in rows if row.samples > 1]
    if not compared:
        raise InputError("Invalid value received for `rows`. Expected one with more than 1 sample.")

    def errors(row: Row) -> float:
        return abs(row.scaled - 1) / max(row.scaled_stderr, np.finfo(float).tiny)

    worst = max(compared, key=errors)
    return Deviation(worst, float(errors(worst)), len(compared))


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
    from .keras_model import VariationalAutoencoder, versions

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


def load_gradients(path: Path) -> GradientNoise:
    """Reads and checks `gradients.json`.

    Raises:
        InputError: it is missing, is not JSON, or holds something else.
    """
    try:
        return GradientNoise.from_json(json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON") from error
