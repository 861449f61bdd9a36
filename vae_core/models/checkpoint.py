"""A trained model on disk: `weights.npz`, `metadata.json`; atomic writes, reads with checks."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DAMAGED, InputError
from .network import Network
from .objectives import HEADS
from .settings import TrainingConfig

__all__ = [
    "Metadata",
    "load",
    "load_arrays",
    "load_metadata",
    "read_arrays",
    "save",
    "save_metadata",
    "write_atomically",
]

FORMAT = 1
WEIGHTS = "weights.npz"
PENDING = ".weights.npz.pending"  # weights that take their place once metadata.json describes them


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_metric(value: object) -> bool:
    return value is None or _is_number(value)  # None: the model has no such metric


def _is_curve(value: object) -> bool:
    return isinstance(value, list) and all(_is_number(item) for item in value)


def _holds(record: object, valid: Callable[[object], bool]) -> bool:
    return isinstance(record, Mapping) and all(valid(value) for value in record.values())


@dataclass(frozen=True)
class Metadata:
    """What `metadata.json` holds beside the weights.

    Attributes:
        training: the configuration that, with the data, decides the weights.
        epochs_done: complete epochs behind these weights.
        head: how `encoder/log_var` is read, a key of `objectives.HEADS`.
        data_sha256: of the data file.
        weights_sha256: of `weights.npz`.
        versions: of the libraries that trained it.
        history: values per epoch of the training loss and of the test loss and their two terms.
        test: metrics on the test images, in nats, as `evaluate` computes them; empty until then.
    """

    training: TrainingConfig
    epochs_done: int
    head: str
    data_sha256: str
    weights_sha256: str
    versions: dict[str, str]
    history: dict[str, list[float]]
    test: dict[str, Any]

    @property
    def complete(self) -> bool:
        return self.epochs_done == self.training.epochs

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "training": self.training.to_json(),
            "epochs_done": self.epochs_done,
            "head": self.head,
            "head_meaning": HEADS[self.head].meaning,
            "data_sha256": self.data_sha256,
            "weights_sha256": self.weights_sha256,
            "versions": self.versions,
            "test": self.test,
            "history": self.history,
        }

    @classmethod
    def from_json(cls, record: object) -> "Metadata":
        if not isinstance(record, Mapping) or record.get("format") != FORMAT:
            raise InputError(f"expected a JSON object with format {FORMAT}")
        expected: dict[str, tuple[str, bool]] = {
            "epochs_done": ("a count", _is_count(record.get("epochs_done"))),
            "head": (f"one of {', '.join(HEADS)}", record.get("head") in [*HEADS]),
            "data_sha256": ("a string", isinstance(record.get("data_sha256"), str)),
            "weights_sha256": ("a string", isinstance(record.get("weights_sha256"), str)),
            "versions": ("an object of strings", _holds(record.get("versions"), _is_text)),
            "history": ("an object of lists of numbers", _holds(record.get("history"), _is_curve)),
            "test": ("an object of numbers", _holds(record.get("test"), _is_metric)),
        }
        for name, (kind, valid) in expected.items():
            if not valid:
                received = repr(record.get(name))
                raise InputError(f"expected {name!r} to be {kind}, received {received:.80}")
        training = TrainingConfig.from_json(record.get("training"))
        return cls(training=training, **{name: record[name] for name in expected})


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Writes a file beside its place and renames it: a reader sees the old one or the new one.

    What a killed process leaves beside the file is overwritten by the next one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def save(folder: Path, arrays: Mapping[str, NDArray[Any]], metadata: dict[str, Any]) -> None:
    """Writes a model; `weights_sha256` is filled in.

    Args:
        folder: made where it does not exist.
        arrays: named as `network.expected_shapes` says, float32.
        metadata: the fields of `Metadata`, but for `weights_sha256`.
    """
    _settle(folder)
    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(arrays))
    payload = buffer.getvalue()
    # Two files change as one: until metadata.json is renamed the old weights are the ones it
    # describes, from then on the pending ones. Killed at any moment, the folder loads.
    write_atomically(folder / PENDING, lambda file: file.write(payload))
    save_metadata(folder, Metadata(weights_sha256=hashlib.sha256(payload).hexdigest(), **metadata))
    os.replace(folder / PENDING, folder / WEIGHTS)


def _settle(folder: Path) -> None:
    """Ends the save of a process that was killed before its pending weights took their place.

    They may be the only ones that `metadata.json` describes: overwritten, nothing would load.
    """
    try:
        described = load_metadata(folder).weights_sha256
        payload = (folder / PENDING).read_bytes()
    except (InputError, FileNotFoundError):
        return  # nothing there that loads, or nothing pending
    if hashlib.sha256(payload).hexdigest() == described:
        os.replace(folder / PENDING, folder / WEIGHTS)


def save_metadata(folder: Path, metadata: Metadata) -> None:
    """Writes `metadata.json`."""
    text = json.dumps(metadata.to_json(), indent=1, ensure_ascii=False) + "\n"
    write_atomically(folder / "metadata.json", lambda file: file.write(text.encode()))


def load_metadata(folder: Path) -> Metadata:
    """Reads and checks `metadata.json`.

    Raises:
        InputError: it is missing, is not JSON, or has another shape.
    """
    path = folder / "metadata.json"
    try:
        return Metadata.from_json(json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise InputError(f"Model {folder}: metadata.json is missing") from error
    except OSError as error:
        raise InputError(f"Model {folder}: metadata.json: {error.strerror}") from error
    except InputError as error:
        raise InputError(f"Model {folder}: metadata.json: {error}") from error
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5,000 digits
        raise InputError(f"Model {folder}: metadata.json is not JSON") from error


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an `.npz`, nothing pickled.

    Raises:
        InputError: the file is missing, truncated, or holds something else.
    """
    return _parse(_payload(path), path)


def _payload(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _parse(payload: bytes, path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(BytesIO(payload), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except DAMAGED as error:
        raise InputError(f"{path} is damaged or not an .npz file") from error


def load_arrays(folder: Path) -> tuple[dict[str, NDArray[Any]], Metadata]:
    """The weights of a model under the names of `weights.npz`, and its metadata.

    Raises:
        InputError: a file is missing or damaged, or the two do not belong together.
    """
    metadata = load_metadata(folder)
    payload = b""
    for path in (folder / PENDING, folder / WEIGHTS):
        if path.name == PENDING and not path.exists():
            continue
        payload = _payload(path)  # read once: the file may be replaced meanwhile
        if hashlib.sha256(payload).hexdigest() == metadata.weights_sha256:
            return _parse(payload, path), metadata
    _parse(payload, folder / WEIGHTS)  # says so if it is damaged
    received = hashlib.sha256(payload).hexdigest()
    raise InputError(
        f"Model {folder}: weights.npz is not the file that metadata.json describes "
        f"(expected SHA-256 {metadata.weights_sha256:.12}…, received {received:.12}…)"
    )


def load(folder: Path) -> tuple[Network, Metadata]:
    """A trained model from its folder.

    Raises:
        InputError: a file is missing or damaged, or the two do not belong together.
    """
    arrays, metadata = load_arrays(folder)
    try:
        return Network(arrays, metadata.training.model, metadata.head), metadata
    except InputError as error:
        raise InputError(f"Model {folder}: {error}") from error
