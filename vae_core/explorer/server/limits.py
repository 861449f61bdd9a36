"""How much training a server allows: settings from the environment, safe for a small machine."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from ...errors import InputError
from ...models.settings import TrainingConfig

__all__ = ["Limits", "free_memory", "server_limits"]

MIB = 2**20
# Limit, use, and what of it is cached files that make room, of a control group.
GROUPS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),  # version 2
    (
        *("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),  # version 1
        *("memory/memory.stat", "total_inactive_file"),
    ),
)


@dataclass(frozen=True)
class Limits:
    """What a visitor may ask for. Each field is set by a variable such as `VAE_TRAIN_EPOCHS`.

    Attributes:
        runs: at a time.
        waiting: runs that may wait for their turn.
        epochs: of a run.
        units: of a hidden layer.
        layers: hidden layers of the encoder, and as many of the decoder.
        samples: draws of z per image.
        seconds: of a run; then it ends as if cancelled.
        models: trained or uploaded ones that the server keeps; the oldest go first.
        free_mib: memory that has to be free for a run to start; 0 asks for none.
    """

    runs: int = 1
    waiting: int = 20
    epochs: int = 100
    units: int = 256
    layers: int = 3
    samples: int = 10
    seconds: int = 600
    models: int = 40
    free_mib: int = 1500

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Limits":
        """The defaults, but for what the environment sets.

        Raises:
            InputError: a variable is not a count in its range.
        """
        values = {}
        for one in fields(cls):
            name = f"VAE_TRAIN_{one.name.upper()}"
            text = environment.get(name)
            if text is None:
                continue
            least = 0 if one.name in ("waiting", "free_mib") else 1
            # Not int() alone, which takes spaces, underscores and other scripts' digits.
            if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
                raise InputError(
                    f"Invalid value received for `{name}`. Expected an integer from {least} on. "
                    f"Received: {name}={text[:40]!r}"
                )
            values[one.name] = int(text)
        return cls(**values)

    def check(self, config: TrainingConfig) -> None:
        """Raises InputError where a run asks for more than this server allows."""
        asked = {
            "epochs": (config.epochs, self.epochs),
            "units of a hidden layer": (max(config.model.hidden), self.units),
            "hidden layers": (len(config.model.hidden), self.layers),
            "samples per image": (
                config.samples if config.trained_for.draws else 1,
                self.samples,
            ),
        }
        for name, (value, most) in asked.items():
            if value > most:
                raise InputError(
                    f"This server trains with at most {most} {name}; received {value}. "
                    "The command line below has no such limit."
                )


@cache
def server_limits() -> Limits:
    """The limits of this server, read once.

    Raises:
        InputError: a variable of the environment is invalid.
    """
    return Limits.from_environment(os.environ)


def free_memory(root: Path = Path("/")) -> float:
    """MiB that a new process can have, by the machine and by its control group; ∞ if unknown."""
    free = [float("inf")]
    try:
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                free.append(int(line.split()[1]) / 1024)
    except (OSError, ValueError):
        pass  # not Linux
    for limit, use, details, cached in GROUPS:
        try:
            most, used, stat = (
                (root / "sys/fs/cgroup" / name).read_text() for name in (limit, use, details)
            )
            reclaimable = dict(line.split() for line in stat.splitlines())[cached]
            free.append((int(most) - int(used) + int(reclaimable)) / MIB)
        except (OSError, ValueError, KeyError):
            pass  # no such group, or "max": no limit
    return min(free)
