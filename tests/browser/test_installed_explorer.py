"""The explorer after `pip install '.[explorer]'`, opened by its command, far from a checkout."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ..fresh_environment import fresh_environment, programs
from .pages import OpenPage, exception_texts
from .panel import Panel
from .server import Server, serve

# Nothing of this checkout, and a run starts whatever else the machine of the tests does.
SETTINGS = {"PYTHONPATH": "", "VAE_TRAIN_FREE_MIB": "0"}

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def installed(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("installed")
    command = [str(programs(fresh_environment(folder / "venv", "[explorer]")) / "vae-explorer")]
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    with serve(folder / "log.txt", elsewhere, SETTINGS, command=command) as server:
        yield server
    assert not [*elsewhere.iterdir()]


def assert_sound(page: Page) -> None:
    assert not exception_texts(page)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_it_opens_with_its_models_and_settings(open_page: OpenPage, installed: Server) -> None:
    page = open_page(url=installed.url)
    for key in ("model", "versus"):
        panel = Panel(page, key)
        panel.wait_shown()
        assert len(panel.numbers()) > 3
    assert_sound(page)
    # Which Streamlit shows on this machine's own address unless the settings say otherwise.
    expect(page.get_by_test_id("stAppDeployButton")).to_have_count(0)


def test_its_texts_and_experiments_came_along(open_page: OpenPage, installed: Server) -> None:
    page = open_page("claim=1", path="argument", url=installed.url)
    expect(page.get_by_text(re.compile(r"sample is off by \d")).first).to_be_visible(timeout=30_000)
    assert_sound(page)


def test_a_run_without_keras_says_so(open_page: OpenPage, installed: Server) -> None:
    # A sentence of the child process: it was found, in the folder of the installed packages.
    page = open_page("epochs=2", path="train", url=installed.url)
    page.locator(".st-key-train button").click()
    expect(page.get_by_text("Keras cannot be loaded").first).to_be_visible(timeout=30_000)
    assert not exception_texts(page)


def test_its_log_is_that_of_a_start(installed: Server) -> None:
    log = Path(installed.log).read_text()
    assert installed.url in log
    assert "Traceback" not in log
