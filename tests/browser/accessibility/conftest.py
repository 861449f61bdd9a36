"""What the tests of accessibility share: the app, a bare page, and one run of one epoch."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ..conftest import StartServer
from ..pages import wait_idle
from ..server import Server
from .audit import DESKTOP, Screens, open_screens
from .keyboard import FOCUS, tab_to
from .motion import MOTION


@pytest.fixture(scope="package")
def stack() -> Iterator[ExitStack]:
    """Closes what was opened for all of these tests."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="package")
def server(browser: Browser, start_server: StartServer) -> Iterator[Server]:
    """The app, with leave to train."""
    with start_server(env={"VAE_TRAIN_FREE_MIB": "0", "VAE_TRAIN_RUNS": "2"}) as server:
        yield server


@pytest.fixture(scope="package")
def screens(browser: Browser, stack: ExitStack) -> Screens:
    """Pages to audit."""
    return open_screens(browser, stack)


@pytest.fixture(scope="package")
def bare(
    browser: Browser,
    stack: ExitStack,
    start_server: StartServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> set[tuple[str, str]]:
    """Rules and places that Streamlit's own widgets violate, without our theme."""
    script = str(Path(__file__).with_name("bare_app.py"))
    with start_server(cwd=tmp_path_factory.mktemp("bare"), script=script) as server:
        screens = Screens(open_screens(browser, stack).pages, [DESKTOP])
        screens.goto(server.url)
        return {(rule, place) for rule, place, _ in screens.audit()}


@pytest.fixture
def calm(browser: Browser) -> Iterator[Page]:
    """A page of a visitor who prefers reduced motion; it notes the focus, and what moves."""
    with ExitStack() as stack:
        yield _open_calm(browser, stack)


@pytest.fixture(scope="package")
def training(browser: Browser, stack: ExitStack, server: Server) -> Page:
    """Such a page, whose visitor has started a run by keyboard alone."""
    page = _open_calm(browser, stack)
    page.goto(f"{server.url}/train?epochs=1")
    wait_idle(page, seconds=60)
    tab_to(page, ".st-key-train")
    page.keyboard.press("Enter")
    return page


@pytest.fixture(scope="package")
def trained(training: Page) -> str:
    """The address of the run when it has ended."""
    expect(training.get_by_text("Finished after 1 epoch.")).to_be_visible(timeout=90_000)
    wait_idle(training)
    return training.url


def _open_calm(browser: Browser, stack: ExitStack) -> Page:
    width, height = DESKTOP
    context = stack.enter_context(
        browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    )
    context.add_init_script(FOCUS)
    context.add_init_script(MOTION)
    return context.new_page()
