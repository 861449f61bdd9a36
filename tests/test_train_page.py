"""The page Train as a script: stories, settings, the command, and what it refuses."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from vae_core.explorer.pages import train
from vae_core.explorer.parts.formation import formation_data
from vae_core.explorer.server import job_queue, shelf
from vae_core.explorer.server.job_queue import JobQueue
from vae_core.explorer.server.jobs import Job
from vae_core.explorer.server.library import load_test_images
from vae_core.explorer.server.limits import Limits
from vae_core.explorer.server.recordings import load_recorded
from vae_core.explorer.visitor.run_settings import DECODED, DEFAULT, STORIES
from vae_core.models.naming import heading
from vae_core.models.recorded_run import FOLDER, RECORDED
from vae_core.models.settings import TrainingConfig, command

from .explore_page import APP, complaints


class IdleJob(Job):
    """A job whose worker never tells anything."""

    def start(self, on_end: Any) -> None:
        self.state, self.started = "running", time.monotonic()


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> JobQueue:
    """The server's queue, with jobs that start no process."""
    models = shelf.Shelf(5)
    queue = JobQueue(
        Limits(epochs=50, units=128), models, lambda session: True, IdleJob, lambda: 9e9
    )
    monkeypatch.setattr(train, "server_queue", lambda is_present: queue)
    monkeypatch.setattr("vae_core.explorer.visitor.own_models.server_shelf", lambda: models)
    return queue


@pytest.fixture(autouse=True)
def nothing_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a visitor does, nothing is worth a warning."""
    yield
    assert complaints(caplog) == []


def open_page(**query: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=60)
    at.switch_page("vae_core/explorer/pages/train.py")
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def shown_command(at: AppTest) -> str:
    return str(at.code[0].value)


def story(at: AppTest) -> object:
    return at.pills(key="story").value


def test_the_first_visit_offers_the_default_run(queue: JobQueue) -> None:
    at = open_page()
    assert shown_command(at) == command(DEFAULT)
    assert story(at) == "The VAE"
    assert not at.button(key="train").disabled
    assert not at.error


@pytest.mark.parametrize("name", STORIES)
def test_a_story_sets_the_controls_but_for_the_seed(queue: JobQueue, name: str) -> None:
    at = open_page(start="7", epochs="3", width="16", batch="500", schedule="constant")
    assert story(at) is None
    at.pills(key="story").set_value(name).run()
    assert not at.exception
    assert shown_command(at) == command(replace(STORIES[name].config, seed=7))
    assert story(at) == name
    assert STORIES[name].watch in [markdown.value for markdown in at.markdown]


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ({"objective": "the mean"}, {"objective": "mean"}),
        ({"objective": "L samples", "draws": "5"}, {"samples": 5}),
        ({"objective": "quadrature"}, {"objective": "quadrature"}),
        ({"objective": "the mean, no KL", "beta": "7"}, {"objective": "autoencoder"}),
        ({"objective": "the blog's recipe", "beta": "2"}, {"objective": "blog", "beta": 2.0}),
        ({"epochs": "50", "rate": "0.5"}, {"epochs": 50, "learning_rate": 0.5}),
        ({"start": "3"}, {"seed": 3}),
        ({"batch": "32", "schedule": "constant"}, {"batch_size": 32, "schedule": "constant"}),
        # Beyond the limits, or no value at all: the default.
        ({"epochs": "51"}, {}),
        ({"epochs": "1e400", "draws": "inf", "start": "-inf"}, {}),
        ({"width": "256"}, {}),
        ({"objective": "<script>", "batch": "7", "schedule": "none", "depth": "9"}, {}),
        ({"beta": "nan", "rate": "inf"}, {}),
        ({"trained": "../../etc,sample-00000000,<b>"}, {}),
    ],
)  # fmt: skip
def test_the_address_sets_the_controls(
    queue: JobQueue, query: dict[str, str], changes: dict[str, Any]
) -> None:
    assert shown_command(open_page(**query)) == command(replace(DEFAULT, **changes))


def test_a_run_is_submitted_once(queue: JobQueue) -> None:
    at = open_page(epochs="3")
    at.button(key="train").click().run()
    (job,) = queue._all()
    assert job.config == replace(DEFAULT, epochs=3)
    assert at.button(key="train").disabled
    assert at.query_params["trained"] == job.name
    assert at.button(key="cancel")
    # Loaded again, the page finds the run.
    again = open_page(trained=job.name)
    assert again.button(key="train").disabled
    again.button(key="cancel").click().run()
    assert job._wish == "cancelled"


def test_a_refusal_is_one_sentence(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page()
    monkeypatch.setattr(queue, "limits", Limits(epochs=5))
    at.button(key="train").click().run()
    assert [error.value for error in at.error] == [
        "This server trains with at most 5 epochs; received 20. "
        "The command line below has no such limit."
    ]
    assert not queue._all()


def test_too_little_memory_is_said_before_the_click(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_free_mib", lambda: 700.0)
    at = open_page()
    assert at.button(key="train").disabled
    assert "1500 MiB of free memory; this machine has 700" in at.info[0].value
    assert shown_command(at) == command(DEFAULT)


def test_invalid_limits_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAE_TRAIN_EPOCHS", "many")
    for cached in (train.server_queue, job_queue.server_limits, shelf.server_shelf):
        cached.cache_clear()
    at = open_page()
    assert "VAE_TRAIN_EPOCHS" in at.error[0].value
    for cached in (train.server_queue, job_queue.server_limits, shelf.server_shelf):
        cached.cache_clear()


def lanes(at: AppTest) -> list[str]:
    """What is shown side by side, by the heads of the lanes."""
    return [lane and f"{lane['title']}, {lane['kind']}" for lane in shown["lanes"]]


shown: dict[str, Any] = {}  # what the page sent last


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps what the page sends to the browser."""

    def keep(*arguments: Any) -> bytes:
        data = formation_data(*arguments)
        shown.clear()
        shown.update(json.loads(data))
        return data

    monkeypatch.setattr("vae_core.explorer.parts.formation.formation_data", keep)


