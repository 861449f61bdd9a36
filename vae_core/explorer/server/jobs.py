"""One training run as the server sees it: a worker process, and what it has told so far."""

import binascii
import contextlib
import json
import logging
import math
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...child_process import child_environment, module_command
from ...models.data import MNIST
from ...models.frames import Frame, frame_of
from ...models.settings import TrainingConfig

__all__ = ["Job", "JobView"]

LOG = logging.getLogger(__name__)
WORKER = module_command("vae_core.training.worker")
LAST_WORDS = 1.5  # seconds for a cancelled worker to write its .keras file


@dataclass(frozen=True)
class JobView:
    """What a page shows of a job; a copy, nothing in it changes.

    Attributes:
        state: `"waiting"`, `"running"` or `"ended"`.
        outcome: of an ended one: `"finished"`, `"cancelled"`, `"failed"`, `"timeout"` or `"left"`.
        message: why it failed.
        epoch: complete epochs.
        step: done in the epoch under way, of `steps`; both 0 before the first.
        rate: steps per second, 0 while unknown.
        seconds_left: None while unknown.
        history: values per complete epoch, in nats; NaN for one that was never told.
        measures: one per frame, see `snapshot.Snapshot`.
        frames: one per complete epoch, and one before the first.
    """

    name: str
    config: TrainingConfig
    state: str
    outcome: str
    message: str
    epoch: int
    step: int
    steps: int
    rate: float
    seconds_left: float | None
    history: dict[str, list[float]]
    measures: list[dict[str, float | None]]
    frames: list[Frame]


