"""What the browser tests do with a page of the explorer."""

from typing import Protocol

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

__all__ = ["OpenPage", "exception_texts", "wait_idle"]

# One snapshot of what Streamlit's page says of itself.
SNAPSHOT = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    return {
        script: app?.dataset.testScriptState ?? "no stApp",
        connection: app?.dataset.testConnectionState ?? "no stApp",
        skeletons: document.querySelectorAll('[data-testid="stSkeleton"]').length,
        waiting: document.querySelectorAll(".st-key-waiting").length, // for the style of the page
    };
}"""

# A click starts its script run some milliseconds later (a slider waits 200), so a page counts as
# idle when it has been so for a while. The clock is kept under a name of this call's own.
IDLE = """([id, quiet]) => {
    const state = (SNAPSHOT)();
    const idle = state.script === "notRunning" && state.connection === "CONNECTED"
        && state.skeletons === 0 && state.waiting === 0;
    const clocks = window.__idleSince ??= {};
    if (!idle) { delete clocks[id]; return false; }
    clocks[id] ??= performance.now();
    return performance.now() - clocks[id] >= quiet;
}""".replace("SNAPSHOT", SNAPSHOT)

_calls = iter(range(1_000_000_000))


class OpenPage(Protocol):
    """The fixture `open_page`: a page on a browser context of its own, loaded and idle."""

    def __call__(
        self,
        query: str = "",
        width: int = 1400,
        height: int = 900,
        dark: bool = False,
        touch: bool = False,
        *,
        path: str = "",
        url: str | None = None,
    ) -> Page: ...


def wait_idle(page: Page, seconds: float = 30, quiet: float = 0.25) -> None:
    """Waits until the script has run, the server is connected and no skeleton is left.

    Args:
        page: showing the app.
        seconds: how long to wait for it.
        quiet: how many seconds the page must have been so.

    Raises:
        AssertionError: the page was not idle in time; the message says what it waited for.
    """
    try:
        page.wait_for_function(IDLE, arg=[next(_calls), 1000 * quiet], timeout=1000 * seconds)
    except PlaywrightTimeoutError:
        raise AssertionError(
            f"{page.url} was not idle in {seconds:g} s: {page.evaluate(SNAPSHOT)}"
        ) from None


def exception_texts(page: Page) -> list[str]:
    """Texts of the error boxes that Streamlit shows when the script raised."""
    return page.get_by_test_id("stException").all_inner_texts()