SAMPLES, MEANS = "Trained on samples, recorded", "Trained on means, recorded"


def test_two_recorded_runs_tell_the_story_before_any_click(queue: JobQueue) -> None:
    at = open_page()
    assert lanes(at) == [SAMPLES, MEANS]
    assert all(lane["frames"] == DEFAULT.epochs + 1 for lane in shown["lanes"])
    assert shown["pair"].startswith("After 20 epochs a sample costs")
    assert "do not compare" in shown["comparable"]


@pytest.mark.parametrize("name", STORIES)
def test_each_story_is_shown_recorded_where_there_is_such_a_run(queue: JobQueue, name: str) -> None:
    at = open_page()
    at.pills(key="story").set_value(name).run()
    config = STORIES[name].config
    beside = SAMPLES if config.objective == "mean" else MEANS
    own = f"{heading(config)}, recorded" if config.beta == 1 else None
    assert lanes(at) == [own, beside]
    assert ("do not compare" in shown["comparable"]) == (own is not None)
    assert (shown["pair"] != "") == (own is not None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"beside": "quadrature"}, [SAMPLES, "Trained by quadrature, recorded"]),
        ({"beside": "autoencoder"}, [SAMPLES, "An autoencoder, recorded"]),
        ({"beside": "sample", "objective": "the mean"}, [MEANS, SAMPLES]),
        ({"objective": "the mean"}, [MEANS, SAMPLES]),
        ({"objective": "L samples"}, ["Trained on ten samples, recorded", MEANS]),
        ({"objective": "L samples", "draws": "3"}, [None, MEANS]),
        ({"beside": "sample"}, [None, SAMPLES]),  # one run beside itself shows nothing
        ({"start": "7"}, [SAMPLES, MEANS]),
        ({"epochs": "3", "beside": "blog"}, [None, "The blog's recipe, recorded"]),
        # Nothing that is recorded: the default.
        ({"beside": "large"}, [SAMPLES, MEANS]),
        ({"beside": "../mean"}, [SAMPLES, MEANS]),
        ({"beside": "Trained on samples"}, [SAMPLES, MEANS]),
    ],
)
def test_the_address_names_the_run_beside(
    queue: JobQueue, query: dict[str, str], expected: list[str]
) -> None:
    assert lanes(open_page(**query)) == expected


