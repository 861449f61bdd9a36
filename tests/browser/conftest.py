"""A browser, a running app, and pages of it."""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from .chromium import find_chromium, install_chromium
from .pages import OpenPage, wait_idle
from .server import ROOT, Server, serve

StartServer = Callable[..., AbstractContextManager[Server]]

IN_CI = os.environ.get("CI") == "true"
NO_BROWSER = pytest.StashKey[str]()
# A sandbox, a GPU and a vendor to call home to: a container has none of them.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium_path(pytestconfig: pytest.Config) -> str:
    """Path of a Chromium; the tests are skipped where none is to be had, and fail in CI."""
    path = find_chromium()
    if path is None:
        _say(pytestconfig, "No Chromium found: installing one, which takes a while.")
        path = install_chromium()
    if path is None:
        reason = (
            "no Chromium, and none could be installed: install Chromium or Chrome, "
            "or run `python -m playwright install --with-deps chromium`"
        )
        if IN_CI:
            pytest.fail(reason, pytrace=False)
        pytestconfig.stash[NO_BROWSER] = reason
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    """A headless Chromium for the whole run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        with suppress(PlaywrightError):  # after Ctrl-C it has closed itself
            browser.close()


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> StartServer:
    """Starts another server: `with start_server(cwd=..., env=...) as server:`."""

    def start(
        cwd: Path = ROOT, env: Mapping[str, str] | None = None, script: str = "app.py"
    ) -> AbstractContextManager[Server]:
        return serve(tmp_path_factory.mktemp("server") / "log.txt", cwd, env, script)

    return start


# It asks for the browser so that a machine without one does not start a server for nothing.
@pytest.fixture(scope="session")
def app_url(browser: Browser, start_server: StartServer) -> Iterator[Server]:
    """The app of this checkout, running; has `url`, `log` and `pid`."""
    with start_server() as server:
        yield server


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Opens pages of the app; an uncaught JavaScript error in one of them fails the test."""
    yield from _opening(browser, request)


@pytest.fixture(scope="module")
def open_module_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """The same for pages that the tests of a module share, and leave as they were."""
    yield from _opening(browser, request)


def _opening(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(
        query: str = "",
        width: int = 1400,
        height: int = 900,
        dark: bool = False,
        touch: bool = False,
        *,
        path: str = "",
        url: str | None = None,
    ) -> Page:
        if url is None:
            url = request.getfixturevalue("app_url").url
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            has_touch=touch,
        )
        contexts.append(context)
        context.on("weberror", lambda event: errors.append(f"{event.page}: {event.error}"))
        page = context.new_page()
        query = query.removeprefix("?")
        page.goto(f"{url}/{path.removeprefix('/')}" + (f"?{query}" if query else ""))
        wait_idle(page, seconds=60)  # the first page of a server also loads the models
        return page

    yield open_page
    for context in contexts:
        with suppress(PlaywrightError):
            context.close()
    if errors:
        pytest.fail("uncaught JavaScript errors:\n" + "\n".join(errors), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, pytest.TestReport]:
    # In CI nothing here may be skipped, for whatever reason: a browser is part of the machine.
    report: pytest.TestReport = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if reason := config.stash.get(NO_BROWSER, None):
        terminalreporter.section("THE BROWSER TESTS DID NOT RUN", sep="!", red=True, bold=True)
        terminalreporter.line(reason)


def _say(config: pytest.Config, text: str) -> None:
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n{text}", flush=True)
