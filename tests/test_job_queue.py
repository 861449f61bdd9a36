"""The queue with jobs that do nothing: whose turn it is, who makes room, what is refused."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vae_core.errors import InputError
from vae_core.explorer.server import job_queue
from vae_core.explorer.server.job_queue import KEPT, JobQueue
from vae_core.explorer.server.limits import Limits
from vae_core.explorer.server.shelf import Shelf
from vae_core.models.settings import TrainingConfig

CONFIG = TrainingConfig(epochs=20)
ROOM = 2.0  # seconds in which a visitor who left makes room


class FakeJob:
    """A job that runs until it is told to end."""

    def __init__(self, name: str, config: TrainingConfig, folder: Path) -> None:
        self.name, self.config, self.folder = name, config, folder
        self.sessions: list[str] = []
        self.state, self.outcome = "waiting", ""
        self.starts, self.killed = 0, False

    def start(self, on_end: Callable[[], None]) -> None:
        assert self.state == "waiting"
        self.state, self.starts, self.started = "running", self.starts + 1, time.monotonic()
        self.on_end = on_end

    def stop(self, outcome: str) -> None:
        was, self.state = self.state, "ended"
        self.outcome = self.outcome or outcome
        if was == "running":
            self.on_end()

    def wait_anew(self) -> None:
        self.state, self.outcome = "waiting", ""

    def kill(self) -> None:
        self.killed = True


class Server:
    """A queue, and the visitors who are there."""

    def __init__(self, free: float = 1e6, **limits: int) -> None:
        self.present = set("abcd")
        self.free = free
        self.shelf = Shelf(100)
        self.queue = JobQueue(
            Limits(**limits), self.shelf, self.present.__contains__, FakeJob, lambda: self.free
        )

    def submit(self, sessions: str) -> list[FakeJob]:
        return [self.queue.submit(CONFIG, session) for session in sessions]


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def new(**settings: float) -> Server:
        servers.append(Server(**settings))
        return servers[-1]

    yield new
    for server in servers:
        for job in server.queue._all():
            server.queue.cancel(job)  # with the last one ends the keeper's thread


def states(jobs: list[FakeJob]) -> list[str]:
    return [job.state for job in jobs]


def becomes(condition: Callable[[], bool], seconds: float = ROOM) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_one_at_a_time_in_the_order_of_arrival(serve: Callable[..., Server]) -> None:
    server = serve()
    jobs = server.submit("abc")
    assert states(jobs) == ["running", "waiting", "waiting"]
    assert [server.queue.place(job) for job in jobs] == [(0, 2), (1, 2), (2, 2)]
    jobs[0].stop("finished")
    assert states(jobs) == ["ended", "running", "waiting"]
    assert [server.queue.place(job) for job in jobs] == [(0, 1), (0, 1), (1, 1)]


def test_several_at_a_time_where_the_server_allows(serve: Callable[..., Server]) -> None:
    jobs = serve(runs=2).submit("abc")
    assert states(jobs) == ["running", "running", "waiting"]
    jobs[1].stop("finished")
    assert states(jobs) == ["running", "ended", "running"]


def test_a_job_has_a_folder_that_stays_until_it_has_ended(serve: Callable[..., Server]) -> None:
    server = serve()
    first, second = server.submit("ab")
    assert server.queue.find(first.name) is first
    assert first.folder == server.shelf.folder(first.name) != second.folder
    first.stop("finished")
    assert [server.shelf.in_use(job.name) for job in (first, second)] == [False, True]


def test_cancel_a_waiting_run_and_a_running_one(serve: Callable[..., Server]) -> None:
    server = serve()
    jobs = server.submit("abc")
    server.queue.cancel(jobs[1])
    assert states(jobs) == ["running", "ended", "waiting"]
    assert server.queue.place(jobs[2]) == (1, 1)
    server.queue.cancel(jobs[0])
    assert states(jobs) == ["ended", "ended", "running"]
    assert [job.outcome for job in jobs] == ["cancelled", "cancelled", ""]
    assert jobs[1].starts == 0


def test_whoever_leaves_makes_room(serve: Callable[..., Server]) -> None:
    server = serve()
    jobs = server.submit("abcd")
    server.present.discard("b")
    assert becomes(lambda: jobs[1].outcome == "left")
    assert [server.queue.place(job) for job in jobs] == [(0, 2), (0, 2), (1, 2), (2, 2)]
    server.present.discard("a")
    assert becomes(lambda: jobs[0].outcome == "left")
    assert states(jobs) == ["ended", "ended", "running", "waiting"]


def test_a_page_loaded_again_in_time_keeps_its_run(serve: Callable[..., Server]) -> None:
    server = serve()
    (job,) = server.submit("a")
    server.present.discard("a")
    time.sleep(0.8)
    server.queue.attach(job, "b")  # each load of the page is a new session
    assert not becomes(lambda: job.outcome == "left", 0.7)
    assert (job.state, job.starts) == ("running", 1)


def test_whoever_comes_back_waits_anew(serve: Callable[..., Server]) -> None:
    server = serve()
    first, second, third = server.submit("abc")
    server.present.discard("a")
    assert becomes(lambda: first.outcome == "left")
    server.queue.attach(first, "d")
    assert (first.state, second.state) == ("waiting", "running")
    assert server.queue.place(first) == (2, 2)  # behind those who were there
    server.queue.attach(first, "d")
    assert server.queue.place(first) == (2, 2)
    second.stop("finished")
    third.stop("finished")
    assert (first.state, first.starts) == ("running", 2)
    # A run that ended in another way has ended, and so has one whose files are gone.
    first.stop("cancelled")
    server.queue.attach(first, "d")
    assert first.state == "ended"
    second.outcome = "left"
    server.shelf.remove(second.name)
    server.queue.attach(second, "d")
    assert second.state == "ended"


def test_a_run_ends_at_the_limit_of_time(serve: Callable[..., Server]) -> None:
    server = serve(seconds=1)
    first, second = server.submit("ab")
    assert becomes(lambda: first.outcome == "timeout", 1 + ROOM)
    assert time.monotonic() - first.started >= 1
    assert second.state == "running"


def test_what_is_refused(serve: Callable[..., Server]) -> None:
    server = serve(waiting=2, epochs=50)
    with pytest.raises(InputError, match="at most 50 epochs; received 51"):
        server.queue.submit(replace(CONFIG, epochs=51), "a")
    jobs = server.submit("ab")
    for session in "ab":  # running, waiting
        with pytest.raises(InputError, match="last run is still under way"):
            server.submit(session)
    server.submit("c")
    with pytest.raises(InputError, match="2 runs are waiting already, as many as"):
        server.submit("d")
    jobs[0].stop("finished")
    server.submit("a")


def test_too_little_memory(serve: Callable[..., Server]) -> None:
    server = serve(free=1234.5)
    with pytest.raises(InputError, match="needs 1500 MiB of free memory; this machine has 1234"):
        server.submit("a")
    server.free = 1500
    assert server.queue.shortage() == ""
    assert states(server.submit("a")) == ["running"]


def test_no_room_for_files(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve()

    def full(prefix: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(server.shelf, "add", full)
        with pytest.raises(InputError, match=r"No room.*No space left on device\."):
            server.submit("a")
    assert states(server.submit("a")) == ["running"]  # the refused one left nothing behind


def test_the_first_who_is_there_may_cancel(serve: Callable[..., Server]) -> None:
    server = serve()
    (job,) = server.submit("a")
    for session in "ab":
        server.queue.attach(job, session)
    assert job.sessions == ["a", "b"]
    assert [server.queue.may_cancel(job, session) for session in "abc"] == [True, False, False]
    server.present.discard("a")
    assert [server.queue.may_cancel(job, session) for session in "abc"] == [False, True, False]


def test_old_jobs_are_forgotten(serve: Callable[..., Server]) -> None:
    server = serve()
    jobs = []
    for _ in range(KEPT + 3):
        jobs += server.submit("a")
        jobs[-1].stop("finished")
    last, *_ = server.submit("a")
    known = [job for job in jobs if server.queue.find(job.name)]
    assert known == jobs[-KEPT:]
    server.shelf.remove(known[5].name)
    last.stop("finished")
    server.submit("a")
    assert server.queue.find(known[5].name) is None
    assert server.queue.find(known[6].name) is not None


def test_the_end_of_the_server_ends_every_worker(serve: Callable[..., Server]) -> None:
    server = serve()
    jobs = server.submit("ab")
    server.queue.close()
    assert [job.killed for job in jobs] == [True, True]


def test_a_silent_browser_makes_room_for_those_who_wait(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vae_core.explorer.server.job_queue.SILENCE", 0.5)
    server = serve()
    first, second = server.submit("ab")
    asked = time.monotonic()
    while time.monotonic() - asked < 2 * ROOM:  # one who asks keeps the place
        server.queue.hear("a")
        server.queue.hear("b")
        assert states([first, second]) == ["running", "waiting"]
        time.sleep(0.05)

    def only_b_asks() -> bool:
        server.queue.hear("b")
        return first.outcome == "left"

    assert becomes(only_b_asks, 0.5 + ROOM)
    assert states([first, second]) == ["ended", "running"]


def test_a_silent_browser_is_left_alone_while_nobody_waits(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vae_core.explorer.server.job_queue.SILENCE", 0.1)
    server = serve()
    (job,) = server.submit("a")
    assert not becomes(lambda: job.outcome != "", 1.8)  # longer than silence and grace


def test_silence_and_grace_are_less_than_what_is_promised() -> None:
    assert job_queue.SILENCE + job_queue.GRACE + 2 * job_queue.TICK < 10
    assert job_queue.GRACE + 2 * job_queue.TICK < ROOM
