"""The page Train as a script: stories, settings, the command, and what it refuses."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from vae_core.explorer.pages import train
from vae_core.explorer.server import job_queue, shelf
from vae_core.explorer.server.job_queue import JobQueue
from vae_core.explorer.server.jobs import Job
from vae_core.explorer.server.limits import Limits
from vae_core.explorer.visitor.run_settings import DECODED, DEFAULT, STORIES
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


def test_every_objective_and_story_is_a_run_the_command_line_knows() -> None:
    configs = [*DECODED.values(), *(story.config for story in STORIES.values())]
    for config in configs:
        assert isinstance(config, TrainingConfig)
        Limits().check(config)
        assert config.seed == DEFAULT.seed
