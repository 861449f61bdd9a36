"""A training run in a process of its own: python -m vae_core.training.worker

Standard input brings one line, a JSON object with the keys `config`, `data` and `folder`; with
`drawing`, a packed picture, its q is told with those of the test images. Later a line `cancel`
asks the run to end; the end of the input, which comes when the caller dies however it dies, ends
the process at once. Standard output gives one JSON object a line:

    {"event": "epoch", "epoch": 1, "epochs": 20, "seconds": 2.5, "values": {…}, "measures": {…},
     "mean": base64 of float32, "stddev": base64 of float32,
     "portrait": {"places": base64 of float32, "pictures": of uint8, "losses": of float32}}
                                                                 before the first step: epoch 0
    {"event": "step", "step": 75, "steps": 600}
    {"event": "end", "outcome": "finished", "cancelled" or "failed", "message": ""}

The folder keeps every complete epoch, and at the end the `.keras` file too.
"""

import contextlib
import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from ..errors import InputError
from ..models import checkpoint
from ..models.archive import KERAS_FILE
from ..models.data import Dataset
from ..models.drawn_digit import unpack
from ..models.frames import encoded
from ..models.settings import TrainingConfig
from .snapshot import Snapshot, Snapshots

__all__ = ["main"]

NICENESS = 10  # whoever looks at a page goes first


class _Cancelled(BaseException):
    """Raised in the training loop when the caller asks for an end."""


class _Channel:
    """The caller's wishes and the events told to it."""

    def __init__(self, wishes: TextIO, events: TextIO) -> None:
        self.wishes = wishes
        self.events = events
        self.cancelled = False
        self.worth_keeping = False  # an epoch is complete

    def listen(self) -> None:
        """Reads wishes until there are none; in a thread."""
        for line in self.wishes:
            if line.strip() == "cancel":
                self.cancelled = True
                if not self.worth_keeping:
                    os._exit(0)  # TensorFlow may be loading, which nothing interrupts
        os._exit(1)  # the caller is gone

    def tell(self, event: str, **content: Any) -> None:
        self.events.write(json.dumps({"event": event, **content}) + "\n")
        self.events.flush()

    def check(self) -> None:
        if self.cancelled:
            raise _Cancelled


def _told(snapshot: Snapshot) -> dict[str, Any]:
    """The keys of an event that a snapshot fills; float32 is enough for a picture."""
    portrait = snapshot.portrait
    return {
        "measures": snapshot.measures,
        "mean": encoded(snapshot.mean, "<f4"),
        "stddev": encoded(snapshot.stddev, "<f4"),
        "portrait": {
            "places": encoded(portrait.places, "<f4"),
            "pictures": encoded(portrait.pictures, "u1"),
            "losses": encoded(portrait.losses, "<f4"),
        },
    }


def _complete(folder: Path) -> bool:
    return (folder / "metadata.json").exists() and checkpoint.load_metadata(folder).complete


def _run(request: dict[str, Any], channel: _Channel) -> None:
    config = TrainingConfig.from_json(request["config"])
    dataset, folder = Dataset(Path(request["data"])), Path(request["folder"])
    snapshots = Snapshots(config, dataset, unpack(request.get("drawing", "")))
    from . import loop as training  # TensorFlow: only now, after wrong input has been answered

    def on_progress(progress: training.Progress) -> None:
        channel.worth_keeping = progress.epoch > 0
        with np.errstate(over="ignore"):  # float32 is enough for a picture
            snapshot = snapshots.take(progress.arrays)
            channel.tell(
                "epoch",
                epoch=progress.epoch,
                epochs=progress.epochs,
                seconds=progress.seconds,
                values=progress.values,
                **_told(snapshot),
            )
        channel.check()

    def on_step(step: int, steps: int) -> None:
        channel.tell("step", step=step, steps=steps)
        channel.check()

    channel.worth_keeping = _complete(folder)
    try:
        if channel.worth_keeping:  # ended when only the last words were missing
            arrays, metadata = checkpoint.load_arrays(folder)
            values = {name: curve[-1] for name, curve in metadata.history.items()}
            on_progress(training.Progress(config.epochs, config.epochs, 0.0, values, arrays))
        else:
            training.train(config, dataset, folder, on_progress, on_step)
    finally:
        if channel.worth_keeping:
            with contextlib.suppress(OSError, InputError):  # a full disk: the weights are kept
                training.export(folder, folder / KERAS_FILE)


def main() -> int:
    """Reads the request, trains, tells; returns the exit status."""
    os.nice(NICENESS)
    # What libraries print goes nowhere near the events.
    channel = _Channel(sys.stdin, os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    request = json.loads(channel.wishes.readline())
    threading.Thread(target=channel.listen, daemon=True).start()
    try:
        _run(request, channel)
        channel.tell("end", outcome="finished", message="")
    except _Cancelled:
        channel.tell("end", outcome="cancelled", message="")
    except InputError as error:
        channel.tell("end", outcome="failed", message=str(error))
    except ImportError as error:
        channel.tell("end", outcome="failed", message=f"Keras cannot be loaded: {error}")
    except OSError as error:
        channel.tell(
            "end", outcome="failed", message=f"Files cannot be written: {error.strerror or error}"
        )
    except MemoryError:
        channel.tell("end", outcome="failed", message="The machine has not enough memory")
    except Exception as error:
        traceback.print_exc()  # for the log of whoever runs the server
        channel.tell("end", outcome="failed", message=f"Training stopped: {type(error).__name__}")
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # TensorFlow's own farewell takes up to a second
