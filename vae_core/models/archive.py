"""A trained model as one zip, to carry away and to bring back; nothing in it is trusted."""

import hashlib
import json
import math
import os
import re
import shutil
import stat
import struct
import tempfile
import textwrap
import zipfile
from collections.abc import Collection
from io import BytesIO
from operator import methodcaller
from pathlib import Path

import numpy as np

from ..errors import DAMAGED, InputError
from . import checkpoint
from .checkpoint import Metadata
from .network import Network, expected_shapes
from .settings import ModelConfig, command

__all__ = ["FILES", "KERAS_FILE", "MAX_BYTES", "pack", "unpack"]

KERAS_FILE = "model.keras"
FILES = ("command.txt", "metadata.json", KERAS_FILE, "weights.npz")
MAX_BYTES = 64 * 2**20  # of the zip, and of all that it unpacks to
METADATA_BYTES = 4 * 2**20
DIRECTORY_BYTES = 2**14  # a zip's list of members; 16 layers and their names fill a third

VERSION = r"[0-9A-Za-z.+-]{1,32}"
LIBRARIES = {"keras", "tensorflow", "numpy"}
TERMS = ("loss", "reconstruction_loss", "kl")
CURVES = {*TERMS, *(f"test_{name}" for name in TERMS)}
METRICS = {  # the keys of `Evaluation.metrics`
    *("reconstruction_loss_at_mean", "reconstruction_loss", "reconstruction_loss_stderr", "kl"),
    *("negative_elbo", "negative_elbo_stderr", "negative_log_evidence"),
    *("negative_log_evidence_stderr", "images_without_evidence", "jensen_gap"),
    *("jensen_gap_stderr", "predicted_price", "median_stddev"),
    *("printed_loss", "printed_kl", "negative_elbo_described"),
}

END = struct.Struct("<4s4H2LH")  # the record that ends a zip without a comment
LOCAL_HEADER = 30  # bytes before a member's name
FLAGS = 0b1000_0000_1110  # how hard it was deflated, sizes after the data, a UTF-8 name


def pack(folder: Path) -> bytes:
    """A model's files and its command line as a zip; equal folders give equal bytes.

    Args:
        folder: holds `weights.npz`, `metadata.json` and `model.keras`.

    Raises:
        InputError: a file is missing or damaged, or `unpack` would refuse the zip.
    """
    _, metadata = checkpoint.load(folder)
    contents, buffer = {"command.txt": f"{command(metadata.training)}\n".encode()}, BytesIO()
    try:
        contents |= {name: (folder / name).read_bytes() for name in ("metadata.json", KERAS_FILE)}
        contents["weights.npz"] = _weights(folder, metadata.weights_sha256)
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in FILES:
                # A ZipInfo is dated 1980: the time of packing is left out.
                archive.writestr(zipfile.ZipInfo(name), contents[name], zipfile.ZIP_DEFLATED)
        _check(buffer.getvalue())
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from error
    except InputError as error:
        raise InputError(f"Model {folder}: {error}") from error
    return buffer.getvalue()


def _weights(folder: Path, sha256: str) -> bytes:
    pending = folder / checkpoint.PENDING  # a run that was killed may have left them there
    payload = pending.read_bytes() if pending.exists() else b""
    if hashlib.sha256(payload).hexdigest() == sha256:
        return payload
    return (folder / "weights.npz").read_bytes()


def unpack(payload: bytes, folder: Path) -> Metadata:
    """Checks a zip that came from outside and writes its model into a new folder.

    Args:
        payload: the zip.
        folder: gets `weights.npz` and `metadata.json`, both or none of them. The zip's
            `model.keras` is left unread: Keras builds whatever class such a file names, and
            `export` writes a new one.

    Returns:
        What `metadata.json` holds.

    Raises:
        InputError: the zip is not one that `pack` makes, or the folder exists. The message holds
            nothing that came with the zip.
    """
    metadata, contents = _check(payload)
    _require(not os.path.lexists(folder), "The model's folder exists already; expected a new one")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unpack-") as scratch:
        model = Path(scratch, "model")
        weights = methodcaller("write", contents["weights.npz"])
        checkpoint.write_atomically(model / "weights.npz", weights)
        # Written anew, so that no key is kept that nobody checked.
        checkpoint.save_metadata(model, metadata)
        os.rename(model, folder)
    return metadata


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InputError(message)


def _check(payload: bytes) -> tuple[Metadata, dict[str, bytes]]:
    contents = _unzip(payload, FILES, "The file")
    metadata = _metadata(contents["metadata.json"])
    _check_weights(contents["weights.npz"], metadata)
    _require(
        contents["command.txt"] == f"{command(metadata.training)}\n".encode(),
        "command.txt is not the command line of the settings in metadata.json",
    )
    return metadata, contents


