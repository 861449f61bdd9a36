"""Jobs with small stand-ins for the worker: what they tell, how they end, what is remembered."""

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from vae_core.explorer.server.jobs import LAST_WORDS, Job, JobView
from vae_core.models.settings import TrainingConfig

CONFIG = TrainingConfig(epochs=4)
PRELUDE = """
import base64, json, os, signal, struct, sys, time
def tell(event, **content):
    print(json.dumps({"event": event, **content}), flush=True)
def epoch(number, **changes):
    point = base64.b64encode(struct.pack("<2f", number, -number)).decode()
    tell("epoch", **{"epoch": number, "epochs": 4, "seconds": 0.0, "mean": point, "stddev": point,
                     "values": {"loss": 100.0 - number} if number else {},
                     "measures": {"kl": float(number)}} | changes)
def step(number):
    tell("step", step=number, steps=100)
def end(outcome="finished", message=""):
    tell("end", outcome=outcome, message=message)
request = json.loads(sys.stdin.readline())
"""


class Run:
    """A job whose worker is a script."""

    def __init__(self, folder: Path, script: str) -> None:
        self.file = folder / "worker.py"
        self.job = Job("sample-0123", CONFIG, folder / "model", (sys.executable, str(self.file)))
        self.gone = threading.Event()
        self.start(script)

    def start(self, script: str) -> None:
        self.file.write_text(PRELUDE + script)
        self.gone.clear()
        self.job.start(self.gone.set)

    def until(self, condition: Callable[[JobView], bool]) -> JobView:
        deadline = time.monotonic() + 10
        while not condition(view := self.job.view()):
            assert time.monotonic() < deadline, view
            time.sleep(0.01)
        return view

    def end(self, seconds: float = 10) -> JobView:
        assert self.gone.wait(seconds)
        assert self.job._process.returncode is not None  # no zombie
        assert self.job.state == "ended"
        return self.job.view()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[str], Run]]:
    """Starts a job with a script for its worker."""
    runs: list[Run] = []

    def start(script: str) -> Run:
        runs.append(Run(tmp_path, script))
        return runs[-1]

    yield start
    for one in runs:
        one.job.kill()


def test_what_a_worker_tells_is_shown(run: Callable[[str], Run]) -> None:
    one = run(
        """
assert request["folder"].endswith("model") and request["data"].endswith("mnist.npz")
assert request["config"]["epochs"] == 4
epoch(0); step(50); step(100); epoch(1); step(50)
sys.stdin.readline()  # the test's word to go on
for number in (2, 3, 4): step(100); epoch(number)
end()
"""
    )
    view = one.until(lambda view: view.epoch == 1 and view.step == 50)
    assert (view.state, view.outcome, view.steps) == ("running", "", 100)
    one.job._say("go on")
    last = one.end()
    assert (last.outcome, one.job.outcome, last.message) == ("finished", "finished", "")
    assert last.history == {"loss": [99.0, 98.0, 97.0, 96.0]}
    assert last.measures == [{"kl": float(number)} for number in range(5)]
    assert [frame.epoch for frame in last.frames] == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(last.frames[3].points, [[3, -3]])
    np.testing.assert_array_equal(last.frames[3].stddev, [[3, -3]])
    # The first view is a copy: it has not grown, and what is done to it is done to it alone.
    assert (view.epoch, len(view.frames), view.history) == (1, 2, {"loss": [99.0]})
    for content in (last.frames, last.measures, last.history["loss"], last.history):
        content.clear()
    assert len(one.job.view().frames) == len(one.job.view().measures) == 5
    assert len(one.job.view().history["loss"]) == 4


def test_a_waiting_job_shows_nothing_and_ends_without_a_worker(tmp_path: Path) -> None:
    job = Job("sample-0123", CONFIG, tmp_path)
    view = job.view()
    assert (view.state, view.outcome, view.epoch, view.frames) == ("waiting", "", 0, [])
    assert (view.rate, view.seconds_left) == (0, None)
    job.stop("cancelled")
    assert (job.state, job.outcome, job._process) == ("ended", "cancelled", None)


def test_speed_and_time_left(run: Callable[[str], Run]) -> None:
    one = run("epoch(0)\nfor i in range(5): step(20 * i); time.sleep(0.1)\nepoch(1); end()")
    assert one.until(lambda view: view.step == 0 and view.steps == 100).seconds_left is None
    view = one.until(lambda view: view.step == 80)
    assert 20 < view.rate < 250  # 20 steps every 0.1 s, more slowly on a busy machine
    assert view.seconds_left == pytest.approx((400 - 80) / view.rate)
    view = one.end()
    assert view.seconds_left == pytest.approx(300 / view.rate)


