"""Who trains when: a few runs at a time, the others wait; whoever leaves makes room."""

import atexit
import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ...errors import InputError
from ...models.settings import TrainingConfig
from .jobs import Job
from .limits import Limits, free_memory, server_limits
from .shelf import Shelf, server_shelf

__all__ = ["JobQueue", "server_queue"]

LOG = logging.getLogger(__name__)
TICK = 0.2  # seconds
GRACE = 1.2  # seconds without a visitor: a page that is loaded again is back by then
SILENCE = 7.5  # seconds without a word from a browser that is connected: it may be frozen
KEPT = 12  # ended jobs whose epochs can be replayed: 2 MB each


class JobQueue:
    """The training runs of a server.

    Args:
        limits: of this server.
        shelf: where the models go.
        is_present: whether a session, by its id, has a browser.
        new_job: makes a job from name, configuration and folder.
        free_mib: tells the free memory.
    """

    def __init__(
        self,
        limits: Limits,
        shelf: Shelf,
        is_present: Callable[[str], bool],
        new_job: Callable[[str, TrainingConfig, Path], Job] = Job,
        free_mib: Callable[[], float] = free_memory,
    ) -> None:
        self.limits = limits
        self.shelf = shelf
        shelf.in_use = self._is_active
        self._is_present = is_present
        self._new_job = new_job
        self._free_mib = free_mib
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}  # in the order of their arrival
        self._waiting: list[str] = []
        self._seen: dict[str, float] = {}  # when a visitor was last there, by job
        self._heard: dict[str, float] = {}  # when a browser last asked, by session
        self._keeper: threading.Thread | None = None
        atexit.register(self.close)

    def submit(self, config: TrainingConfig, session: str, drawing: str = "") -> Job:
        """A new run, at the end of the queue.

        Args:
            config: of the run.
            session: whose run it is.
            drawing: a packed picture to be shown with the test images.

        Raises:
            InputError: it asks for too much, the queue is full, or there is no room for files.
        """
        self.limits.check(config)
        with self._lock:
            if any(job.state != "ended" and job.sessions[0] == session for job in self._all()):
                raise InputError("Your last run is still under way; cancel it first.")
            if shortage := self.shortage():
                raise InputError(shortage)
            if len(self._waiting) >= self.limits.waiting:
                raise InputError(
                    f"{len(self._waiting)} runs are waiting already, as many as this server takes."
                )
            try:
                name, folder = self.shelf.add(config.objective)
            except OSError as error:
                raise InputError(f"No room for the model's files: {error.strerror}.") from error
            job = self._jobs[name] = self._new_job(name, config, folder)
            job.sessions.append(session)
            self._heard[session] = time.monotonic()
            job.drawing = drawing
            self._enqueue(job)
            self._forget()
            return job

    def shortage(self) -> str:
        """Why this machine cannot train now; empty if it can."""
        free = self._free_mib()
        if free >= self.limits.free_mib:
            return ""
        return (
            f"Training needs {self.limits.free_mib} MiB of free memory; this machine has "
            f"{free:.0f}. The command below trains the same model on yours."
        )

    def find(self, name: str) -> Job | None:
        """A job by the name of its model."""
        return self._jobs.get(name)

    def attach(self, job: Job, session: str) -> None:
        """A session shows the job. A run that was left goes on, when its turn comes again."""
        with self._lock:
            self._heard[session] = time.monotonic()
            if session not in job.sessions:
                job.sessions.append(session)
            if job.outcome == "left" and self.shelf.folder(job.name) is not None:
                job.wait_anew()
                self._enqueue(job)

    def hear(self, session: str) -> None:
        """A visitor's browser asks how a run stands: it is there, and not frozen.

        While others wait, a run whose browsers are silent for `SILENCE` is taken for left, whatever
        their connections say: those of a frozen browser last for half a minute and longer.
        """
        with self._lock:
            self._heard[session] = time.monotonic()

    def may_cancel(self, job: Job, session: str) -> bool:
        """Whether a session is the one that the job belongs to: the first that is still there."""
        with self._lock:
            return next((s for s in job.sessions if self._is_present(s)), session) == session

    def cancel(self, job: Job) -> None:
        """Ends a run; its complete epochs are kept."""
        with self._lock:
            if job.name in self._waiting:
                self._waiting.remove(job.name)
            job.stop("cancelled")

    def place(self, job: Job) -> tuple[int, int]:
        """Place of a waiting job, from 1, and the number of those that wait."""
        with self._lock:
            if job.name not in self._waiting:
                return 0, len(self._waiting)
            return self._waiting.index(job.name) + 1, len(self._waiting)

    def close(self) -> None:
        """Ends every worker at once."""
        for job in self._all():
            job.kill()

    # --- the keeper ------------------------------------------------------------------------------

    def _all(self) -> list[Job]:
        return list(self._jobs.values())

    def _is_active(self, name: str) -> bool:
        job = self._jobs.get(name)
        return job is not None and job.state != "ended"

    def _enqueue(self, job: Job) -> None:
        self._waiting.append(job.name)
        self._seen[job.name] = time.monotonic()
        self._start_next()
        if self._keeper is None or not self._keeper.is_alive():
            self._keeper = threading.Thread(target=self._keep, daemon=True)
            self._keeper.start()

    def _start_next(self) -> None:
        with self._lock:
            running = sum(job.state == "running" for job in self._all())
            while self._waiting and running < self.limits.runs:
                job = self._jobs[self._waiting.pop(0)]
                job.start(self._start_next)
                running += 1

    def _keep(self) -> None:
        """Looks after the jobs until none is left; in a thread."""
        while True:
            time.sleep(TICK)
            with self._lock:
                active = [job for job in self._all() if job.state != "ended"]
                if not active:
                    self._keeper = None
                    self._heard.clear()
                    return
                for job in active:
                    self._look_after(job)
                self._start_next()

    def _look_after(self, job: Job) -> None:
        now = time.monotonic()
        others_wait = any(name != job.name for name in self._waiting)
        latest = now - SILENCE if others_wait else 0.0
        if any(
            self._is_present(session) and self._heard.get(session, now) >= latest
            for session in job.sessions
        ):
            self._seen[job.name] = now
        if now - self._seen[job.name] > GRACE:
            if job.name in self._waiting:
                self._waiting.remove(job.name)
            job.stop("left")
        elif job.state == "running" and now - job.started > self.limits.seconds:
            job.stop("timeout")

    def _forget(self) -> None:
        """Drops jobs whose model has gone, and the oldest ended ones: their frames take room."""
        ended = [name for name, job in self._jobs.items() if job.state == "ended"]
        surplus = set(ended[: max(0, len(ended) - KEPT)])
        for name in ended:
            if name in surplus or self.shelf.folder(name) is None:
                del self._jobs[name]
                self._seen.pop(name, None)


@cache
def server_queue(is_present: Callable[[str], bool]) -> JobQueue:
    """The queue of this server.

    Args:
        is_present: as for `JobQueue`.

    Raises:
        InputError: the environment's limits are invalid.
    """
    return JobQueue(server_limits(), server_shelf(), is_present)
