"""Records a run: an ordinary worker, and all that it tells."""

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..child_process import child_environment, module_command
from ..errors import InputError
from ..models import checkpoint
from ..models.data import Dataset
from ..models.frames import Frame, frame_of
from ..models.recorded_run import RecordedRun
from ..models.settings import TrainingConfig

__all__ = ["record"]

Listener = Callable[[dict[str, Any]], None]


def record(
    name: str, config: TrainingConfig, dataset: Dataset, on_epoch: Listener | None = None
) -> RecordedRun:
    """A run from its first to its last epoch, as the page Train would show it.

    Args:
        name: of the run.
        config: its settings.
        dataset: what it is trained on.
        on_epoch: called with each event of a complete epoch.

    Raises:
        InputError: the run failed.
    """
    frames: list[Frame] = []
    measures: list[dict[str, float | None]] = []
    history: dict[str, list[float]] = {}
    outcome, message = "failed", "the process ended without a word"
    with tempfile.TemporaryDirectory(prefix="vae-record-") as scratch:
        folder = Path(scratch, "model")
        request = {"config": config.to_json(), "data": str(dataset.path), "folder": str(folder)}
        with subprocess.Popen(
            module_command("vae_core.training.worker"),
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                event = json.loads(line)
                if event["event"] == "end":
                    outcome, message = event["outcome"], event["message"]
                elif event["event"] == "epoch":
                    frames.append(frame_of(event))
                    measures.append(event["measures"])
                    for key, value in event["values"].items():
                        history.setdefault(key, []).append(float(value))
                    if on_epoch and event["values"]:
                        on_epoch(event)
        if outcome != "finished":
            raise InputError(f"Run {name} was not recorded: {message or outcome}")
        metadata = checkpoint.load_metadata(folder)
    return RecordedRun(
        name, config, metadata.data_sha256, metadata.versions, frames, measures, history
    )
