"""The argument in a headless Chromium: python -m tests.benchmarks.argument

Prints, for each claim, the time from a click on Next to the last change of the page that the
click makes. The flow of claim 5 comes later by design: there the time ends with the first figure.
"""

import sys

from playwright.sync_api import Browser, Page

from tests.benchmarks.browsing import run_browser
from tests.benchmarks.explore import report
from tests.browser.pages import wait_idle
from tests.browser.server import Server, serve

CLICKS = 20
FIRST_IMAGE = 100

# Times of all changes below the page's main part, and of those that bring a figure.
RECORD = """() => {
    window.changes = [];
    window.figures = [];
    new MutationObserver((records) => {
        const now = performance.now();
        window.changes.push(now);
        const plotly = (node) => node.closest?.(".js-plotly-plot") ||
            node.querySelector?.(".js-plotly-plot");
        if (records.some((record) => [...record.addedNodes].some(plotly))) window.figures.push(now);
    }).observe(document.querySelector('[data-testid="stMain"]'),
        { subtree: true, childList: true, characterData: true });
}"""
CLICK = """() => {
    window.changes.length = window.figures.length = 0;
    window.clicked = performance.now();
    document.querySelector(".st-key-next button").click();
}"""


def main() -> int:
    """Runs every measurement; returns the exit status."""
    with run_browser() as (browser, folder), serve(folder / "log.txt") as server:
        for claim in sys.argv[1] if len(sys.argv) > 1 else "123456789":
            measure(browser, server, claim)
    return 0


def measure(browser: Browser, server: Server, claim: str) -> None:
    page: Page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.goto(f"{server.url}/argument?claim={claim}&image={FIRST_IMAGE}")
    wait_idle(page, seconds=60)
    page.evaluate(RECORD)
    times = []
    for click in range(CLICKS + 1):
        page.evaluate(CLICK)
        wait_idle(page, seconds=60, quiet=0.4)
        ends = "figures[0]" if claim == "5" else "changes.at(-1)"
        if click:  # the first one may build what is kept for later
            times.append(page.evaluate(f"window.{ends} - window.clicked"))
    report(f"claim {claim}: change of image", times, "ms")
    page.context.close()


if __name__ == "__main__":
    sys.exit(main())