def test_garbage_is_ignored(run: Callable[[str], Run]) -> None:
    one = run(
        r"""
epoch(0)
sys.stdout.buffer.write(b"\xff\xfe\x00 no text\n")
for line in ["", "no JSON", "3", "null", "[]", '"event"', "{}", '{"event": "epoch"}']:
    print(line, flush=True)
epoch(1, mean="A"); epoch(1, mean="AAAA"); epoch(1, epoch="x"); tell("step", step=None, steps=1)
epoch(1); end()
"""
    )
    view = one.end()
    assert (view.outcome, view.epoch, view.history) == ("finished", 1, {"loss": [99.0]})
    assert [frame.epoch for frame in view.frames] == [0, 1]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "epoch(0); os.kill(os.getpid(), signal.SIGKILL)",
            "signal 9.*memory. No epoch was complete.",
        ),
        ("epoch(1); os.kill(os.getpid(), signal.SIGSEGV)", "signal 11.* The first epoch is kept."),
        ("epoch(1); epoch(2); sys.exit(3)", "status 3. The first 2 epochs are kept."),
        ("epoch(1); end('failed', 'No disk')", "No disk. The first epoch is kept."),
    ],
)
def test_a_failure_says_why_and_what_is_kept(
    run: Callable[[str], Run], script: str, message: str
) -> None:
    view = run(script).end()
    assert view.outcome == "failed"
    assert re.search(f"{message}$", view.message)


def test_a_worker_that_does_not_exist(tmp_path: Path) -> None:
    job, gone = Job("sample-0123", CONFIG, tmp_path, ("/absent/python",)), threading.Event()
    job.start(gone.set)
    assert gone.is_set()
    view = job.view()
    said = "The training process cannot be started: No such file or directory."
    assert (view.outcome, view.message) == ("failed", f"{said} No epoch was complete.")
    job.stop("cancelled")
    job.kill()
    assert job.view() == view


def test_a_cancelled_worker_has_time_for_its_last_words(run: Callable[[str], Run]) -> None:
    one = run('epoch(0); assert sys.stdin.readline() == "cancel\\n"; epoch(1); sys.exit(0)')
    one.until(lambda view: view.frames != [])
    one.job.stop("cancelled")
    assert (one.end().outcome, one.end().epoch) == ("cancelled", 1)


@pytest.mark.parametrize(
    "script", ["epoch(0); time.sleep(60)", "os.close(0); epoch(0); time.sleep(60)"]
)
def test_a_worker_that_ignores_its_end_is_killed(run: Callable[[str], Run], script: str) -> None:
    one = run(script)
    one.until(lambda view: view.frames != [])
    began = time.monotonic()
    one.job.stop("timeout")
    assert one.end(LAST_WORDS + 1).outcome == "timeout"
    assert time.monotonic() - began > LAST_WORDS - 0.1


def test_whoever_leaves_ends_the_worker_at_once(run: Callable[[str], Run]) -> None:
    one = run("epoch(0); time.sleep(60)")
    one.until(lambda view: view.frames != [])
    one.job.stop("left")
    assert one.end(LAST_WORDS / 2).outcome == "left"


def test_a_run_that_finished_first_is_finished(run: Callable[[str], Run]) -> None:
    one = run("sys.stdin.readline(); epoch(0); epoch(1); end()")
    one.job.stop("cancelled")
    assert one.end().outcome == "finished"
    one.job.stop("left")
    assert one.job.outcome == "finished"


def test_a_run_that_waits_anew_goes_on(run: Callable[[str], Run]) -> None:
    one = run("epoch(0); epoch(1); epoch(2); step(50); time.sleep(60)")
    one.until(lambda view: view.step == 50)
    one.job.stop("left")
    one.end()
    one.job.wait_anew()
    view = one.job.view()
    assert (view.state, view.outcome, view.epoch, len(view.frames)) == ("waiting", "", 2, 3)
    one.job.stop("left")  # again, before its turn came
    assert (one.job.state, one.job.outcome) == ("ended", "left")
    one.job.wait_anew()
    one.start("epoch(2, values={}); epoch(3, values={'loss': 7.0}); end()")
    view = one.end()
    assert (view.outcome, view.epoch, view.history) == ("finished", 3, {"loss": [99.0, 98.0, 7.0]})
    assert [frame.epoch for frame in view.frames] == [0, 1, 2, 3]
    assert view.measures == [{"kl": float(number)} for number in range(4)]


def test_an_epoch_that_was_saved_but_never_told_is_a_gap(run: Callable[[str], Run]) -> None:
    view = run("epoch(0); epoch(1); epoch(2, values={}); epoch(3); end()").end()
    np.testing.assert_array_equal(view.history["loss"], [99, np.nan, 97])
