"""Training in the page: python -m tests.benchmarks.train_page

Prints when the default run's first picture is there, its test -ELBO after 30 s and at its end; the
time of a click on Explore in another session while it goes on, as a ratio to an idle server; what
five runs in a row add to the server's memory; and the worker's largest memory.
"""

import os
import re
import sys
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

from tests.benchmarks.browsing import run_browser
from tests.benchmarks.explore import RECORD_CLICKS, click, memory, open_page
from tests.browser.pages import wait_idle
from tests.browser.server import Server, serve

CLICKS = 30
RUNS = 5
# What the page's component says: the epoch of the visitor's own run, and its test loss there.
STATE = """() => {
    for (const element of document.querySelectorAll(".st-key-formation *")) {
        const root = element.shadowRoot?.querySelector(".formation");
        if (root?.dataset.kind !== "yours") continue;
        return [root.dataset.epoch, root.querySelector(".measures .own td").textContent];
    }
    return ["", ""];
}"""


def main() -> int:
    """Runs every measurement; returns the exit status."""
    with run_browser() as (browser, folder):
        with serve(folder / "log.txt") as server:
            measure_default_run(browser, server)
            measure_clicks(browser, server)
        with serve(folder / "log.txt") as server:
            measure_memory(browser, server)
    return 0


def train_page(browser: Browser, server: Server, query: str = "") -> Page:
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.goto(f"{server.url}/train?{query}")
    wait_idle(page, seconds=60)
    return page


def workers(server: Server) -> list[int]:
    found = Path(f"/proc/{server.pid}/task").glob("*/children")
    children = [int(pid) for file in found for pid in file.read_text().split()]
    return [pid for pid in children if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def loss_shown(text: str) -> float:
    """The test loss in the table of the epoch shown."""
    found = re.search(r"\d+\.\d+", text)
    return float(found[0]) if found else np.nan


def measure_default_run(browser: Browser, server: Server) -> None:
    page = train_page(browser, server)
    page.locator(".st-key-train button").click()
    started = time.perf_counter()
    first, at_30, losses = np.nan, np.nan, [np.nan]
    while not page.locator(".st-key-download").count():
        page.wait_for_timeout(100)
        epoch, text = page.evaluate(STATE)
        seconds = time.perf_counter() - started
        if epoch != "" and np.isnan(first):
            first = seconds
        losses.append(loss_shown(text))
        if seconds <= 30:
            at_30 = losses[-1]
    print(
        f"first picture {first:.1f} s; test -ELBO {at_30:.1f} after 30 s, {losses[-1]:.1f} at the"
    )
    print(f"end, after {time.perf_counter() - started:.1f} s")
    page.context.close()


def explore_clicks(page: Page) -> list[float]:
    page.evaluate("window.clickTimes && (window.clickTimes.length = 0)")
    for x, y in np.random.default_rng(1).uniform(0.2, 0.8, (CLICKS, 2)):
        click(page, x, y)
    return list(page.evaluate("clickTimes"))


def measure_clicks(browser: Browser, server: Server) -> None:
    page = open_page(browser, server, "")
    page.evaluate(RECORD_CLICKS)
    explore_clicks(page)  # the first ones fill caches
    idle = explore_clicks(page)
    other = train_page(browser, server, "epochs=100")
    other.locator(".st-key-train button").click()
    other.wait_for_timeout(15_000)  # past loading and compiling
    busy = explore_clicks(page)
    assert workers(server), "the run ended too early"
    other.locator(".st-key-cancel button").click()
    other.wait_for_timeout(4_000)
    again = explore_clicks(page)
    medians = [float(np.median(times)) for times in (idle, busy, again)]
    ratio = medians[1] / np.mean([medians[0], medians[2]])
    print(
        "click on Explore: idle {:.0f} ms, during a run {:.0f} ms, idle {:.0f} ms".format(*medians)
    )
    print(f"ratio {ratio:.2f}")
    page.context.close()
    other.context.close()


def measure_memory(browser: Browser, server: Server) -> None:
    page = train_page(browser, server, "epochs=20")
    before, largest = memory(server.pid), 0.0
    for run in range(RUNS):
        page.locator(".st-key-train button").click()
        page.wait_for_timeout(2_000)
        (worker,) = workers(server)
        while os.path.exists(f"/proc/{worker}/statm"):
            pages = (Path(f"/proc/{worker}/statm").read_text().split() or [0, 0])[1]
            largest = max(largest, int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20)
            page.wait_for_timeout(100)
        page.locator(".st-key-train button:enabled").wait_for()
        print(f"server after run {run + 1}: {memory(server.pid) - before:+.1f} MiB")
    print(f"largest memory of a worker: {largest:.0f} MiB")
    page.context.close()


if __name__ == "__main__":
    sys.exit(main())
