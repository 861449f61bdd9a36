"""The recorded runs: what is shipped, what a file keeps, and how a damaged one is refused."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vae_core.__main__ import main
from vae_core.errors import InputError
from vae_core.explorer.server.library import load_test_images
from vae_core.explorer.server.recordings import load_recorded, recorded_name
from vae_core.models import recorded_run
from vae_core.models.data import Dataset
from vae_core.models.frames import SAMPLES, SHOWN, Frame, Portrait
from vae_core.models.recorded_run import FOLDER, MEASURES, RECORDED, SHORT, RecordedRun, read, write

Arrays = dict[str, NDArray[Any]]


def made_up(epochs: int = 3, points: int = 40) -> RecordedRun:
    rng = np.random.default_rng(0)
    frames = [
        Frame(
            epoch,
            rng.normal(0, 1 + epoch, (points, 2)),
            rng.uniform(0.01, 1, (10, 2)),
            Portrait(
                rng.standard_normal((2 + SAMPLES, 2)).astype(np.float32),
                rng.integers(0, 256, (1 + SAMPLES, 784), np.uint8),
                rng.uniform(100, 200, 1 + SAMPLES).astype(np.float32),
            ),
        )
        for epoch in range(epochs + 1)
    ]
    measures: list[dict[str, float | None]] = [
        dict(zip(MEASURES, (150.25, 151.5, None, 0.1, 0.01), strict=True)) for _ in frames
    ]
    history = {"test_loss": [200.0 - epoch for epoch in range(epochs)]}
    config = replace(SHORT, epochs=epochs)
    return RecordedRun("made-up", config, "0" * 64, {"numpy": "2"}, frames, measures, history)


# --- what is shipped ------------------------------------------------------------------------------


def test_a_run_of_every_objective_is_shipped_and_small() -> None:
    assert sorted(file.name for file in FOLDER.iterdir()) == sorted(f"{n}.npz" for n in RECORDED)
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 1.2e6
    assert {config.objective for config in RECORDED.values()} == {
        *("sample", "quadrature", "mean", "autoencoder", "blog")
    }
    assert RECORDED["sample-10"].samples == 10


@pytest.mark.parametrize("name", RECORDED)
def test_a_shipped_run_is_the_whole_run_of_its_settings(name: str) -> None:
    run = load_recorded(name, load_test_images())
    assert run.config == RECORDED[name]
    assert recorded_name(run.config) == recorded_name(replace(run.config, seed=7)) == name
    assert run.data_sha256 == Dataset().sha256()
    assert set(run.versions) == {"keras", "tensorflow", "numpy"}
    assert [frame.epoch for frame in run.frames] == [*range(run.config.epochs + 1)]
    assert all(frame.points.shape == (SHOWN, 2) for frame in run.frames)
    assert {len(curve) for curve in run.history.values()} == {run.config.epochs}


@pytest.mark.parametrize("name", RECORDED)
def test_the_samples_of_a_shipped_run_are_those_of_its_q(name: str) -> None:
    epsilon = np.random.default_rng(1).standard_normal((SAMPLES, 2))
    for frame in load_recorded(name, load_test_images()).frames:
        assert frame.portrait is not None
        mean, stddev, *z = frame.portrait.places
        np.testing.assert_allclose(z, mean + stddev * epsilon, rtol=1e-5, atol=1e-5)
        assert np.isfinite(frame.portrait.losses).all()


def test_shipped_runs_begin_at_the_same_weights_and_end_as_the_page_says() -> None:
    runs = {name: load_recorded(name, load_test_images()) for name in RECORDED}
    for run in runs.values():
        np.testing.assert_allclose(run.frames[0].points, runs["sample"].frames[0].points, atol=0.05)
    last = {name: run.measures[-1] for name, run in runs.items()}
    price = {
        name: one["sampled_loss"] - one["loss_at_mean"]
        for name, one in last.items()
        if one["sampled_loss"] is not None and one["loss_at_mean"] is not None
    }
    assert set(price) == set(RECORDED) - {"autoencoder"}
    assert price["mean"] > 100
    assert all(0.2 < price[name] < 2 for name in price if name != "mean")
    assert last["mean"]["stddev"] == pytest.approx(1, abs=0.02)
    assert all((last[name]["stddev"] or 1) < 0.2 for name in price if name != "mean")
    assert runs["sample"].history["test_loss"][-1] < 154.5  # as the README says


# --- the file -------------------------------------------------------------------------------------


def test_a_file_keeps_a_run(tmp_path: Path) -> None:
    run, file = made_up(), tmp_path / "runs" / "made-up.npz"
    write(run, file)
    again = read(file)
    extent = max(np.abs(frame.points).max() for frame in run.frames)
    assert (again.name, again.config, again.versions) == (run.name, run.config, run.versions)
    assert (again.measures, again.history) == (run.measures, run.history)
    for kept, frame in zip(again.frames, run.frames, strict=True):
        assert np.abs(kept.points - frame.points).max() <= 0.51 * extent / recorded_run.STEPS
        np.testing.assert_allclose(kept.stddev, frame.stddev, rtol=1e-6)
        assert kept.portrait is not None
        assert frame.portrait is not None
        np.testing.assert_array_equal(kept.portrait.pictures, frame.portrait.pictures)
        np.testing.assert_array_equal(kept.portrait.places, frame.portrait.places)
        np.testing.assert_array_equal(kept.portrait.losses, frame.portrait.losses)


def test_a_frame_without_a_portrait_is_not_written(tmp_path: Path) -> None:
    run = made_up()
    bare = replace(run, frames=[Frame(0, run.frames[0].points, run.frames[0].stddev)])
    with pytest.raises(InputError, match="expected a portrait in every frame"):
        write(bare, tmp_path / "bare.npz")
    assert [*tmp_path.iterdir()] == []


def edit(change: Callable[[Arrays], object]) -> Callable[[bytes], bytes]:
    def edited(payload: bytes) -> bytes:
        with np.load(BytesIO(payload)) as archive:
            arrays = dict(archive)
        change(arrays)
        buffer = BytesIO()
        np.savez_compressed(buffer, **arrays)
        return buffer.getvalue()

    return edited


def record(**changes: Any) -> Callable[[bytes], bytes]:
    def change(arrays: Arrays) -> None:
        told = json.loads(arrays["record"].tobytes()) | changes
        arrays["record"] = np.frombuffer(json.dumps(told).encode(), np.uint8)

    return edit(change)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda payload: b"",
    "its first half": lambda payload: payload[: len(payload) // 2],
    "a pickle": lambda payload: pickle.dumps({"points": 1}),
    "objects": edit(lambda arrays: arrays.update(points=np.array([None, "a"], object))),
    "no record": edit(lambda arrays: arrays.pop("record")),
    "no JSON": edit(lambda arrays: arrays.update(record=np.frombuffer(b"{", np.uint8))),
    "another format": record(format=2),
    "no settings": record(training=None),
    "other epochs": record(training=replace(SHORT, epochs=4).to_json()),
    "no scale": record(scale="1"),
    "a negative scale": record(scale=-1.0),
    "few measures": record(measures=[]),
    "measures of other names": record(measures=[{"loss": 1.0}] * 4),
    "measures that are words": record(measures=[dict.fromkeys(MEASURES, "a")] * 4),
    "a short history": record(history={"loss": [1.0]}),
    "no history": record(history=[1.0]),
    "versions of no shape": record(versions=["numpy"]),
    "no pictures": edit(lambda arrays: arrays.pop("pictures")),
    "pictures of floats": edit(
        lambda arrays: arrays.update(pictures=arrays["pictures"].astype(np.float32))
    ),
    "points of floats": edit(
        lambda arrays: arrays.update(points=arrays["points"].astype(np.float32))
    ),
    "no points": edit(lambda arrays: arrays.update(points=arrays["points"][:, :0])),
    "infinite stddev": edit(lambda arrays: arrays["stddev"].fill(np.inf)),
    "places of NaN": edit(lambda arrays: arrays["places"].fill(np.nan)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_in_one_sentence(damage: str, tmp_path: Path) -> None:
    file = tmp_path / "made-up.npz"
    write(made_up(), file)
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    with pytest.raises(InputError) as refused:
        read(file)
    message = str(refused.value)
    assert message.startswith("Recorded run made-up: ")
    assert "\n" not in message


def test_a_missing_file_and_other_images_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded_run, "FOLDER", tmp_path)
    with pytest.raises(InputError, match=r"^Recorded run mean: .* is missing$"):
        load_recorded("mean", load_test_images())
    write(made_up(), tmp_path / "mean.npz")
    with pytest.raises(InputError, match="expected 2000 test images, received 40"):
        load_recorded("mean", load_test_images())


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--run", "median"], "Expected one of sample, sample-10, quadrature, mean, autoencoder"),
        (["--epochs", "0"], "Expected an integer from 1 to 10000"),
        (["--seed", "-1"], "Expected an integer from 0 to"),
        (["--data", "absent.npz"], "absent.npz"),
    ],
)
def test_wrong_input_is_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", *arguments, "--out", str(tmp_path / "runs")]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.long  # an epoch of the blog's network
def test_the_command_makes_what_is_shipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", "--run", "mean", "--epochs", "1", "--out", str(tmp_path)]) == 0
    assert f"{tmp_path / 'mean.npz'} written" in capsys.readouterr().out
    run, shipped = read(tmp_path / "mean.npz"), load_recorded("mean", load_test_images())
    assert run.config == replace(RECORDED["mean"], epochs=1)
    assert run.data_sha256 == shipped.data_sha256
    assert len(run.frames) == len(run.measures) == 2
    # Equal seeds give equal initial weights; a cosine over one epoch is another run from then on.
    begun, expected = run.frames[0], shipped.frames[0]
    np.testing.assert_allclose(begun.points, expected.points, atol=2e-3)
    np.testing.assert_allclose(begun.stddev, expected.stddev, rtol=1e-3)
    assert run.measures[0] == pytest.approx(shipped.measures[0], rel=1e-3)
    assert (run.measures[1]["loss_at_mean"] or 1e9) < 200
