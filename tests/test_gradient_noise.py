"""Noise of the training gradient: the shipped measurement, and how it is made."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.oracles import random_arrays, small_mnist
from vae_core.__main__ import main
from vae_core.errors import InputError
from vae_core.experiments.gradient_record import (
    PARTS,
    WEIGHTS,
    GradientNoise,
    Row,
    follows_one_over_l,
    load_gradients,
)
from vae_core.models import checkpoint
from vae_core.models.data import ASSETS, MNIST, Dataset
from vae_core.models.settings import ModelConfig, TrainingConfig
from vae_core.training import gradient_noise
from vae_core.training.gradient_noise import BATCHES, SAMPLES, measure

SHIPPED = ASSETS / "experiments" / "gradients.json"
CONFIG = TrainingConfig(epochs=1, model=ModelConfig(hidden=(4,)))
FEW = {8: 12, 20: 10}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset(small_mnist(MNIST, tmp_path_factory.mktemp("data") / "data.npz", 200, 10))


@pytest.fixture(scope="module")
def folder(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("models") / "tiny", dataset)


def save(
    folder: Path, dataset: Dataset, config: TrainingConfig = CONFIG, **changed: np.ndarray
) -> Path:
    fields = {"epochs_done": 1, "head": "log_var", "data_sha256": dataset.sha256()}
    rest: dict[str, Any] = {"versions": {}, "history": {}, "test": {}}
    arrays = random_arrays(config.model) | changed
    checkpoint.save(folder, arrays, {"training": config, **fields, **rest})
    return folder


@pytest.fixture(scope="module")
def record(folder: Path, dataset: Dataset) -> dict[str, Any]:
    return measure(folder, dataset, seed=3, batches=FEW, samples=(1, 4), command="again")


def test_shipped_measurement_belongs_to_the_shipped_model() -> None:
    noise, metadata = load_gradients(SHIPPED), checkpoint.load_metadata(ASSETS / "models/sample")
    assert noise.model == "sample"
    assert noise.weights_sha256 == metadata.weights_sha256
    assert noise.data_sha256 == metadata.data_sha256
    assert noise.batches == BATCHES
    assert noise.command == "python -m vae_core measure"
    assert len(noise.rows) == len(WEIGHTS) * len(PARTS) * len(BATCHES) * len(SAMPLES)


def test_shipped_variance_of_epsilon_falls_as_one_over_l() -> None:
    deviation = follows_one_over_l(load_gradients(SHIPPED).rows)
    assert deviation.settings == len(WEIGHTS) * len(PARTS) * len(BATCHES) * (len(SAMPLES) - 1)
    assert deviation.errors < 3.7, deviation


def test_shipped_errors_are_small() -> None:
    for row in load_gradients(SHIPPED).rows:
        assert row.share_stderr < 0.1 * row.share, row
        assert row.share == pytest.approx(row.epsilon / row.total, rel=1e-5)
        assert 0 < row.share < 1


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_shipped_variance_falls_with_the_batch(weights: str, part: str) -> None:
    # Batches are independent draws: tr Cov(g) is that of one image by the batch size.
    noise = load_gradients(SHIPPED)
    first, *rest = [noise.row(weights, part, size, 1) for size in BATCHES]
    for row in rest:
        ratio = row.epsilon / first.epsilon * row.batch_size / first.batch_size
        error = ratio * np.hypot(
            row.epsilon_stderr / row.epsilon, first.epsilon_stderr / first.epsilon
        )
        assert abs(ratio - 1) < 4 * error, row


def test_measurement_of_a_small_model(record: dict[str, Any], folder: Path) -> None:
    noise = GradientNoise.from_json(json.loads(json.dumps(record)))
    assert noise.to_json() == record
    assert noise.model == "tiny"
    assert noise.weights_sha256 == checkpoint.load_metadata(folder).weights_sha256
    assert (noise.seed, noise.batches, noise.command) == (3, FEW, "again")
    assert len(noise.rows) == 2 * 2 * 2 * 2
    for row in noise.rows:
        assert row.epsilon > 0
        assert 0 < row.total_stderr < row.total
        assert float(f"{row.total:.6g}") == row.total
    ones = [row for row in noise.rows if row.samples == 1]
    assert {(row.scaled, row.scaled_stderr) for row in ones} == {(1.0, 0.0)}
    assert follows_one_over_l(noise.rows).errors < 5


@pytest.mark.long  # two measurements
def test_equal_seeds_give_equal_numbers(
    record: dict[str, Any], folder: Path, dataset: Dataset
) -> None:
    few = {8: 12}
    kept = [row for row in record["rows"] if row["batch_size"] == 8 and row["weights"] == "start"]
    again, other = (
        measure(folder, dataset, seed, few, (1, 4))["rows"][: len(kept)] for seed in (3, 4)
    )
    assert again == kept
    assert other != kept


def test_gradients_are_those_of_the_loss() -> None:
    import tensorflow as tf

    from vae_core.keras_model import VariationalAutoencoder

    config = replace(CONFIG, objective="quadrature", beta=0.5)  # no ε: both see the same points
    model = VariationalAutoencoder(config)
    model.build((None, 784))
    x = np.random.default_rng(0).uniform(size=(5, 784)).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=x, y_pred=model(x))
    variables = model.trainable_variables
    expected = tape.gradient(loss, [variable.value for variable in variables])
    received = model.gradients(x)
    for part, name in zip(received, PARTS, strict=True):
        chosen = [
            np.ravel(gradient)
            for gradient, variable in zip(expected, variables, strict=True)
            if variable.path.split("/")[-2].startswith(name)
        ]
        assert len(chosen) == {"encoder": 6, "decoder": 4}[name]
        np.testing.assert_allclose(part, np.concatenate(chosen), rtol=1e-4, atol=1e-4)


def test_gradients_draw_afresh_and_repeat_with_the_seed() -> None:
    from vae_core.keras_model import VariationalAutoencoder

    x = np.random.default_rng(0).uniform(size=(5, 784)).astype(np.float32)
    first, second = VariationalAutoencoder(CONFIG), VariationalAutoencoder(CONFIG)
    one, again, same = (model.gradients(x)[0].numpy() for model in (first, first, second))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, again)


def test_variances_of_known_vectors() -> None:
    # g = a + b: a of the batch with covariance 4 I, b of ε with covariance I, 3 dimensions.
    rng = np.random.default_rng(0)
    count = 4000
    images = 2 * rng.normal(size=(count, 3))
    first, second = (images + rng.normal(size=(count, 3)) for _ in range(2))
    total, epsilon = gradient_noise._total(first, second), gradient_noise._epsilon(first, second)
    share = epsilon / total
    for figure, expected in [(total, 15), (epsilon, 3), (share, 0.2)]:
        assert abs(figure.value - expected) < 4 * figure.stderr
        assert figure.stderr < 0.05 * expected
    # Replicates are values without one batch; the jackknife of an average is its error.
    left = np.arange(1, count)
    assert total.without[0] == pytest.approx(
        gradient_noise._total(first[left], second[left]).value, rel=1e-12
    )
    assert epsilon.without[0] == pytest.approx(
        gradient_noise._epsilon(first[left], second[left]).value, rel=1e-12
    )
    halves = 0.5 * np.sum((first - second) ** 2, axis=1)
    assert epsilon.stderr == pytest.approx(halves.std(ddof=1) / np.sqrt(count), rel=1e-9)


def row(samples: int, scaled: float, stderr: float) -> Row:
    return Row("start", "encoder", 32, samples, 2.0, 0.1, 1.0, 0.1, 0.5, 0.1, scaled, stderr)


def test_follows_one_over_l_finds_the_worst() -> None:
    rows = [row(1, 1.0, 0.0), row(2, 1.2, 0.1), row(5, 0.7, 0.1), row(10, 1.4, 0.5)]
    deviation = follows_one_over_l(rows)
    assert deviation.row == rows[2]
    assert deviation.errors == pytest.approx(3)
    assert deviation.settings == 3
    with pytest.raises(InputError, match="more than 1 sample"):
        follows_one_over_l(rows[:1])


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda r: [], "format 1"),
        (lambda r: r | {"format": 2}, "format 1"),
        (lambda r: {k: v for k, v in r.items() if k != "seed"}, "seed"),
        (lambda r: r | {"seed": -1}, "'seed' to be a count, received -1"),
        (lambda r: r | {"weights_sha256": 1}, "'weights_sha256' to be a string"),
        (lambda r: r | {"versions": {"numpy": 2}}, "'versions'"),
        (lambda r: r | {"batches": {"x": 2}}, "'batches'"),
        (lambda r: r | {"rows": {}}, "'rows'"),
        (lambda r: r | {"rows": [*r["rows"][:-1], 1]}, "'rows'"),
        (lambda r: r | {"rows": [*r["rows"][:-1], r["rows"][-1] | {"share": "x"}]}, "'rows'"),
        (lambda r: r | {"rows": [*r["rows"][:-1], r["rows"][-1] | {"share": np.nan}]}, "'rows'"),
        (lambda r: r | {"rows": [*r["rows"][:-1], r["rows"][-1] | {"part": "x"}]}, "'rows'"),
        (lambda r: r | {"rows": r["rows"][:-1]}, "one row for each setting"),
        (lambda r: r | {"rows": [*r["rows"], r["rows"][0]]}, "one row for each setting"),
        (lambda r: r | {"rows": []}, "one row for each setting"),
    ],
)
def test_refuses_damaged_files(damage: Any, expected: str, record: Any, tmp_path: Path) -> None:
    path = tmp_path / "gradients.json"
    path.write_text(json.dumps(damage(record)))
    with pytest.raises(InputError) as caught:
        load_gradients(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert expected in message
    assert "\n" not in message


def test_refuses_what_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "gradients.json"
    with pytest.raises(InputError, match="is missing"):
        load_gradients(path)
    for content in (b"", b"\xff", SHIPPED.read_bytes()[:-100], b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(InputError, match="is not JSON"):
            load_gradients(path)
    with pytest.raises(InputError, match="cannot be read"):
        load_gradients(tmp_path)


def test_refuses_what_it_cannot_measure(folder: Path, dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 500 training images"):
        measure(folder, dataset)
    with pytest.raises(InputError, match="another data set"):
        measure(folder, Dataset())
    with pytest.raises(InputError, match="received 'mean'"):
        measure(save(tmp_path / "mean", dataset, replace(CONFIG, objective="mean")), dataset)


def test_refuses_a_decoder_that_ignores_z(dataset: Dataset, tmp_path: Path) -> None:
    deaf = save(tmp_path / "deaf", dataset, **{"decoder/logits/kernel": np.zeros((4, 784), "f4")})
    with pytest.raises(InputError, match="deaf: the encoder's gradient at the weights of the tr"):
        measure(deaf, dataset, batches={8: 3}, samples=(1,))


def test_command(
    folder: Path,
    dataset: Dataset,
    record: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def few(*arguments: Any, **rest: Any) -> dict[str, Any]:
        rest["on_rows"](GradientNoise.from_json(record).rows[:2])
        assert arguments == (folder, dataset, 3)
        return record | {"command": rest["command"]}

    monkeypatch.setattr(gradient_noise, "check", lambda *_: None)  # the data set is too small
    monkeypatch.setattr(gradient_noise, "measure", few)
    flags = ["--model", str(folder), "--data", str(dataset.path), "--seed", "3"]
    assert main(["measure", *flags, "--out", str(tmp_path / "out")]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("start, batches of 8, 1 samples: share of ε encoder 0.")
    assert last == f"{tmp_path / 'out' / 'gradients.json'} written"
    noise = load_gradients(tmp_path / "out" / "gradients.json")
    assert noise.rows == GradientNoise.from_json(record).rows
    assert noise.command == f"python -m vae_core measure {' '.join(flags)} --out {tmp_path / 'out'}"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--model", "absent"], "metadata.json is missing"),
        (["--data", "absent.npz"], "absent.npz"),
        (["--seed", "-1"], "seed=-1"),
        (["--seed", "x"], "'x'"),
        (["--out", "README.md"], "Expected a folder"),
        (["--out", "README.md/deep"], "README.md/deep: Not a directory"),
    ],
)
def test_command_refuses(
    flags: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measure", *flags]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("vae_core: ")
    assert captured.err.count("\n") == 1
    assert expected in captured.err
