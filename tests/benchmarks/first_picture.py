"""First usable picture and first load: python -m tests.benchmarks.first_picture [--rounds 5]

A cold server process, whose script has never run, and a cold browser, in turn for a bare Streamlit
page with one image and for Explore. Prints medians, their ratio, and the bytes of the first load.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Playwright, sync_playwright

from tests.benchmarks.browsing import chromium_path
from tests.browser.conftest import ARGUMENTS
from tests.browser.server import ROOT, serve

__all__ = ["BARE", "FirstLoad", "measure", "medians"]

BARE = str(Path(__file__).with_name("bare_page.py"))
EXPLORE = str(ROOT / "app.py")

# Both panels have drawn their pictures; the image of the bare page has its pixels.
READY = {
    EXPLORE: """() => [...document.querySelectorAll(".st-key-stage *")]
        .some((one) => one.shadowRoot?.querySelectorAll(".panel[data-shown]").length === 2)""",
    BARE: """() => [...document.querySelectorAll("[data-testid=stImage] img, .stImage img")]
        .some((image) => image.complete && image.naturalWidth)""",
}


@dataclass(frozen=True)
class FirstLoad:
    """One visit to a server that nobody has visited.

    Attributes:
        seconds: from the start of the navigation to the picture.
        since_start: the same, from the start of the server's process.
        mebibytes: received over HTTP, as sent, and over the WebSocket.
    """

    seconds: float
    since_start: float
    mebibytes: float


def measure(playwright: Playwright, path: str, script: str) -> FirstLoad:
    """Visits a page for the first time."""
    with tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        started = time.perf_counter()
        with serve(Path(folder) / "log.txt", script=script) as server:
            page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
            received = [0.0]
            session = page.context.new_cdp_session(page)
            session.send("Network.enable")
            session.on(
                "Network.loadingFinished",
                lambda event: received.append(event["encodedDataLength"]),
            )
            session.on(
                "Network.webSocketFrameReceived",  # in base64: four thirds of the bytes
                lambda event: received.append(len(event["response"]["payloadData"]) * 3 / 4),
            )
            visited = time.perf_counter()
            page.goto(server.url, wait_until="commit")
            page.wait_for_function(READY[script], timeout=120_000)
            seen = time.perf_counter()
            page.wait_for_timeout(3000)  # what comes after the picture belongs to the load
            load = FirstLoad(seen - visited, seen - started, sum(received) / 2**20)
        browser.close()
        return load


def medians(playwright: Playwright, path: str, rounds: int) -> dict[str, FirstLoad]:
    """Bare page and Explore in turn; medians by script."""
    loads: dict[str, list[FirstLoad]] = {BARE: [], EXPLORE: []}
    for _ in range(rounds):
        for script, found in loads.items():
            found.append(measure(playwright, path, script))
    return {
        script: FirstLoad(
            *(
                float(np.median([getattr(one, name) for one in found]))
                for name in FirstLoad.__dataclass_fields__
            )
        )
        for script, found in loads.items()
    }


def main() -> int:
    """Runs the measurement; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    path = chromium_path()
    with sync_playwright() as playwright:
        found = medians(playwright, path, rounds)
    bare, explore = found[BARE], found[EXPLORE]
    for name in FirstLoad.__dataclass_fields__:
        here, there = getattr(explore, name), getattr(bare, name)
        print(f"{name:12} Explore {here:6.2f}  bare page {there:6.2f}  ratio {here / there:5.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