def _unzip(payload: bytes, names: Collection[str], what: str) -> dict[str, bytes]:
    """The members of a zip that has exactly these; reads no more than it may unpack to."""
    damaged = f"{what} is damaged or not a zip archive"
    exactly = f"{what}: expected exactly the files {textwrap.shorten(', '.join(names), 120)}"
    limit = f"{what} is too large: expected at most {MAX_BYTES >> 20} MB, unpacked too"
    _require(len(payload) <= MAX_BYTES, limit)
    _require(payload.startswith(b"PK\x03\x04") and len(payload) > END.size, damaged)
    signature, *_, size, offset, comment = END.unpack(payload[-END.size :])
    # zipfile would follow the locator of a 64-bit record to a directory of any size, and an
    # entry takes ten times its length in memory: so the size is known before zipfile reads on.
    located = payload[-END.size - 20 :].startswith(b"PK\x06\x07")
    whole = signature == b"PK\x05\x06" and offset + size + END.size == len(payload)
    _require(whole and not comment and not located, damaged)
    _require(size <= DIRECTORY_BYTES, exactly)
    contents = {}
    try:
        with zipfile.ZipFile(BytesIO(payload)) as archive:
            members = sorted(archive.infolist(), key=lambda member: member.header_offset)
            # The original name: zipfile cuts a name at its first NUL.
            _require(sorted(m.orig_filename for m in members) == sorted(names), exactly)
            _require(sum(m.file_size for m in members) <= MAX_BYTES, limit)
            ends = [*(member.header_offset for member in members[1:]), offset]
            for member, end in zip(members, ends, strict=True):
                plain = (
                    member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                    and not member.flag_bits & ~FLAGS
                    and stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)
                )
                _require(plain, f"{what}: expected plain files, stored or deflated")
                overlaps = member.header_offset + LOCAL_HEADER + member.compress_size > end
                if member.filename == KERAS_FILE:
                    _require(not overlaps, damaged)
                    continue
                buffer = BytesIO()
                # In pieces: at once, zipfile would hold a large member four times over. It stops
                # at the declared size, whatever the data would inflate to.
                with archive.open(member) as file:
                    shutil.copyfileobj(file, buffer)
                _require(not overlaps and buffer.tell() == member.file_size, damaged)
                contents[member.filename] = buffer.getvalue()
    except InputError:
        raise
    except (*DAMAGED, struct.error, OverflowError) as error:
        raise InputError(damaged) from error
    return contents


def _number(text: str) -> float:
    value = float(text) if len(text) <= 32 else math.inf
    if not math.isfinite(value):
        raise ValueError("expected finite numbers of at most 32 characters")
    return int(text) if text.lstrip("-").isdigit() else value


def _metadata(payload: bytes) -> Metadata:
    _require(len(payload) <= METADATA_BYTES, "metadata.json: expected at most 4 MB")
    try:
        record = json.loads(
            payload.decode(), parse_int=_number, parse_float=_number, parse_constant=_number
        )
        metadata = Metadata.from_json(record)
    except InputError as error:
        # Its first half, which is ours: what was received is not repeated.
        expected = re.split(r"[.,] received", str(error), maxsplit=1, flags=re.IGNORECASE)[0]
        raise InputError(f"metadata.json: {expected}") from error
    except (ValueError, RecursionError) as error:
        raise InputError("metadata.json: expected JSON with finite numbers") from error
    training, model, image = metadata.training, metadata.training.model, ModelConfig().image_shape
    head = training.trained_for.head
    curves, versions = metadata.history, metadata.versions
    sums = (metadata.data_sha256, metadata.weights_sha256)
    expectations = {
        f"image_shape {list(image)}": model.image_shape == image,
        "latent_dim 2": model.latent_dim == 2,
        f"epochs_done from 1 to {training.epochs}": 1 <= metadata.epochs_done <= training.epochs,
        f"head {head!r} for its objective": metadata.head == head,
        "SHA-256 sums of 64 hex digits": all(re.fullmatch("[0-9a-f]{64}", s) for s in sums),
        "versions of keras, tensorflow and numpy": versions.keys() <= LIBRARIES
        and all(re.fullmatch(VERSION, version) for version in versions.values()),
        "a history of losses, one value per epoch": curves.keys() <= CURVES
        and all(len(curve) == metadata.epochs_done for curve in curves.values()),
        "test metrics as `evaluate` gives them": metadata.test.keys() <= METRICS,
    }
    for expected, met in expectations.items():
        _require(met, f"metadata.json: expected {expected}")
    return metadata


def _check_weights(payload: bytes, metadata: Metadata) -> None:
    _require(
        hashlib.sha256(payload).hexdigest() == metadata.weights_sha256,
        "weights.npz is not the file that metadata.json describes: its SHA-256 differs",
    )
    shapes = expected_shapes(metadata.training.model)
    contents = _unzip(payload, [f"{name}.npy" for name in shapes], "weights.npz")
    arrays = {}
    for name, shape in shapes.items():
        header, data = BytesIO(), contents[f"{name}.npy"]
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<f4", "fortran_order": False, "shape": shape}
        )
        # Compared instead of parsed: NumPy takes a header at its word and allocates.
        start = header.getvalue()
        _require(
            data.startswith(start) and len(data) == len(start) + 4 * math.prod(shape),
            f"weights.npz: expected {name!r} as a float32 array of shape {shape}",
        )
        arrays[name] = np.frombuffer(data, "<f4", offset=len(start)).reshape(shape)
    Network(arrays, metadata.training.model, metadata.head)  # refuses what is not finite
