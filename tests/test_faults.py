"""What goes wrong around the program: killed writers, unreadable files, the clock, no room."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from vae_core.errors import InputError
from vae_core.explorer.pages import train
from vae_core.explorer.server import job_queue, library, model_zips
from vae_core.explorer.server.job_queue import JobQueue
from vae_core.explorer.server.jobs import Job
from vae_core.explorer.server.limits import Limits
from vae_core.explorer.server.shelf import Shelf
from vae_core.models import archive, catalogue, checkpoint
from vae_core.models.settings import ModelConfig, TrainingConfig

from .explore_page import (
    APP,
    complaints,
    copy_models,
    mnist,
    one_sentence,
    panel,
    replace_mnist,
    run_page,
)
from .oracles import random_arrays

pytestmark = pytest.mark.usefixtures("fresh_caches")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model `sample` of a copy of the shipped models, there to be damaged."""
    return copy_models(tmp_path, monkeypatch) / "sample"


# --- killed while writing ------------------------------------------------------------------------

KILLS = 50
# Each line of its input starts a writer, a copy of this process that saves for ever.
WRITERS = """
import os, sys
from pathlib import Path
from tests.test_faults import save, weights
folder, _ = Path(sys.argv[1]), [weights(0), weights(1)]
for line in sys.stdin:
    writer = os.fork()
    if not writer:
        os.write(1, b"%d\\n" % os.getpid())
        while True:
            save(folder, 0)
            save(folder, 1)
    os.waitpid(writer, 0)
    print("gone", flush=True)
"""


@cache
def weights(version: int) -> dict[str, NDArray[np.floating]]:
    return random_arrays(ModelConfig(), seed=version)


def save(folder: Path, version: int) -> None:
    fields = {"training": TrainingConfig(epochs=2), "epochs_done": 2, "head": "log_var"}
    fields |= {"data_sha256": "0" * 64, "versions": {}, "test": {}}
    checkpoint.save(folder, weights(version), fields | {"history": {"loss": [version]}})


