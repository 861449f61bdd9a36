"""The command line: what it prints, and one line for whatever is wrong with its input."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.oracles import random_arrays, small_mnist
from vae_core.__main__ import main
from vae_core.errors import InputError
from vae_core.models import checkpoint
from vae_core.models.data import ASSETS, MNIST
from vae_core.models.settings import PRESETS, ModelConfig, TrainingConfig

ROOT = Path(__file__).resolve().parent.parent
CONFIG = TrainingConfig(epochs=1, model=ModelConfig(hidden=(4,)))
METRICS = {
    "reconstruction_loss_at_mean",
    "reconstruction_loss",
    "reconstruction_loss_stderr",
    "kl",
    "negative_elbo",
    "negative_elbo_stderr",
    "negative_log_evidence",
    "negative_log_evidence_stderr",
    "jensen_gap",
    "jensen_gap_stderr",
    "median_stddev",
}


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vae_core", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture
def complaint(capsys: pytest.CaptureFixture[str]):
    """Runs a command that must be refused; returns the one line it prints."""

    def refuse(*arguments: str | Path) -> str:
        assert main([str(argument) for argument in arguments]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("vae_core: ")
        assert captured.err.count("\n") == 1
        assert captured.err.endswith("\n")
        return captured.err

    return refuse


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    fields = {"training": CONFIG, "epochs_done": 1, "head": "log_var", "data_sha256": "0"}
    rest = {"versions": {}, "history": {"loss": [1.0]}, "test": {"kl": 1.0}}
    checkpoint.save(folder, random_arrays(CONFIG.model), {**fields, **rest})
    return folder


@pytest.mark.parametrize(
    ("arguments", "received", "expected"),
    [
        ([], "command", "required"),
        (["paint"], "paint", "train"),
        (["train"], "--out", "required"),
        (["train", "--out", "OUT", "--preset", "medium"], "medium", "sample-10"),
        (["train", "--out", "OUT", "--epochs", "0"], "epochs=0", "1 to 10000"),
        (["train", "--out", "OUT", "--epochs", "1.5"], "1.5", "int"),
        (["train", "--out", "OUT", "--batch-size", "abc"], "abc", "int"),
        (["train", "--out", "OUT", "--batch-size", "-3"], "batch_size=-3", "1 to 10000"),
        (["train", "--out", "OUT", "--learning-rate", "nan"], "learning_rate=nan", "positive"),
        (["train", "--out", "OUT", "--learning-rate", "inf"], "learning_rate=inf", "positive"),
        (["train", "--out", "OUT", "--beta", "-1"], "beta=-1.0", "0 to 1e6"),
        (["train", "--out", "OUT", "--hidden", "12,x"], "12,x", "512,512"),
        (["train", "--out", "OUT", "--hidden", "0"], "hidden=(0,)", "1 to 4096"),
        (["train", "--out", "OUT", "--objective", "vae"], "objective='vae'", "quadrature"),
        (["train", "--out", "OUT", "--schedule", "step"], "schedule='step'", "cosine"),
        (["train", "--out", "OUT", "--seed", "-1"], "seed=-1", "2147483647"),
        (["train", "--out", "OUT", "--data", "absent.npz"], "absent.npz", "does not exist"),
        (["train", "--out", "OUT", "--colour"], "--colour", "unrecognized"),
        (["evaluate", "absent"], "absent", "metadata.json is missing"),
        (["export", "absent", "OUT.keras"], "absent", "metadata.json is missing"),
        (["export", "absent", "OUT.h5"], "OUT.h5", ".keras"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_refuses(
    arguments: list[str], received: str, expected: str, complaint, tmp_path: Path
) -> None:
    line = complaint(*[word.replace("OUT", str(tmp_path / "out")) for word in arguments])
    assert received in line.replace(str(tmp_path / "out"), "OUT")
    assert expected in line
    assert os.listdir(tmp_path) == []


def test_refuses_data_sets(complaint, tmp_path: Path) -> None:
    path, out = tmp_path / "data.npz", tmp_path / "out"
    images, labels = np.zeros((4, 28, 28), np.uint8), np.zeros(4, np.uint8)
    path.write_text("x_train,y_train\n")
    assert "not an .npz file" in complaint("train", "--out", out, "--data", path)
    np.savez(path, images=images)
    assert "x_test is missing" in complaint("train", "--out", out, "--data", path)
    np.savez(path, x_train=images, y_train=labels, x_test=images + 1.5, y_test=labels)
    assert "float64" in complaint("train", "--out", out, "--data", path)
    np.savez(path, x_train=images + 1.5, y_train=labels, x_test=images, y_test=labels)
    assert "float64" in complaint("train", "--out", out, "--data", path)
    np.savez(path, x_train=images[:, :3], y_train=labels, x_test=images, y_test=labels)
    assert "(28, 28)" in complaint("train", "--out", out, "--data", path)
    assert os.listdir(tmp_path) == ["data.npz"]


def test_refuses_a_folder_in_use(complaint, model: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    assert "--overwrite" in complaint("train", "--out", model, "--epochs", "1")
    assert before == {path.name: path.read_bytes() for path in model.iterdir()}
    assert "Expected a folder" in complaint("train", "--out", model / "weights.npz")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metadata.json", "[]"),
        ("metadata.json", "{}"),
        ("metadata.json", "not JSON"),
        ("metadata.json", {"training": {**CONFIG.to_json(), "epochs": "x"}}),
        ("metadata.json", {"history": {"loss": "x"}}),
        ("metadata.json", {"test": {"kl": "x"}}),
        ("metadata.json", {"weights_sha256": "0" * 64}),
        ("weights.npz", "not an archive"),
        ("weights.npz", None),
        ("metadata.json", None),
    ],
    ids=str,
)
def test_refuses_damaged_models(
    name: str, content: str | dict[str, object] | None, complaint, model: Path
) -> None:
    path = model / name
    if content is None:
        path.unlink()
    elif isinstance(content, dict):
        path.write_text(json.dumps({**json.loads(path.read_text()), **content}))
    else:
        path.write_text(content)
    file = model.parent / "model.keras"
    for line in (complaint("evaluate", model), complaint("export", model, file)):
        assert str(model) in line
    assert os.listdir(model.parent) == ["model"]


def test_refuses_truncated_weights(complaint, model: Path) -> None:
    path = model / "weights.npz"
    path.write_bytes(path.read_bytes()[:-100])
    assert str(path) in complaint("evaluate", model)


def test_refuses_to_export_into_nowhere(complaint, model: Path, tmp_path: Path) -> None:
    file = tmp_path / "absent" / "model.keras"
    assert str(file.parent) in complaint("export", model, file)
    assert os.listdir(tmp_path) == ["model"]


def test_refuses_images_of_another_shape(complaint, model: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.npz"
    np.savez(data, x_test=np.zeros((4, 3, 2), np.uint8))
    line = complaint("evaluate", model, "--data", data)
    assert "(28, 28)" in line
    assert "(3, 2)" in line


def test_interrupted_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vae_core.training.loop.train", train)
    assert main(["train", "--out", str(tmp_path / "out")]) == 130
    captured = capsys.readouterr()
    assert captured.err.startswith("Interrupted.")
    assert captured.err.count("\n") == 1


def test_diverged_training(complaint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*_: object) -> None:
        raise InputError("The loss is not finite in epoch 1")

    monkeypatch.setattr("vae_core.training.loop.train", train)
    assert "not finite in epoch 1" in complaint("train", "--out", tmp_path / "out")
    assert os.listdir(tmp_path) == []


def test_train_evaluate_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = small_mnist(MNIST, tmp_path / "data.npz", 640, 50)
    out, file = tmp_path / "deep" / "model", tmp_path / "model.keras"
    settings = ["--epochs", "2", "--batch-size", "64", "--hidden", "16"]
    process = run("train", "--preset", "mean", *settings, "--data", data, "--out", out)
    assert process.returncode == 0, process.stderr
    first, second, last = process.stdout.splitlines()
    assert first.startswith("mean: epoch 1/2  loss ")
    assert second.startswith("mean: epoch 2/2  loss ")
    assert last.startswith(f"{out}: test -ELBO ")
    assert sorted(os.listdir(out)) == ["images.npz", "metadata.json", "weights.npz"]
    metadata = checkpoint.load_metadata(out)
    assert metadata.complete
    assert metadata.training.objective == "mean"

    assert main(["evaluate", str(out), "--data", str(data), "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics.keys() >= METRICS
    assert metrics == pytest.approx(metadata.test, rel=1e-9)
    assert main(["evaluate", str(out), "--data", str(data)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(metrics)

    assert main(["export", str(out), str(file)]) == 0
    assert sorted(os.listdir(tmp_path)) == ["data.npz", "deep", "model.keras"]


def test_refuses_in_a_process() -> None:
    process = run("train", "--out", "never", "--epochs", "0")
    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr == (
        "vae_core: Invalid value received for `epochs`. Expected an integer from 1 to 10000. "
        "Received: epochs=0\n"
    )


def test_train_all_leaves_finished_models_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in PRESETS:
        (tmp_path / name).symlink_to(ASSETS / "models" / name)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert main(["train", "--preset", "all", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("finished already") == len(PRESETS)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    # Other settings: refused, not replaced.
    assert main(["train", "--preset", "all", "--seed", "1", "--out", str(tmp_path)]) == 2
    assert "finished model" in capsys.readouterr().err
