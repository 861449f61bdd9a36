"""The worker as a process: its events, and what its folder holds however the run ends."""

import base64
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.oracles import small_mnist
from vae_core.models import checkpoint
from vae_core.models.data import MNIST, Dataset
from vae_core.models.settings import ModelConfig, TrainingConfig, command
from vae_core.training.loop import train

ROOT = Path(__file__).resolve().parent.parent
# Epochs of a quarter of a second: enough of them to interrupt the run after the first.
CONFIG = TrainingConfig(epochs=12, batch_size=64, model=ModelConfig(hidden=(16,)))
MOST = 600  # seconds: only a worker that hangs takes so long, however busy the machine

LOADING = 3.5  # seconds of processor time that a worker which loads all of TensorFlow passes

Event = dict[str, Any]


def processor_seconds() -> float:
    """What the child processes that have ended took, however busy the machine was."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Worker:
    """A worker process and what it tells."""

    def __init__(self, config: TrainingConfig, data: Path, folder: Path, **environment: str):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vae_core.training.worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.deadline = threading.Timer(MOST, self.process.kill)  # ends the reading of its events
        self.deadline.start()
        request = {"config": config.to_json(), "data": str(data), "folder": str(folder)}
        self.say(json.dumps(request))

    def say(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until(self, epoch: int) -> list[Event]:
        """The events up to an epoch's."""
        events: list[Event] = []
        for line in self.process.stdout:
            events.append(json.loads(line))
            if events[-1].get("epoch", -1) >= epoch:
                return events
        raise AssertionError(f"no epoch {epoch}: {events}")

    def rest(self) -> list[Event]:
        """The events from here to the last."""
        events = [json.loads(line) for line in self.process.stdout]
        assert self.process.wait(MOST) == 0
        return events

    def close(self) -> None:
        self.deadline.cancel()
        self.process.kill()
        self.process.wait()


Start = Callable[..., Worker]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_mnist(MNIST, tmp_path_factory.mktemp("data") / "small.npz", 640, 500)


@pytest.fixture(scope="module")
def start(data: Path) -> Iterator[Start]:
    """Starts workers on the small data set; none outlives the tests."""
    workers: list[Worker] = []

    def new(folder: Path, config: TrainingConfig = CONFIG, **environment: str) -> Worker:
        workers.append(Worker(config, data, folder, **environment))
        return workers[-1]

    yield new
    for worker in workers:
        worker.close()