@pytest.mark.long  # killed at every moment
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_model_outlives_writers_killed_at_any_moment(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    weights(0), weights(1)
    start = time.perf_counter()
    save(folder, 0)
    duration = time.perf_counter() - start
    chance = random.Random(0)
    versions, left = set(), []
    with subprocess.Popen(
        [sys.executable, "-c", WRITERS, folder],
        cwd=APP.parent,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writers:
        for _ in range(KILLS):
            writers.stdin.write("\n")
            writers.stdin.flush()
            writer = int(writers.stdout.readline())
            time.sleep(chance.uniform(0, 4 * duration))
            os.kill(writer, signal.SIGKILL)
            assert writers.stdout.readline() == "gone\n"
            left.append({path.name for path in folder.iterdir()})
            arrays, metadata = checkpoint.load_arrays(folder)
            version = int(metadata.history["loss"][0])
            versions.add(version)
            for name, values in weights(version).items():
                np.testing.assert_array_equal(arrays[name], values)
    assert versions == {0, 1}
    # Some died in the middle. What they left does not pile up, and the next save clears it.
    assert any(len(names) > 2 for names in left)
    assert len(set.union(*left)) <= 5
    save(folder, 0)
    assert sorted(os.listdir(folder)) == ["metadata.json", "weights.npz"]


# --- files that cannot be read -------------------------------------------------------------------


def folder_instead(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()


def link_to_itself(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to(name)


def file_instead(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder")


def exchange_metadata(folder: Path) -> None:
    shutil.copy(folder.parent / "mean" / "metadata.json", folder)


UNREADABLE: dict[str, Callable[[Path], None]] = {
    "weights a folder": partial(folder_instead, name="weights.npz"),
    "metadata a folder": partial(folder_instead, name="metadata.json"),
    "weights a link to itself": partial(link_to_itself, name="weights.npz"),
    "metadata a link to itself": partial(link_to_itself, name="metadata.json"),
    "the model a file": file_instead,
    "metadata of another model": exchange_metadata,
}


@pytest.mark.parametrize("damage", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_gives_one_sentence(
    folder: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(folder)
    # With the metadata of `mean` it would itself be the model to stand beside others.
    at = run_page(versus="mean") if damage is exchange_metadata else run_page()
    assert "sample" in one_sentence(at)
    assert panel(at, "model") is None
    assert panel(at, "versus")["model"].startswith("mean-")
    assert complaints(caplog) == []


@contextmanager
def out_of_reach(folder: Path) -> Iterator[None]:
    """Takes the permission to enter a folder away, from root too."""
    mode = folder.stat().st_mode
    folder.chmod(0)
    user = os.geteuid()
    if not user:
        os.seteuid(65534)
    try:
        yield
    finally:
        if not user:
            os.seteuid(0)
        folder.chmod(mode)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs permissions as in Unix")
@pytest.mark.parametrize("place", ["the model", "all models"])
def test_a_folder_out_of_reach_gives_one_sentence(folder: Path, place: str) -> None:
    library.load_test_images()
    with (
        out_of_reach(folder if place == "the model" else folder.parent),
        pytest.raises(InputError, match=r"sample.*Permission denied") as error,
    ):
        library.load_model("sample")
    assert "\n" not in str(error.value)
    assert library.load_model("sample").name == "sample"


def test_a_model_in_the_place_of_another_is_that_model(folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(folder.parent / "mean", folder)
    at = run_page(model="sample", versus="mean")
    assert not at.error
    assert not at.exception
    one, other = (panel(at, key) for key in ("model", "versus"))
    assert one["numbers"] == other["numbers"]
    assert one["losses"] == other["losses"]
    assert one["model"].removeprefix("sample-") == other["model"].removeprefix("mean-")


def test_a_folder_in_the_place_of_the_data_gives_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_mnist(tmp_path, tmp_path, monkeypatch)
    assert tmp_path.name in one_sentence(run_page())


# --- the clock -----------------------------------------------------------------------------------


class IdleJob(Job):
    """A run whose worker says nothing; it ends when it is told to."""

    def start(self, on_end: Callable[[], None]) -> None:
        self.state, self.started = "running", time.monotonic()

    def stop(self, outcome: str) -> None:
        self._end(outcome)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[JobQueue]:
    """The server's queue, and its one visitor, of the session `here`; nothing is trained."""
    shelf = Shelf(5)
    queue = JobQueue(Limits(), shelf, lambda session: session != "gone", IdleJob, lambda: 9e9)
    monkeypatch.setattr(train, "server_queue", lambda is_present: queue)
    monkeypatch.setattr("vae_core.explorer.visitor.own_models.server_shelf", lambda: shelf)
    yield queue
    for job in queue._all():
        queue.cancel(job)  # with the last one ends the keeper's thread


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the computer's clock, by so many seconds from the true time."""
    seconds, nanoseconds = time.time, time.time_ns

    def set_clock(by: float) -> None:
        monkeypatch.setattr(time, "time", lambda: seconds() + by)
        monkeypatch.setattr(time, "time_ns", lambda: nanoseconds() + int(by * 1e9))

    return set_clock


def test_the_page_goes_on_when_the_clock_is_set(set_clock: Callable[[float], None]) -> None:
    at = run_page(image="7")
    first = panel(at, "model")
    for by in (-3600.0, 7200.0):
        set_clock(by)
        at.button(key="next").click().run()
        assert panel(at, "model")["scene"]["selection"] == {"image": 8}
        at.button(key="previous").click().run()
        assert panel(at, "model") == first
        assert not at.error
        assert not at.exception


def test_a_repaired_file_that_is_older_is_read(
    folder: Path, set_clock: Callable[[float], None]
) -> None:
    sound = (folder / "weights.npz").read_bytes()
    (folder / "weights.npz").write_bytes(sound[:1000])
    at = run_page()
    one_sentence(at)
    set_clock(-3600.0)
    (folder / "weights.npz").write_bytes(sound)
    os.utime(folder / "weights.npz", (time.time(), time.time()))
    assert not at.run().error


def test_the_queue_goes_on_when_the_clock_is_set(
    queue: JobQueue, set_clock: Callable[[float], None]
) -> None:
    first = queue.submit(TrainingConfig(), "first")
    second = queue.submit(TrainingConfig(), "second")
    for by in (-3600.0, 7200.0):  # a run may take ten minutes, a visitor be gone for a second
        set_clock(by)
        time.sleep(3 * job_queue.TICK)
        assert (first.state, second.state) == ("running", "waiting")
    set_clock(-3600.0)
    first.sessions[:] = ["gone"]
    deadline = time.monotonic() + 10 * job_queue.GRACE
    while second.state != "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (first.state, first.outcome) == ("ended", "left")


# --- no room for files ---------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["missing", "file/below", "/proc"])
def test_train_says_that_there_is_no_room(
    queue: JobQueue,
    place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / place))
    at = AppTest.from_file(APP, default_timeout=60)
    at.switch_page("vae_core/explorer/pages/train.py").run()
    assert not at.error
    at.button(key="train").click().run()
    assert one_sentence(at).startswith("No room for the model's files: ")
    assert queue._all() == []
    assert not at.button(key="train").disabled
    with pytest.raises(InputError, match=r"^No room for the model's files: .*\.$"):
        model_zips.load_zip(b"PK", mnist())
    assert complaints(caplog) == []


def test_the_folder_of_all_models_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As when the computer clears its folder of temporary files while the server runs.
    def unpack(payload: bytes, folder: Path) -> checkpoint.Metadata:
        shutil.copytree(catalogue.MODELS / "mean", folder)
        return checkpoint.load_metadata(folder)

    shelf = Shelf(2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(model_zips, "server_shelf", lambda: shelf)
    monkeypatch.setattr(library, "server_shelf", lambda: shelf)
    monkeypatch.setattr(archive, "unpack", unpack)
    old = model_zips.load_zip(b"", mnist())
    assert library.load_model(old).name == old
    for path in tmp_path.iterdir():
        shutil.rmtree(path)
    with pytest.raises(InputError, match=r"metadata\.json is missing"):
        library.load_model(old)
    new = model_zips.load_zip(b"", mnist())
    assert library.load_model(new).name == new
