"""A browser for a measurement, and a place for its servers' logs."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.conftest import ARGUMENTS

__all__ = ["chromium_path", "run_browser"]


def chromium_path() -> str:
    """Path of a Chromium; ends the process with status 2 where there is none."""
    path = find_chromium()
    if path is None:
        print("no Chromium found", file=sys.stderr)
        raise SystemExit(2)
    return path


@contextmanager
def run_browser() -> Iterator[tuple[Browser, Path]]:
    """A headless Chromium, and a folder that is there as long as it."""
    path = chromium_path()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser, Path(folder)
        browser.close()