class Job:
    """A run and its worker process.

    The state changes in one direction, waiting, running, ended; but one that ended because its
    visitor left can wait anew, and continues behind its last complete epoch.

    Args:
        name: of the model.
        config: of the run.
        folder: where the worker saves each epoch.
        worker: the command that starts a worker.

    Attributes:
        drawing: a packed picture whose q is shown with those of the test images, or nothing.
    """

    def __init__(
        self, name: str, config: TrainingConfig, folder: Path, worker: tuple[str, ...] = WORKER
    ) -> None:
        self.name = name
        self.config = config
        self.folder = folder
        self.sessions: list[str] = []  # that show it; the first present one may cancel
        self.drawing = ""
        self.state = "waiting"
        self.started = 0.0
        self._worker = worker
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._wish = ""  # the outcome that the server asked for
        self._outcome = self._message = ""
        self._epoch = self._step = self._steps = 0
        self._clock: list[tuple[float, int]] = []  # seconds and steps since the worker's first
        self._history: dict[str, list[float]] = {}
        self._measures: list[dict[str, float | None]] = []
        self._frames: list[Frame] = []

    @property
    def outcome(self) -> str:
        return self._outcome

    def view(self) -> JobView:
        """What there is to show now."""
        with self._lock:
            rate, left = self._speed()
            return JobView(
                self.name,
                self.config,
                self.state,
                self._outcome,
                self._message,
                self._epoch,
                self._step,
                self._steps,
                rate,
                left,
                {name: list(values) for name, values in self._history.items()},
                list(self._measures),
                list(self._frames),
            )

    def _speed(self) -> tuple[float, float | None]:
        if len(self._clock) < 2:
            return 0.0, None
        (first, steps_before), (last, steps) = self._clock[0], self._clock[-1]
        rate = (steps - steps_before) / max(last - first, 1e-6)
        to_do = self._steps * (self.config.epochs - self._epoch) - self._step
        return rate, max(to_do, 0) / rate if rate else None

    # --- the worker's life -----------------------------------------------------------------------

    def start(self, on_end: Callable[[], None]) -> None:
        """Starts the worker; `on_end` is called, in a thread, when it is gone."""
        with self._lock:
            self.state, self._outcome, self._wish, self._clock = "running", "", "", []
            self.started = time.monotonic()
        try:
            self._process = subprocess.Popen(
                self._worker,
                env=child_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                errors="replace",  # whatever it says, `_follow` lives on
                start_new_session=True,  # Ctrl-C in the server's terminal is the server's affair
            )
            request = {
                "config": self.config.to_json(),
                "data": str(MNIST),
                "folder": str(self.folder),
                "drawing": self.drawing,
            }
            self._say(json.dumps(request))
        except OSError as error:
            self._end(
                "failed", f"The training process cannot be started: {error.strerror}{self._kept()}"
            )
            on_end()
            return
        threading.Thread(target=self._follow, args=(on_end,), daemon=True).start()

    def stop(self, outcome: str) -> None:
        """Ends the run, at once for a visitor who left, else with time to write what is worth it.

        Args:
            outcome: `"cancelled"`, `"timeout"` or `"left"`.
        """
        with self._lock:
            if self.state == "ended" or self._wish == outcome:
                return
            waiting = self.state == "waiting"
            self._wish = self._wish or outcome  # the first one stays the reason
        if waiting:
            self._end(outcome)
            return
        process = self._process
        if process is None:
            return
        if outcome == "left":
            process.kill()
            return
        self._say("cancel")
        killer = threading.Timer(LAST_WORDS, process.kill)
        killer.daemon = True
        killer.start()

    def kill(self) -> None:
        """Ends the worker at once, when the server ends."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def wait_anew(self) -> None:
        """Back to waiting, for a visitor who left and has come back."""
        with self._lock:
            self.state, self._outcome, self._message, self._wish = "waiting", "", "", ""

    def _say(self, line: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it is gone, which its output will tell

    def _follow(self, on_end: Callable[[], None]) -> None:
        """Reads the worker's events until it is gone; in a thread."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        outcome, message = "", ""
        for line in process.stdout:
            try:
                event = json.loads(line)
                if event["event"] == "end":
                    outcome, message = str(event["outcome"]), str(event["message"])
                else:
                    self._take(event)
            except (ValueError, KeyError, TypeError, binascii.Error):
                LOG.warning("The worker of %s said something else: %.200r", self.name, line)
        status = process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # a wish that nobody was left to read
                    stream.close()
        if outcome != "finished" and self._wish:
            outcome, message = self._wish, ""
        elif not outcome:
            outcome, message = "failed", _last_words(status)
            LOG.warning("The worker of %s ended with status %s", self.name, status)
        if outcome == "failed":
            message += self._kept()
        self._end(outcome, message)
        on_end()

    def _kept(self) -> str:
        if not self._epoch:
            return ". No epoch was complete."
        return (
            f". The first {self._epoch} epochs are kept."
            if self._epoch > 1
            else (". The first epoch is kept.")
        )

    def _end(self, outcome: str, message: str = "") -> None:
        with self._lock:
            self.state, self._outcome, self._message = "ended", outcome, message

    # --- the worker's events ---------------------------------------------------------------------

    def _take(self, event: dict[str, Any]) -> None:
        now = time.monotonic()
        with self._lock:
            if event["event"] == "step":
                self._step, self._steps = int(event["step"]), int(event["steps"])
                done = self._epoch * self._steps + self._step
                self._clock.append((now, done))
                del self._clock[1:-100:2]  # few are enough, the first is needed
                return
            epoch = int(event["epoch"])
            frame = frame_of(event)
            del self._frames[epoch:], self._measures[epoch:]  # a continued run tells one again
            self._frames.append(frame)
            self._measures.append(dict(event["measures"]))
            self._epoch, self._step = epoch, 0
            for name, value in event["values"].items():
                curve = self._history.setdefault(name, [])
                # A worker killed between saving an epoch and telling it leaves a gap.
                curve += [math.nan] * (epoch - 1 - len(curve))
                curve[epoch - 1 :] = [float(value)]


def _last_words(status: int) -> str:
    if status < 0:
        return (
            f"The training process was ended by signal {-status}, "
            "as when the machine runs out of memory"
        )
    return f"The training process ended unexpectedly, with status {status}"
