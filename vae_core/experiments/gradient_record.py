"""What was measured of the training gradient's noise: the rows of `gradients.json`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError

__all__ = [
    "PARTS",
    "WEIGHTS",
    "Deviation",
    "GradientNoise",
    "Row",
    "follows_one_over_l",
    "load_gradients",
]

FORMAT = 1
WEIGHTS = {"start": "initial weights", "trained": "weights of the trained model"}
PARTS = ("encoder", "decoder")


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
