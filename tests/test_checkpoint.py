"""Models on disk: equal after a round trip, refused when damaged, never half-written."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.oracles import random_arrays
from vae_core.errors import InputError
from vae_core.models import checkpoint
from vae_core.models.checkpoint import load, load_metadata, read_arrays, save, write_atomically
from vae_core.models.settings import ModelConfig, TrainingConfig

MODEL = ModelConfig(image_shape=(4, 3), hidden=(5,))
FIELDS: dict[str, Any] = {
    "training": TrainingConfig(epochs=2, model=MODEL),
    "epochs_done": 2,
    "head": "log_var",
    "data_sha256": "0" * 64,
    "versions": {"numpy": "2"},
    "history": {"loss": [3.0, 2.5]},
    "test": {"kl": 1.0, "negative_elbo": None},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "model", random_arrays(MODEL), FIELDS)
    return tmp_path / "model"


def rewrite(folder: Path, **changes: Any) -> None:
    path = folder / "metadata.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_round_trip(folder: Path) -> None:
    network, metadata = load(folder)
    assert {name: getattr(metadata, name) for name in FIELDS} == FIELDS
    assert metadata.complete
    arrays = random_arrays(MODEL)
    np.testing.assert_array_equal(network.decoder_logits.kernel, arrays["decoder/logits/kernel"])
    assert read_arrays(folder / "weights.npz").keys() == arrays.keys()
    assert load_metadata(folder) == metadata
    assert sorted(os.listdir(folder)) == ["metadata.json", "weights.npz"]


def test_saving_metadata_keeps_the_weights(folder: Path) -> None:
    before = (folder / "weights.npz").read_bytes()
    text = (folder / "metadata.json").read_bytes()
    checkpoint.save_metadata(folder, load_metadata(folder))
    assert (folder / "weights.npz").read_bytes() == before
    assert (folder / "metadata.json").read_bytes() == text


def test_incomplete_run(folder: Path) -> None:
    rewrite(folder, epochs_done=1)
    assert not load(folder)[1].complete


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b"null", b"not JSON", b"\xff\xfe", b"[" * 100_000, b"9" * 5000,
     b'{"format": 2}', b'{"format": "1"}'],
    ids=lambda text: repr(text[:16]),
)  # fmt: skip
def test_refuses_other_files(folder: Path, text: bytes) -> None:
    (folder / "metadata.json").write_bytes(text)
    with pytest.raises(InputError, match=r"metadata\.json") as error:
        load(folder)
    assert "\n" not in str(error.value)


TRAINING = TrainingConfig(epochs=2, model=MODEL).to_json()


@pytest.mark.parametrize(
    "changes",
    [
        {"training": None},
        {"training": []},
        {"training": {**TRAINING, "epochs": "x"}},
        {"training": {**TRAINING, "epochs": True}},
        {"training": {**TRAINING, "objective": ["sample"]}},
        {"training": {**TRAINING, "learning_rate": 10**400}},
        {"training": {**TRAINING, "model": 3}},
        {"training": {**TRAINING, "model": {**TRAINING["model"], "hidden": "64"}}},
        {"training": {**TRAINING, "model": {**TRAINING["model"], "image_shape": [[28], 28]}}},
        {"epochs_done": "2"},
        {"epochs_done": True},
        {"epochs_done": -1},
        {"head": "sigma"},
        {"head": ["log_var"]},
        {"data_sha256": 0},
        {"weights_sha256": None},
        {"versions": []},
        {"versions": {"numpy": 2}},
        {"history": {"loss": "x"}},
        {"history": {"loss": ["3"]}},
        {"history": {"loss": 3.0}},
        {"test": "none"},
        {"test": {"kl": "1.0"}},
        {"test": {"kl": [1.0]}},
    ],
    ids=str,
)
def test_refuses_wrong_types(folder: Path, changes: dict[str, Any]) -> None:
    rewrite(folder, **changes)
    with pytest.raises(InputError, match=r"metadata\.json: ") as error:
        load(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["metadata.json", "weights.npz"])
def test_refuses_a_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing"):
        load(folder)


@pytest.mark.parametrize("keep", [0, 10, 500, -30])
def test_refuses_truncated_weights(folder: Path, keep: int) -> None:
    path = folder / "weights.npz"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"weights\.npz is damaged"):
        load(folder)


def test_refuses_the_weights_of_another_model(folder: Path, tmp_path: Path) -> None:
    save(tmp_path / "other", random_arrays(MODEL, seed=1), FIELDS)
    os.replace(tmp_path / "other" / "weights.npz", folder / "weights.npz")
    with pytest.raises(InputError, match=r"expected SHA-256.*received"):
        load(folder)


def test_refuses_a_configuration_that_does_not_fit(folder: Path) -> None:
    rewrite(folder, training={**TRAINING, "model": {**TRAINING["model"], "hidden": [6]}})
    with pytest.raises(InputError, match=r"expected shape \(12, 6\), received \(12, 5\)"):
        load(folder)


def test_refuses_pickled_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", a=np.array([{}], dtype=object))
    np.save(tmp_path / "single.npy", np.zeros(3))
    for name in ("weights.npz", "single.npy"):
        with pytest.raises(InputError, match=f"{name} is damaged or not"):
            read_arrays(tmp_path / name)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_atomically(path, lambda file: file.write(b"old"))

    def fail(file: Any) -> None:
        file.write(b"half of the ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["file"]


class Killed(BaseException):
    """Stands in for SIGKILL: nothing after it runs, no clean-up either."""


def kill_at(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    """Ends the process at the n-th call that changes the disk."""
    calls = iter(range(1_000))

    def dying(real: Any) -> Any:
        def call(*arguments: Any, **settings: Any) -> Any:
            if next(calls) >= moment:
                raise Killed
            return real(*arguments, **settings)

        return call

    for name in ("replace", "fsync"):
        monkeypatch.setattr(os, name, dying(getattr(os, name)))
    # A killed process cannot remove what it has written so far.
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)


@pytest.mark.parametrize("moment", range(6))
def test_a_model_killed_while_it_is_saved_loads(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    first, second = random_arrays(MODEL), random_arrays(MODEL, seed=1)
    later = {**FIELDS, "history": {"loss": [3.0, 2.0]}}
    with monkeypatch.context() as patch:
        kill_at(patch, moment)
        if moment < 5:
            with pytest.raises(Killed):
                save(folder, second, later)
        else:
            save(folder, second, later)
    arrays, metadata = checkpoint.load_arrays(folder)
    # Four calls precede the moment at which the new model counts: two a file.
    expected, history = (second, later["history"]) if moment >= 4 else (first, FIELDS["history"])
    assert metadata.history == history
    for name, value in expected.items():
        np.testing.assert_array_equal(arrays[name], value)
    load(folder)
    save(folder, second, later)  # the next save clears up
    assert load(folder)[1].history == later["history"]
    assert sorted(os.listdir(folder)) == ["metadata.json", "weights.npz"]


@pytest.mark.parametrize("moment", range(9))
def test_a_model_whose_savers_are_killed_one_after_the_other_loads(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    later = {**FIELDS, "history": {"loss": [3.0, 2.0]}}
    for seed, killed_at in ((1, 4), (2, moment)):  # 4: metadata.json describes pending weights
        with monkeypatch.context() as patch, contextlib.suppress(Killed):
            kill_at(patch, killed_at)
            save(folder, random_arrays(MODEL, seed=seed), later)
        arrays, _ = checkpoint.load_arrays(folder)
    seed = 2 if moment >= 5 else 1  # one call more: the first one's weights take their place
    for name, value in random_arrays(MODEL, seed=seed).items():
        np.testing.assert_array_equal(arrays[name], value)