def test_the_run_beside_goes_into_the_address(queue: JobQueue) -> None:
    at = open_page()
    at.selectbox(key="beside").set_value("blog").run()
    assert at.query_params["beside"] == "blog"
    assert lanes(at) == [SAMPLES, "The blog's recipe, recorded"]
    at.selectbox(key="objective").set_value("the mean").run()
    assert lanes(at) == [MEANS, "The blog's recipe, recorded"]  # as it was chosen
    at.pills(key="story").set_value("The VAE").run()
    assert "beside" not in at.query_params
    assert lanes(at) == [SAMPLES, MEANS]
    at.selectbox(key="objective").set_value("the mean").run()
    assert lanes(at) == [MEANS, SAMPLES]


class FinishedJob(IdleJob):
    """A job that has ended after its epochs, with the frames of a recorded run."""

    def start(self, on_end: Any) -> None:
        name = next(n for n, c in RECORDED.items() if c.objective == self.config.objective)
        run = load_recorded(name, load_test_images())
        count = self.config.epochs
        self._frames, self._measures = run.frames[: count + 1], run.measures[: count + 1]
        self._history = {key: curve[:count] for key, curve in run.history.items()}
        self._epoch = count
        self._end("finished")


def test_a_result_stays_until_another_story_is_chosen(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_new_job", FinishedJob)
    at = open_page(epochs="3")
    at.button(key="train").click().run()
    yours = "Trained on samples, yours"
    assert lanes(at) == [yours, MEANS]
    assert shown["pair"].startswith("After 3 epochs a sample costs")
    text = " ".join(markdown.value for markdown in at.markdown)
    assert "Finished after 3 epochs." in text
    assert "Your run: Over the 2,000 test images drawn" in text
    at.selectbox(key="beside").set_value("quadrature").run()  # to compare it with another one
    assert lanes(at) == [yours, "Trained by quadrature, recorded"]
    assert "Both were trained for −ELBO" in shown["comparable"]
    at.pills(key="story").set_value("Decode the mean").run()
    assert lanes(at) == [MEANS, SAMPLES]
    assert "Your run" not in " ".join(markdown.value for markdown in at.markdown)
    at.number_input(key="epochs").set_value(3)
    at.selectbox(key="objective").set_value("one sample").run()
    assert lanes(at) == [yours, MEANS]  # these are its settings again


def test_a_result_is_there_when_the_visitor_comes_back_from_another_page(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_new_job", FinishedJob)
    at = open_page(epochs="2", objective="the mean")
    at.button(key="train").click().run()
    assert lanes(at) == ["Trained on means, yours", SAMPLES]
    for page in ("argument", "train"):
        at.query_params.clear()  # a new page begins with an empty address
        at._page_hash = calc_hash(page)  # `switch_page` knows functions by their files alone
        at.run()
    assert not at.exception
    assert lanes(at) == ["Trained on means, yours", SAMPLES]
    assert shown["lanes"][0]["epochs"] == 2


def test_a_damaged_recording_is_one_sentence_and_the_page_goes_on(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in RECORDED:
        (tmp_path / f"{name}.npz").write_bytes((FOLDER / f"{name}.npz").read_bytes())
    (tmp_path / "mean.npz").write_bytes(b"PK")
    monkeypatch.setattr("vae_core.models.recorded_run.FOLDER", tmp_path)
    at = open_page()
    (error,) = at.error
    assert error.value.startswith("Recorded run mean: ")
    assert lanes(at) == [SAMPLES, None]
    assert not at.button(key="train").disabled
    at.selectbox(key="beside").set_value("quadrature").run()
    assert not at.error


def test_every_objective_and_story_is_a_run_the_command_line_knows() -> None:
    configs = [*DECODED.values(), *(story.config for story in STORIES.values())]
    for config in configs:
        assert isinstance(config, TrainingConfig)
        Limits().check(config)
        assert config.seed == DEFAULT.seed
