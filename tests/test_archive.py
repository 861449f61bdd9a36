"""Models as zips: equal after a round trip; whatever else arrives is refused whole."""

import contextlib
import hashlib
import json
import os
import shutil
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.oracles import random_arrays
from tests.test_checkpoint import FIELDS as OTHER_FIELDS
from vae_core.errors import InputError
from vae_core.inference.evaluation import Described, Evaluation
from vae_core.maths.estimators import Estimate
from vae_core.models import archive, checkpoint
from vae_core.models.archive import FILES, KERAS_FILE, MAX_BYTES, pack, unpack
from vae_core.models.settings import ModelConfig, TrainingConfig, command

MODEL = ModelConfig(hidden=(5,))
TRAINING = TrainingConfig(epochs=2, model=MODEL)
HISTORY = {"loss": [200.0, 180.25], "test_kl": [3, 4.5]}
FIELDS = OTHER_FIELDS | {"training": TRAINING, "history": HISTORY}
MARKUP = "<script>\nalert(1)</script>"

Parts = dict[str, bytes]


def zipped(
    parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, before: bytes = b""
) -> bytes:
    buffer = BytesIO(before)
    with zipfile.ZipFile(buffer, "a") as file:
        for name, content in parts.items():
            file.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def unzipped(payload: bytes) -> Parts:
    with zipfile.ZipFile(BytesIO(payload)) as file:
        return {name: file.read(name) for name in file.namelist()}


def tampered(parts: Parts, name: str = "weights.npz", **attributes: Any) -> bytes:
    """A zip with another entry for a member in its directory."""
    buffer = BytesIO(zipped(parts))
    with zipfile.ZipFile(buffer, "a") as file:
        for attribute, value in attributes.items():
            setattr(file.getinfo(name), attribute, value)
        file.comment = b""  # has the directory written anew
    return buffer.getvalue()


def weighted(parts: Parts, payload: bytes | None = None, **arrays: Any) -> bytes:
    """A model with other weights, and their sum in its metadata."""
    buffer = BytesIO()
    renamed = {name.replace("_bias", "/bias"): array for name, array in arrays.items()}
    np.savez(buffer, **(random_arrays(MODEL) | {f"encoder/{n}": a for n, a in renamed.items()}))
    payload = payload or buffer.getvalue()
    sha = hashlib.sha256(payload).hexdigest()
    return described({**parts, "weights.npz": payload}, {"weights_sha256": sha})


def described(parts: Parts, changes: dict[str, Any] | bytes) -> bytes:
    """A model with other metadata."""
    if isinstance(changes, dict):
        changes = json.dumps({**json.loads(parts["metadata.json"]), **changes}).encode()
    return zipped({**parts, "metadata.json": changes})


def refusal(payload: bytes, parent: Path) -> str:
    before = sorted(parent.rglob("*"))
    with pytest.raises(InputError) as error:
        unpack(payload, parent / "new")
    message = str(error.value)
    assert sorted(parent.rglob("*")) == before
    assert len(message) < 300
    assert message.isprintable()  # one line, too
    for hostile in (str(parent), "script", "evil", "Lambda", "alert"):
        assert hostile not in message
    return message


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "model"
    checkpoint.save(folder, random_arrays(MODEL), FIELDS)
    (folder / KERAS_FILE).write_bytes(b"of whatever kind")
    return folder


@pytest.fixture(scope="module")
def parts(model: Path) -> Parts:
    text = f"{command(TRAINING)}\n".encode()
    return {"command.txt": text} | {name: (model / name).read_bytes() for name in FILES[1:]}


def test_round_trip(model: Path, parts: Parts, tmp_path: Path) -> None:
    payload, new = pack(model), tmp_path / "deep" / "new"
    assert payload == pack(model)
    assert unzipped(payload) == parts
    assert unpack(payload, new) == checkpoint.load_metadata(model)
    assert os.listdir(new.parent) == ["new"]
    kept = ("metadata.json", "weights.npz")
    assert {p.name: p.read_bytes() for p in new.iterdir()} == {name: parts[name] for name in kept}
    with pytest.raises(InputError, match="exists already"):
        unpack(payload, new)
    os.rename(new / "weights.npz", new / checkpoint.PENDING)  # as a killed run leaves it
    shutil.copy(model / KERAS_FILE, new)
    assert pack(new) == payload


