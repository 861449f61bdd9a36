"""Settings: what is refused, what survives JSON, what the shipped models are."""

import json
import shlex
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from vae_core.__main__ import main
from vae_core.errors import InputError
from vae_core.models.settings import (
    OBJECTIVES,
    PRESETS,
    ModelConfig,
    TrainingConfig,
    command,
    preset,
)

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize("name", PRESETS)
def test_json_round_trip(name: str) -> None:
    config = PRESETS[name]
    assert TrainingConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("objective", "samples"),
        ("objective", None),
        ("objective", ["sample"]),
        ("samples", 0),
        ("samples", True),
        ("samples", 1.0),
        ("quadrature_order", 65),
        ("beta", -1e-9),
        ("beta", NAN),
        ("beta", "1"),
        ("epochs", 0),
        ("epochs", "x"),
        ("epochs", 10_001),
        ("batch_size", 0),
        ("batch_size", None),
        ("learning_rate", 0.0),
        ("learning_rate", NAN),
        ("learning_rate", INFINITY),
        ("learning_rate", 10**400),
        ("schedule", "linear"),
        ("schedule", {}),
        ("seed", -1),
        ("seed", 2**31),
    ],
)
def test_refuses_training_value(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"`{name}`.*Expected.*Received") as error:
        TrainingConfig(**{name: value})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_shape", (28,)),
        ("image_shape", (28, 28, 1)),
        ("image_shape", (0, 28)),
        ("image_shape", 28),
        ("hidden", ()),
        ("hidden", (64, 0)),
        ("hidden", (64.0,)),
        ("hidden", (64,) * 9),
        ("hidden", "64"),
        ("latent_dim", 0),
        ("latent_dim", 65),
    ],
)
def test_refuses_model_value(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"`{name}`.*Expected.*Received"):
        ModelConfig(**{name: value})


@pytest.mark.parametrize("record", [None, [], {}, "sample", 3])
def test_refuses_other_records(record: object) -> None:
    with pytest.raises(InputError, match="Invalid TrainingConfig"):
        TrainingConfig.from_json(record)
    with pytest.raises(InputError, match="Invalid ModelConfig"):
        TrainingConfig.from_json({**TrainingConfig().to_json(), "model": record})


@pytest.mark.parametrize("name", [f.name for f in fields(TrainingConfig)])
def test_record_needs_every_key_and_no_other(name: str) -> None:
    record = TrainingConfig().to_json()
    with pytest.raises(InputError, match="Invalid TrainingConfig"):
        TrainingConfig.from_json({**record, f"{name}_": 1})
    del record[name]
    with pytest.raises(InputError, match="Invalid TrainingConfig"):
        TrainingConfig.from_json(record)


def test_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        TrainingConfig().epochs = 3


def test_presets_differ_in_their_objective_only() -> None:
    small = {name: config for name, config in PRESETS.items() if name != "large"}
    common = {replace(config, objective="sample", samples=1) for config in small.values()}
    assert common == {PRESETS["sample"]}
    assert {config.objective for config in small.values()} == set(OBJECTIVES)
    assert PRESETS["large"].objective == "sample"


def test_blog_recipe_settings() -> None:
    config = PRESETS["blog"]
    assert (config.epochs, config.batch_size, config.model.hidden) == (100, 32, (64,))
    assert (config.model.pixels, config.model.latent_dim) == (784, 2)


def test_preset_with_changes() -> None:
    assert preset("mean", epochs=3) == replace(PRESETS["mean"], epochs=3)
    with pytest.raises(InputError, match=r"`preset`.*sample-10.*preset='medium'"):
        preset("medium")
    with pytest.raises(InputError, match=r"`epochs`"):
        preset("mean", epochs=0)


@pytest.mark.parametrize("name", PRESETS)
def test_command_of_a_preset_names_it(name: str) -> None:
    assert command(PRESETS[name]) == f"python -m vae_core train --preset {name} --out DIR"


@pytest.mark.parametrize(
    "config",
    [
        TrainingConfig(objective="mean", beta=392.0, epochs=3, learning_rate=1e-5, seed=7),
        TrainingConfig(samples=10, batch_size=128, schedule="constant"),
        TrainingConfig("quadrature", 2, 5, model=ModelConfig(hidden=(48, 32))),
    ],
)
def test_command_gives_the_settings_back(
    config: TrainingConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[TrainingConfig] = []
    monkeypatch.setattr(
        "vae_core.__main__._train_one", lambda _, config, *rest: received.append(config)
    )
    words = shlex.split(command(config, "a folder"))
    assert words[:4] == ["python", "-m", "vae_core", "train"]
    assert main(words[3:]) == 0
    assert received == [config]
