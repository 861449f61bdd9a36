"""All that the README quotes, as one table: python -m tests.benchmarks

Each figure beside that of a bare Streamlit page or of plain Keras, measured in the same run. Takes
about ten minutes and wants an otherwise idle machine; Linux only.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.benchmarks.browsing import chromium_path
from tests.browser.conftest import ARGUMENTS
from tests.browser.pages import wait_idle
from tests.browser.server import Server, serve

from . import evidence, first_picture, train
from .explore import CLICKS, measure_clicks, measure_hover, memory, open_page, record_bytes

SESSIONS = 10
ROUNDS = 5
# Milliseconds from the release of the button to the text that counts the click.
COUNT = """() => new Promise((done) => {
    const said = [...document.querySelectorAll("p")].find((p) => /^clicked/.test(p.textContent));
    const button = document.querySelector("[data-testid=stButton] button");
    const started = performance.now();
    new MutationObserver((_, observer) => {
        observer.disconnect();
        done(performance.now() - started);
    }).observe(said, { characterData: true, childList: true, subtree: true });
    button.click();
})"""
Row = tuple[str, str, float, str, float]  # quantity, unit, ours, what the other is, its value


def main() -> int:
    """Prints the table; returns the exit status."""
    path = chromium_path()
    with sync_playwright() as playwright:
        rows = [*first_rows(playwright, path), *page_rows(playwright, path)]
    rows += [*training_rows(), *evidence_rows()]
    print()
    print("| | here | | for comparison | ratio |")
    print("|---|---:|---|---:|---:|")
    for quantity, unit, ours, other, theirs in rows:
        print(
            f"| {quantity} | {ours:.3g} {unit} | {other} | {theirs:.3g} {unit} "
            f"| {ours / theirs:.2f} |"
        )
    return 0


def first_rows(playwright: Playwright, path: str) -> list[Row]:
    found = first_picture.medians(playwright, path, ROUNDS)
    here, bare = found[first_picture.EXPLORE], found[first_picture.BARE]
    other = "bare page, one image"
    return [
        ("first usable picture, all cold", "s", here.seconds, other, bare.seconds),
        ("first load", "MiB", here.mebibytes, other, bare.mebibytes),
    ]


def page_rows(playwright: Playwright, path: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        logs = (Path(folder) / name for name in ("explore.txt", "bare.txt"))
        with serve(next(logs)) as explore, serve(next(logs), script=first_picture.BARE) as bare:
            page = open_page(browser, explore, "")
            bare_click, bare_size = bare_clicks(browser, bare)
            drawn = measure_hover(page, "sample")
            click, size = measure_clicks(page, "sample")
            page.context.close()
            here = session_memory(explore, lambda: open_page(browser, explore, ""))
            there = session_memory(bare, lambda: open_bare(browser, bare))
        browser.close()
    other = "bare page"
    return [
        ("pointer to digit drawn", "ms", drawn, "a click on a bare page", bare_click),
        ("click to pictures and numbers", "ms", click, other, bare_click),
        ("sent per click", "KiB", size, other, bare_size),
        ("memory per session", "MiB", here, other, there),
    ]


def open_bare(browser: Browser, server: Server) -> Page:
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.goto(server.url)
    wait_idle(page, seconds=60)
    return page


def bare_clicks(browser: Browser, server: Server) -> tuple[float, float]:
    """Medians of a click's milliseconds and KiB."""
    page = open_bare(browser, server)
    times, sizes = [], []
    for _ in range(CLICKS):
        times.append(page.evaluate(COUNT))
        wait_idle(page)
    received = record_bytes(page)
    for _ in range(CLICKS // 4):
        received.clear()
        page.evaluate(COUNT)
        wait_idle(page)
        sizes.append(sum(received) / 1024)
    page.context.close()
    return float(np.median(times)), float(np.median(sizes))


def session_memory(server: Server, visit: Callable[[], Page]) -> float:
    """MiB that a visitor adds to a server that has been visited."""
    pages = [visit()]
    before = memory(server.pid)
    pages += [visit() for _ in range(SESSIONS)]
    added = (memory(server.pid) - before) / SESSIONS
    for page in pages:
        page.context.close()
    return added


def training_rows() -> list[Row]:
    seconds = train.medians(train.KERAS_WAYS, rounds=3)
    other, plain = "plain `fit`, no XLA", seconds["epochs_plain"]
    return [
        ("epoch, batches of 32", "s", seconds["epochs_bare"], other, plain),
        ("the same, saved and tested", "s", seconds["epochs_ours"], other, plain),
    ]


def evidence_rows() -> list[Row]:
    exact, sampled, _ = evidence.measure()
    return [("log p(x) of an image", "ms", 1000 * exact, "5,000 samples, Keras", 1000 * sampled)]


if __name__ == "__main__":
    sys.exit(main())