def test_round_trip_of_a_real_model(tmp_path: Path) -> None:
    import keras

    from vae_core.training.loop import export

    folder, new = tmp_path / "model", tmp_path / "new"
    training = TrainingConfig(objective="blog", beta=4, epochs=2, model=ModelConfig(hidden=(6, 5)))
    arrays = random_arrays(training.model)
    checkpoint.save(folder, arrays, FIELDS | {"training": training, "head": "blog"})
    export(folder, folder / "model.keras")
    unpack(pack(folder), new)
    export(new, new / "model.keras")
    assert sorted(os.listdir(new)) == sorted(os.listdir(folder))
    for name in ("metadata.json", "weights.npz"):
        assert (new / name).read_bytes() == (folder / name).read_bytes()
    loaded = keras.saving.load_model(new / "model.keras").arrays()
    assert all(np.array_equal(loaded[name], array) for name, array in arrays.items())


@pytest.mark.parametrize("name", FILES[1:])
@pytest.mark.parametrize("content", [None, b"", b"other"])
def test_packs_no_damaged_folder(
    model: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    if name == KERAS_FILE and content is not None:
        return  # the server's own, which nobody reads there
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        pack(tmp_path)


def test_a_failed_write_leaves_nothing(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = pack(model)
    monkeypatch.setattr(os, "fsync", lambda descriptor: os.write(-1, b""))
    with pytest.raises(OSError, match="Bad file descriptor"):
        unpack(payload, tmp_path / "new")
    assert os.listdir(tmp_path) == []


def test_keeps_no_unknown_key(parts: Parts, tmp_path: Path) -> None:
    unpack(described(parts, {"evil": MARKUP, "head_meaning": MARKUP}), tmp_path / "new")
    assert (tmp_path / "new" / "metadata.json").read_bytes() == parts["metadata.json"]


def test_every_metric_is_known() -> None:
    one = np.ones(1)
    both = Described(one, Estimate(one, one), one)
    evaluation = Evaluation(np.ones((1, 2)), one, Estimate(one, one), one, one, one, both)
    assert evaluation.metrics().keys() == archive.METRICS


ZEROS = np.zeros(2, np.float32)
OTHER_MODELS: list[dict[str, Any]] = [
    {"latent_dim": 3}, {"image_shape": [14, 56]}, {"hidden": MARKUP}, {"hidden": [MARKUP]},
    {"evil": MARKUP},
]  # fmt: skip
CASES: dict[str, Any] = {
    **{f"bytes {text!r:.20}": lambda p, text=text: text for text in [
        b"", b"\x89PNG\r\n\x1a\n" + bytes(100), b"PK\3\4"]},
    "prepended": lambda p: b"evil" + zipped(p),
    "prepended, offsets too": lambda p: zipped(p, before=b"evil"),
    "twice the zip": lambda p: zipped(p) + zipped(p),
    "appended": lambda p: zipped(p) + b"evil",
    "comment": lambda p: zipped(p)[:-2] + b"\4\0evil",
    "lost comment": lambda p: zipped(p)[:-2] + b"\4\0",
    "large": lambda p: zipped(p, before=b"PK\3\4".ljust(MAX_BYTES)),
    "missing": lambda p: zipped({"weights.npz": p["weights.npz"]}),
    "duplicate": lambda p: zipped({**p, "weights.npy": b"evil"}).replace(b"s.npy", b"s.npz"),
    "NUL": lambda p: zipped(
        {n.replace("pz", "pzxevil"): p[n] for n in p}).replace(b"xevil", b"\0evil"),
    **{f"member {n}": lambda p, n=n: zipped({**p, n: b""}) for n in [
        "evil.py", "evil/", "../weights.npz", "/evil", "C:\\evil", "WEIGHTS.NPZ", MARKUP]},
    "bzip2": lambda p: zipped(p, zipfile.ZIP_BZIP2),
    **{f"entry {e}": lambda p, e=e: tampered(p, **e) for e in [
        {"external_attr": 0o120777 << 16}, {"flag_bits": 1}, {"file_size": 500}, {"CRC": 1},
        {"file_size": 2**20}, {"file_size": 2**40}, {"header_offset": 2**62}]},
    "command": lambda p: zipped({**p, "command.txt": MARKUP.encode()}),
    **{f"arrays of hidden {h}": lambda p, h=h: described(p, {
        "training": {**TRAINING.to_json(), "model": {**MODEL.to_json(), "hidden": h}}})
       for h in ([4096], [4096] * 8)},
    "arrays other sum": lambda p: zipped(unzipped(weighted(p, mean_bias=ZEROS))
                                           | {"metadata.json": p["metadata.json"]}),
    "arrays longer": lambda p: weighted(p, zipped({
        name: array + bytes(4) for name, array in unzipped(p["weights.npz"]).items()})),
    "arrays no zip": lambda p: weighted(p, MARKUP.encode()),
    **{f"arrays {a}": lambda p, a=a: weighted(p, **a) for a in [
        {"mean_bias": np.array([{}, MARKUP], dtype=object)}, {"mean_bias": ZEROS.astype(float)},
        {"mean_bias": ZEROS + np.nan}, {"mean_bias": ZEROS - np.inf}, {"mean_bias": ZEROS[None]},
        {"mean_bias": ZEROS.astype(">f4")}, {"evil": ZEROS}]},
    "arrays missing": lambda p: weighted(p, zipped({"evil.npy": b""})),
    "arrays giant": lambda p: weighted(p, zipped({
        name: array.replace(b"5)", b"9)") for name, array in unzipped(p["weights.npz"]).items()})),
    **{f"metadata as text {n}": lambda p, f=f: described(p, f(p["metadata.json"]))
       for n, f in enumerate([
        lambda text: text.replace(b"200.0", b"1e999"), lambda text: text.replace(b"200.0", b"NaN"),
        lambda text: text.replace(b"200.0", b"9" * 40), lambda text: b" " * 2**22 + text,
        lambda text: text.decode().encode("utf-16"), lambda text: b"\xef\xbb\xbf" + text,
    ])},
    **{f"metadata {n} {i!r:.40}": lambda p, i=i: described(p, i) for n, i in enumerate([
        b"", b"evil", b"[]", b"\xff\xfe", b"9" * 5000,
        b"[" * 10**5, *(b'{"format": 1, "epochs_done": %s}' % (b"[" * n + b"]" * n)
                        for n in range(150, 1000, 50)),
        {"format": MARKUP}, {"epochs_done": 0, "history": {}}, {"epochs_done": 3, "history": {}},
        {"epochs_done": MARKUP},
        {"head": "blog"}, {"head": MARKUP}, {"data_sha256": MARKUP}, {"data_sha256": "A" * 64},
        {"weights_sha256": "0" * 63}, {"weights_sha256": [MARKUP]}, {"history": MARKUP},
        {"history": {"loss": [1.0, np.nan]}}, {"history": {"loss": [1.0, -np.inf]}},
        {"history": {"loss": [1.0]}}, {"history": {MARKUP: [1, 2]}}, {"versions": {"evil": "1"}},
        {"versions": {"keras": MARKUP}}, {"versions": {"keras": "3\n"}}, {"training": MARKUP},
        {"test": {"kl": np.nan}}, {"test": {MARKUP: 1.0}}, {"training": {MARKUP: 1}},
        *({"training": {**TRAINING.to_json(), name: MARKUP}} for name in TRAINING.to_json()),
        *({"training": {**TRAINING.to_json(), "model": {**MODEL.to_json(), **model}}}
          for model in OTHER_MODELS),
        {"training": {**TRAINING.to_json(), "objective": "autoencoder"}},
    ])},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refuses(parts: Parts, tmp_path: Path, case: str) -> None:
    culprits = {"arrays": "weights.npz", "command": "command.txt"}
    culprits |= {"metadata": "metadata.json"}
    culprit = culprits.get(case.partition(" ")[0], "The file")
    assert refusal(CASES[case](parts), tmp_path).startswith((culprit, "Array 'encoder/mean/bias'"))


# Keras would build whatever class the file names; a pickle in it would run.
LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": MARKUP}}
NETWORKS = {
    "another class": zipped({"config.json": json.dumps(LAMBDA).encode()}, 0),
    "deep nesting": zipped({"config.json": b"[" * 10**5}, 0),
    "no zip": MARKUP.encode(),
    "nothing": b"",
    "a bomb": zipped({"model.weights.h5": bytes(2**25)}),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_never_looks_into_the_network_of_a_zip(
    parts: Parts, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    original = zipfile.ZipFile.open

    def spy(self: zipfile.ZipFile, name: Any, *rest: Any, **more: Any) -> Any:
        opened.append(getattr(name, "filename", name))
        return original(self, name, *rest, **more)

    payload = zipped({**parts, KERAS_FILE: NETWORKS[kind]})
    monkeypatch.setattr(zipfile.ZipFile, "open", spy)
    unpack(payload, tmp_path / "new")
    assert "weights.npz" in opened
    assert KERAS_FILE not in opened
    assert sorted(os.listdir(tmp_path / "new")) == ["metadata.json", "weights.npz"]


def test_reads_no_long_directory(tmp_path: Path) -> None:
    many = zipped({f"evil{i}": b"" for i in range(5000)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipfile, "ZipFile", None)
        assert "exactly the files" in refusal(many, tmp_path)
    count, size, offset = struct.unpack("<10xHLL2x", many[-22:])
    sizes = struct.pack("<4Q", count, count, size, offset)
    record = b"PK\6\6" + struct.pack("<QHHLL", 44, 45, 45, 0, 0) + sizes
    locator = b"PK\6\7" + struct.pack("<LQL", 0, len(many) - 22, 1)
    front = many[:-22] + record  # here the locator of a record of 64 bits poses as directory
    payload = front + locator + b"PK\5\6" + struct.pack("<8xLLH", 20, len(front), 0)
    assert len(zipfile.ZipFile(BytesIO(payload)).namelist()) == 5000
    assert "damaged" in refusal(payload, tmp_path)


def test_refuses_overlapping_members(parts: Parts, tmp_path: Path) -> None:
    stored, start = zipped(parts, 0), len("command.txt") + 30
    size = len(parts["command.txt"]) + 200  # reaches into the next member, with its checksum
    payload = bytearray(stored)
    (entry,) = struct.unpack("<L", stored[-6:-2])
    crc = zlib.crc32(stored[start : start + size])
    payload[entry + 16 : entry + 28] = struct.pack("<3L", crc, size, size)
    with contextlib.suppress(zipfile.BadZipFile):  # from Python 3.11.8 on it looks itself
        assert len(unzipped(bytes(payload))["command.txt"]) == size
    assert "damaged" in refusal(bytes(payload), tmp_path)


@pytest.mark.parametrize("declared", [200 * 2**20, 100])
@pytest.mark.parametrize("place", ["metadata.json", "weights.npz"])
def test_inflates_no_bomb(parts: Parts, tmp_path: Path, place: str, declared: int) -> None:
    inner = parts if place == "metadata.json" else unzipped(parts[place])
    name = max(inner)  # of a model, of its arrays
    bomb = tampered({**inner, name: bytes(200 * 2**20)}, name, file_size=declared)
    if place == "weights.npz":
        bomb = weighted(parts, bomb)
    tracemalloc.start()
    message = refusal(bomb, tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ("damaged" if declared == 100 else "64 MB") in message
    assert peak < 2**22


def test_refuses_or_understands_damage(model: Path, parts: Parts, tmp_path: Path) -> None:
    rng, good = np.random.default_rng(0), zipped(parts)
    for keep in rng.integers(0, len(good), 200):
        refusal(good[:keep], tmp_path)
    for stored in (good, zipped(parts, 0)):
        for index in rng.integers(-500, len(good), 150):  # a third of them in the directory
            payload = bytearray(stored)
            payload[index] ^= 1 << rng.integers(8)
            try:
                unpack(bytes(payload), tmp_path / "new")
            except InputError:
                refusal(bytes(payload), tmp_path)  # looks at the message
            else:
                assert checkpoint.load(tmp_path / "new")[1] == checkpoint.load_metadata(model)
                shutil.rmtree(tmp_path / "new")
