"""From somebody's own images to their page: `train --data FILE.npz`, then `VAE_MODELS`."""

import json
from pathlib import Path

import numpy as np
import pytest

from vae_core.__main__ import main
from vae_core.explorer.server import library
from vae_core.models.checkpoint import read_arrays
from vae_core.models.data_files import IMAGES, open_data

from .explore_page import panel, run_page
from .test_data_files import idx

COUNTS = {"train": 64, "test": 20}


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of bars, upright or level, 12 pixels high and 10 wide."""
    chance = np.random.default_rng(0)
    arrays = {}
    for split, count in COUNTS.items():
        images, labels = np.zeros((count, 12, 10), np.uint8), chance.integers(0, 2, count)
        for image, label in zip(images, labels, strict=True):
            place = chance.integers(2, 8)
            image[(slice(None), place) if label else (place, slice(None))] = 255
        arrays |= {f"x_{split}": images, f"y_{split}": labels.astype(np.uint8)}
    path = tmp_path_factory.mktemp("data") / "bars.npz"
    np.savez(path, **arrays, class_names=np.array(["level", "upright"]))
    return path


def train(data: Path, out: Path, *more: str) -> int:
    settings = ["--epochs", "2", "--batch-size", "16", "--hidden", "8"]
    return main(["train", "--data", str(data), "--out", str(out), *settings, *more])


@pytest.fixture(scope="module")
def trained(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    assert train(shapes, folder / "bars") == 0
    return folder


def test_the_test_images_stay_beside_the_model(trained: Path) -> None:
    files = {path.name for path in (trained / "bars").iterdir()}
    assert files == {"weights.npz", "metadata.json", IMAGES}


def test_a_model_is_evaluated_on_its_own_images(
    trained: Path, shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(trained / "bars"), "--json"]) == 0
    by_default = json.loads(capsys.readouterr().out)
    assert main(["evaluate", str(trained / "bars"), "--data", str(shapes), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == by_default
    assert main(["evaluate", str(trained / "bars"), "--data", "mnist"]) == 2
    assert "expected images of (12, 10) pixels" in capsys.readouterr().err


@pytest.mark.usefixtures("fresh_caches")
def test_the_page_shows_them(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.VARIABLE, str(trained))
    library._brought.cache_clear()  # a thread of the last test may have asked meanwhile
    at = run_page(image="3")
    assert not at.exception
    assert not at.error
    shown = panel(at, "model")
    assert shown["model"].startswith("bars-")
    assert shown["xCaption"] in ("x: level", "x: upright")
    assert at.selectbox(key="versus").value == "none"
    assert list(at.selectbox(key="digit").options) == ["any", "level", "upright"]


def test_idx_files_give_the_same_model(trained: Path, shapes: Path, tmp_path: Path) -> None:
    for name, file in {
        "x_train": "train-images-idx3-ubyte",
        "y_train": "train-labels-idx1-ubyte",
        "x_test": "t10k-images-idx3-ubyte",
        "y_test": "t10k-labels-idx1-ubyte",
    }.items():
        with np.load(shapes) as archive:
            (tmp_path / file).write_bytes(idx(archive[name]))
    assert train(tmp_path, tmp_path / "model") == 0
    one, other = (
        read_arrays(folder / "weights.npz") for folder in (tmp_path / "model", trained / "bars")
    )
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])
    assert open_data(str(tmp_path)).class_names() == ("0", "1")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_test": np.zeros((3, 5, 5), np.uint8)}, "x_train is missing"),
        ({"x_train": np.zeros((3, 5, 5), np.uint8)}, "x_test is missing"),
        (
            {"x_train": np.zeros((40, 70, 5), np.uint8), "x_test": np.zeros((3, 70, 5), np.uint8)},
            "at most 64 pixels each way",
        ),
        (
            {"x_train": np.zeros((40, 6, 5), np.uint8), "x_test": np.zeros((3, 5, 5), np.uint8)},
            "expected images of",
        ),
        (
            {"x_train": np.zeros((40, 5, 5, 3), np.uint8), "x_test": np.zeros((3, 5, 5), np.uint8)},
            "x_train of shape (images, height, width)",
        ),
    ],
)
def test_what_is_no_data_set_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arrays: dict[str, np.ndarray],
    message: str,
) -> None:
    np.savez(tmp_path / "data.npz", **arrays)
    assert train(tmp_path / "data.npz", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
