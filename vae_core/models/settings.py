"""Settings of a network and of a training run: frozen, validated, to and from JSON."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from ..errors import InputError
from .objectives import OBJECTIVES, Objective

__all__ = [
    "PRESETS",
    "SCHEDULES",
    "ModelConfig",
    "TrainingConfig",
    "command",
    "preset",
]

SCHEDULES = ("constant", "cosine")


def _require(condition: bool, name: str, expected: str, received: object) -> None:
    if not condition:
        raise InputError(
            f"Invalid value received for `{name}`. Expected {expected}. "
            f"Received: {name}={received!r}"
        )


def _is_int(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_real(value: object, low: float, high: float) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and low <= value <= high  # false for NaN
    )


class _JsonRecord:
    """To and from the JSON object that holds a dataclass's fields, no more and no fewer."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, record: object) -> Self:
        names = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        if not isinstance(record, Mapping) or set(record) != names:
            received = sorted(record) if isinstance(record, Mapping) else record
            raise InputError(
                f"Invalid {cls.__name__}. Expected an object with the keys "
                f"{', '.join(sorted(names))}. Received: {received!r}"
            )
        return cls(**record)


@dataclass(frozen=True)
class ModelConfig(_JsonRecord):
    """An encoder and a decoder, mirror images of each other.

    Args:
        image_shape: height and width of an image in pixels.
        hidden: units of the encoder's hidden layers, first to last; the decoder has them reversed.
        latent_dim: dimensions of z.

    Raises:
        InputError: a value is out of range.
    """

    image_shape: tuple[int, int] = (28, 28)
    hidden: tuple[int, ...] = (64,)
    latent_dim: int = 2

    def __post_init__(self) -> None:
        for name in ("image_shape", "hidden"):
            value = getattr(self, name)
            _require(isinstance(value, (list, tuple)), name, "a list of integers", value)
            object.__setattr__(self, name, tuple(value))  # JSON has lists only
        _require(
            len(self.image_shape) == 2 and all(_is_int(n, 1, 64) for n in self.image_shape),
            "image_shape",
            "a height and a width from 1 to 64",
            self.image_shape,
        )
        _require(
            1 <= len(self.hidden) <= 8 and all(_is_int(n, 1, 4096) for n in self.hidden),
            "hidden",
            "1 to 8 layers of 1 to 4096 units",
            self.hidden,
        )
        _require(_is_int(self.latent_dim, 1, 64), "latent_dim", "1 to 64", self.latent_dim)

    @property
    def pixels(self) -> int:
        return self.image_shape[0] * self.image_shape[1]


@dataclass(frozen=True)
class TrainingConfig(_JsonRecord):
    """Everything that decides a trained model's weights, together with its data.

    Args:
        objective: a key of `objectives.OBJECTIVES`.
        samples: draws of z per image and step (objectives `sample` and `blog`).
        quadrature_order: Gauss-Hermite nodes per latent dimension (objective `quadrature`).
        beta: weight of the KL term; ignored by `autoencoder`.
        epochs: passes over the training images.
        batch_size: images per step.
        learning_rate: of Adam, at the first step.
        schedule: `"constant"`, or `"cosine"` from `learning_rate` to zero over the whole run.
        seed: of the initial weights, the order of the images and every draw of ε.
        model: the network.

    Raises:
        InputError: a value is out of range.
    """

    objective: str = "sample"
    samples: int = 1
    quadrature_order: int = 3
    beta: float = 1.0
    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 2e-3
    schedule: str = "cosine"
    seed: int = 0
    model: ModelConfig = field(default_factory=ModelConfig)

    def __post_init__(self) -> None:
        choices = ", ".join(OBJECTIVES)
        known = isinstance(self.objective, str) and self.objective in OBJECTIVES
        _require(known, "objective", f"one of {choices}", self.objective)
        _require(
            _is_int(self.samples, 1, 1000), "samples", "an integer from 1 to 1000", self.samples
        )
        order = self.quadrature_order
        _require(_is_int(order, 1, 64), "quadrature_order", "an integer from 1 to 64", order)
        _require(_is_real(self.beta, 0, 1e6), "beta", "a number from 0 to 1e6", self.beta)
        _require(
            _is_int(self.epochs, 1, 10_000), "epochs", "an integer from 1 to 10000", self.epochs
        )
        _require(
            _is_int(self.batch_size, 1, 10_000),
            "batch_size",
            "an integer from 1 to 10000",
            self.batch_size,
        )
        _require(
            _is_real(self.learning_rate, 1e-12, 1e6),
            "learning_rate",
            "a positive number up to 1e6",
            self.learning_rate,
        )
        _require(
            self.schedule in SCHEDULES, "schedule", f"one of {', '.join(SCHEDULES)}", self.schedule
        )
        _require(
            _is_int(self.seed, 0, 2**31 - 1), "seed", "an integer from 0 to 2147483647", self.seed
        )
        if not isinstance(self.model, ModelConfig):
            object.__setattr__(self, "model", ModelConfig.from_json(self.model))

    @property
    def trained_for(self) -> Objective:
        """What `objective` names."""
        return OBJECTIVES[self.objective]


PRESETS: dict[str, TrainingConfig] = {
    "sample": TrainingConfig(),
    "sample-10": TrainingConfig(samples=10),
    "quadrature": TrainingConfig(objective="quadrature"),
    "mean": TrainingConfig(objective="mean"),
    "autoencoder": TrainingConfig(objective="autoencoder"),
    "blog": TrainingConfig(objective="blog"),
    "large": TrainingConfig(batch_size=256, model=ModelConfig(hidden=(512, 512, 512))),
}


def preset(name: str, **changes: Any) -> TrainingConfig:
    """The settings of a shipped model, with some of them changed.

    Raises:
        InputError: no preset has that name, or a changed value is out of range.
    """
    _require(name in PRESETS, "preset", f"one of {', '.join(PRESETS)}", name)
    return replace(PRESETS[name], **changes)


def command(config: TrainingConfig, out: str = "DIR") -> str:
    """The command line that trains with these settings: the nearest preset and what differs.

    Args:
        config: the settings, for images and latent dimensions as the presets have them.
        out: folder of the model.
    """
    differing = {
        name: {
            f.name: getattr(config, f.name)
            for f in fields(TrainingConfig)
            if getattr(config, f.name) != getattr(preset, f.name)
        }
        for name, preset in PRESETS.items()
    }
    name = min(differing, key=lambda name: len(differing[name]))
    words = ["python", "-m", "vae_core", "train", "--preset", name]
    for field_name, value in differing[name].items():
        if field_name == "model":
            words += ["--hidden", ",".join(str(units) for units in value.hidden)]
        else:
            words += [f"--{field_name.replace('_', '-')}", str(value)]
    return shlex.join([*words, "--out", out])