@pytest.fixture(scope="module")
def finished(start: Start, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    """An uninterrupted run: its folder and its events."""
    folder = tmp_path_factory.mktemp("finished") / "model"
    return folder, start(folder).rest()


def assert_equal_weights(first: Path, second: Path) -> None:
    expected = checkpoint.read_arrays(second / "weights.npz")
    for name, value in checkpoint.read_arrays(first / "weights.npz").items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_events_come_in_order(finished: tuple[Path, list[Event]]) -> None:
    folder, events = finished
    epoch, step = [("epoch", i) for i in range(13)], ("step", None)
    order = [(event["event"], event.get("epoch")) for event in events]
    assert order == [epoch[0], *(one for e in epoch[1:] for one in (step, e)), ("end", None)]
    assert events[-1] == {"event": "end", "outcome": "finished", "message": ""}
    assert events[1] == {"event": "step", "step": 10, "steps": 10}
    metadata = checkpoint.load_metadata(folder)
    assert metadata.complete
    told = [event for event in events if event["event"] == "epoch"]
    assert told[0]["values"] == {}
    for name, curve in metadata.history.items():
        assert [round(event["values"][name], 4) for event in told[1:]] == curve


def test_the_last_frame_is_that_of_the_saved_model(
    finished: tuple[Path, list[Event]], data: Path
) -> None:
    folder, events = finished
    assert sorted(os.listdir(folder)) == ["metadata.json", "model.keras", "weights.npz"]
    network, _ = checkpoint.load(folder)
    x = Dataset(data).images("test").reshape(500, 784) / np.float32(255)
    mean, stddev = network.encode(x)
    told = np.frombuffer(base64.b64decode(events[-2]["mean"]), "<f4").reshape(-1, 2)
    np.testing.assert_allclose(told, mean, rtol=1e-5, atol=1e-5)
    told = np.frombuffer(base64.b64decode(events[-2]["stddev"]), "<f4").reshape(-1, 2)
    assert told.shape == (10, 2)
    np.testing.assert_allclose(told[5], stddev[Dataset(data).labels("test") == 5][0], rtol=1e-5)


@pytest.mark.long  # a process with TensorFlow of its own
def test_weights_equal_those_of_train_and_of_the_command_line(
    finished: tuple[Path, list[Event]], data: Path, tmp_path: Path
) -> None:
    words = shlex.split(command(CONFIG, str(tmp_path / "command")))
    with subprocess.Popen([sys.executable, *words[1:], "--data", str(data)], cwd=ROOT) as process:
        try:
            train(CONFIG, Dataset(data), tmp_path / "train")
            assert process.wait(MOST) == 0
        finally:
            process.kill()
    for name in ("command", "train"):
        assert_equal_weights(tmp_path / name, finished[0])


@pytest.mark.long  # a process with TensorFlow of its own
def test_a_complete_run_finishes_at_once(
    start: Start, finished: tuple[Path, list[Event]], tmp_path: Path
) -> None:
    folder = shutil.copytree(finished[0], tmp_path / "model")
    (folder / "model.keras").unlink()
    *told, end = start(folder).rest()
    assert end["outcome"] == "finished"
    assert (folder / "model.keras").exists()
    assert_equal_weights(folder, finished[0])
    # The last epoch, which the worker before may not have told.
    (last,) = told
    expected = finished[1][-2]
    assert {**last, "seconds": 0, "values": 0} == {**expected, "seconds": 0, "values": 0}
    assert last["values"] == pytest.approx(expected["values"], abs=1e-4)


def test_a_cancelled_run_keeps_its_epochs(start: Start, tmp_path: Path) -> None:
    worker = start(tmp_path / "model")
    worker.until(epoch=1)
    worker.say("cancel")
    *_, end = worker.rest()
    assert end == {"event": "end", "outcome": "cancelled", "message": ""}
    _, metadata = checkpoint.load(tmp_path / "model")
    assert 1 <= metadata.epochs_done < CONFIG.epochs
    assert (tmp_path / "model" / "model.keras").exists()


@pytest.mark.long  # a process with TensorFlow of its own
def test_a_run_without_a_caller_ends_and_can_be_continued(
    start: Start, finished: tuple[Path, list[Event]], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    worker = start(folder)
    worker.until(epoch=1)
    worker.process.stdin.close()
    worker.process.wait(MOST)
    _, metadata = checkpoint.load(folder)
    assert 1 <= metadata.epochs_done < CONFIG.epochs

    events = start(folder).rest()
    assert events[0]["epoch"] >= metadata.epochs_done
    assert events[-1]["outcome"] == "finished"
    assert_equal_weights(folder, finished[0])


@pytest.mark.long  # a process with TensorFlow of its own
@pytest.mark.parametrize("wish", ["cancel", ""])
def test_while_tensorflow_loads_nothing_is_waited_for(
    start: Start, tmp_path: Path, wish: str
) -> None:
    before = processor_seconds()
    worker = start(tmp_path / "model")
    time.sleep(1)  # by now it is somewhere in TensorFlow
    worker.say(wish)
    if not wish:
        worker.process.stdin.close()
    worker.process.wait(MOST)
    assert not (tmp_path / "model").exists()
    assert processor_seconds() - before < LOADING


@pytest.mark.long  # a process with TensorFlow of its own
def test_a_loss_that_is_not_finite_ends_the_run(start: Start, tmp_path: Path) -> None:
    # 80 steps, the loss is looked at after each 40: the first look ends it.
    config = replace(CONFIG, learning_rate=1e6, batch_size=8)
    *told, end = start(tmp_path / "model", config).rest()
    assert end["outcome"] == "failed"
    assert "not finite in epoch 1" in end["message"]
    assert [event["epoch"] for event in told] == [0]
    assert not (tmp_path / "model").exists() or os.listdir(tmp_path / "model") == []


@pytest.mark.long  # a process with TensorFlow of its own
def test_a_tensorflow_that_cannot_be_loaded(start: Start, tmp_path: Path) -> None:
    package = tmp_path / "path" / "tensorflow"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('DLL load failed')")
    (end,) = start(tmp_path / "model", PYTHONPATH=str(package.parent)).rest()
    assert end["outcome"] == "failed"
    assert end["message"] == "Keras cannot be loaded: DLL load failed"


@pytest.mark.long  # a process with TensorFlow of its own
def test_a_full_disk_keeps_the_epochs_before(start: Start, tmp_path: Path) -> None:
    worker = start(tmp_path / "model")
    worker.until(epoch=1)
    # No file may grow beyond 1000 bytes from now on.
    resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (1000, 1000))
    *_, end = worker.rest()
    assert end["outcome"] == "failed"
    assert end["message"].startswith("Files cannot be written: ")
    _, metadata = checkpoint.load(tmp_path / "model")
    assert 1 <= metadata.epochs_done < CONFIG.epochs
    files = sorted(os.listdir(tmp_path / "model"))
    assert files == ["metadata.json", "resume.npz", "weights.npz"]
