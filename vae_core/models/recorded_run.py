"""Runs that are shipped with the page: all that it shows of one, in a small file, read with checks.

A file holds what a worker told, as integers where a picture needs no more: the places of the test
images as steps of a five-thousandth of their extent, each epoch as the difference from the one
before, which deflates to half.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .checkpoint import read_arrays, write_atomically
from .data import ASSETS
from .frames import SAMPLES, Frame, Portrait
from .settings import TrainingConfig

__all__ = ["FOLDER", "RECORDED", "SHORT", "RecordedRun", "read", "write"]

FOLDER = ASSETS / "runs"
FORMAT = 1
STEPS = 5000  # from the middle of a plane to its farthest point
MEASURES = ("loss_at_mean", "sampled_loss", "kl", "stddev", "price_stderr")

# Good within seconds: with these, epoch 4 is below 160 nats and the last one below 154.
SHORT = TrainingConfig(epochs=20, batch_size=100, learning_rate=0.01)

RECORDED: dict[str, TrainingConfig] = {
    "sample": SHORT,
    "sample-10": replace(SHORT, samples=10),
    "quadrature": replace(SHORT, objective="quadrature"),
    "mean": replace(SHORT, objective="mean"),
    "autoencoder": replace(SHORT, objective="autoencoder"),
    "blog": replace(SHORT, objective="blog"),
}


@dataclass(frozen=True, eq=False)  # one is like no other
class RecordedRun:
    """A run from its initial weights to its last epoch.

    Attributes:
        name: of its file.
        config: of the run.
        data_sha256: of the data set.
        versions: of the libraries that trained it.
        frames: one per epoch, and one before the first.
        measures: one per frame, see `training.snapshot.Snapshot`.
        history: values per epoch, in nats.
    """

    name: str
    config: TrainingConfig
    data_sha256: str
    versions: dict[str, str]
    frames: list[Frame]
    measures: list[dict[str, float | None]]
    history: dict[str, list[float]]


def write(run: RecordedRun, file: Path) -> None:
    """Writes a run, whole or not at all.

    Raises:
        InputError: a frame has no portrait.
    """
    portraits = [frame.portrait for frame in run.frames if frame.portrait is not None]
    if len(portraits) != len(run.frames):
        raise InputError(f"Run {run.name}: expected a portrait in every frame")
    points = np.array([frame.points for frame in run.frames], np.float64)
    scale = max(float(np.abs(points).max()), 1e-6) / STEPS
    steps = np.rint(points / scale).astype(np.int64)
    record = {
        "format": FORMAT,
        "training": run.config.to_json(),
        "data_sha256": run.data_sha256,
        "versions": run.versions,
        "scale": scale,
        "measures": run.measures,
        "history": run.history,
    }
    arrays: dict[str, NDArray[Any]] = {
        "record": np.frombuffer(json.dumps(record).encode(), np.uint8),
        "points": np.diff(steps, axis=0, prepend=0).astype(np.int16),
        "stddev": np.array([frame.stddev for frame in run.frames], np.float32),
        "places": np.array([portrait.places for portrait in portraits], np.float32),
        "pictures": np.array([portrait.pictures for portrait in portraits], np.uint8),
        "losses": np.array([portrait.losses for portrait in portraits], np.float32),
    }
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_atomically(file, lambda stream: stream.write(buffer.getvalue()))


def read(file: Path) -> RecordedRun:
    """Reads a run and checks it; nothing in the file is executed.

    Raises:
        InputError: the file is missing or damaged, or holds something else.
    """
    try:
        return _parse(file.stem, read_arrays(file))
    except InputError as error:
        raise InputError(f"Recorded run {file.stem}: {error}") from error


def _parse(name: str, arrays: Mapping[str, NDArray[Any]]) -> RecordedRun:
    record = _record(arrays.get("record"))
    config = TrainingConfig.from_json(record.get("training"))
    scale, measures, history = (record.get(key) for key in ("scale", "measures", "history"))
    frames = config.epochs + 1
    if not _is_real(scale) or scale is None or scale <= 0:
        raise InputError("damaged: expected a positive scale")
    if not isinstance(measures, list) or [*map(_is_measures, measures)] != [True] * frames:
        raise InputError(f"damaged: expected the measures of {frames} frames")
    if not isinstance(history, Mapping) or not all(
        _is_curve(curve, config.epochs) for curve in history.values()
    ):
        raise InputError(f"damaged: expected a history of {config.epochs} epochs")
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {
        "points": ("int16", (frames, -1, 2)),
        "stddev": ("float32", (frames, -1, 2)),
        "places": ("float32", (frames, 2 + SAMPLES, 2)),
        "pictures": ("uint8", (frames, 1 + SAMPLES, config.model.pixels)),
        "losses": ("float32", (frames, 1 + SAMPLES)),
    }
    for key, (kind, shape) in shapes.items():
        array = arrays.get(key)
        _require(
            array is not None
            and array.dtype == kind
            and array.ndim == len(shape)
            and all(have == want or want < 0 for have, want in zip(array.shape, shape, strict=True))
            and array.size > 0
            and (key == "losses" or kind != "float32" or bool(np.isfinite(array).all())),
            f"an array {key} of shape {shape}, {kind}, finite",
        )
    points = np.cumsum(arrays["points"], axis=0, dtype=np.int32) * np.float32(scale)
    return RecordedRun(
        name,
        config,
        str(record.get("data_sha256", "")),
        {str(key): str(value) for key, value in dict(record.get("versions") or {}).items()},
        [
            Frame(
                epoch,
                points[epoch].astype(np.float32),
                arrays["stddev"][epoch],
                Portrait(*(arrays[key][epoch] for key in ("places", "pictures", "losses"))),
            )
            for epoch in range(frames)
        ],
        [dict(one) for one in measures],
        {str(key): [float(value) for value in curve] for key, curve in history.items()},
    )


def _record(array: NDArray[Any] | None) -> Mapping[str, Any]:
    _require(array is not None and array.dtype == np.uint8 and array.ndim == 1, "a record")
    assert array is not None
    try:
        record = json.loads(array.tobytes().decode())
    except (ValueError, RecursionError) as error:
        raise InputError("damaged: its record is not JSON") from error
    known = isinstance(record, Mapping) and record.get("format") == FORMAT
    _require(known, f"a JSON object with format {FORMAT}")
    _require(isinstance(record.get("versions") or {}, Mapping), "versions of libraries")
    return record


def _require(condition: bool, expected: str) -> None:
    if not condition:
        raise InputError(f"damaged: expected {expected}")


def _is_real(value: object) -> bool:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return known and bool(np.isfinite(float(value)))  # type: ignore[arg-type]


def _is_measures(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == set(MEASURES)
        and all(one is None or _is_real(one) for one in value.values())
    )


def _is_curve(value: object, epochs: int) -> bool:
    known: Sequence[object] = value if isinstance(value, list) else []
    return len(known) == epochs and all(map(_is_real, known))
