"""A click moves little data: what does not change stays in the browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocket

from ..explore_page import loaded
from .pages import OpenPage, wait_idle
from .panel import Panel, lonely_image

LIMIT = 150_000  # bytes


def count_bytes(page: Page) -> list[int]:
    """Sizes of the frames that the page receives from its next load on."""
    sizes: list[int] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: sizes.append(len(payload)))

    page.on("websocket", listen)
    page.reload()
    wait_idle(page)
    return sizes


@pytest.mark.long  # each with a page of its own
@pytest.mark.parametrize("k", [16, 256])
def test_a_click_receives_less_than_150_kilobytes(open_page: OpenPage, k: int) -> None:
    page = open_page(f"k={k}")
    sizes = count_bytes(page)
    assert sum(sizes) > 300_000  # the models came this way: the count works
    panel = Panel(page)
    panel.wait_shown(f"k={k},")
    image = lonely_image(panel, loaded("sample").mean)
    x, y = panel.to_page(loaded("sample").mean[image])
    corner = panel.box[:2] + 12
    uses: dict[str, Callable[[], None]] = {
        "a point": lambda: page.mouse.click(x, y),
        "another image": page.get_by_role("button", name="Next", exact=True).click,
        "a place": lambda: page.mouse.click(*corner),
        "new ε": page.locator("button.new-epsilon").click,
    }
    for name, use in uses.items():
        sizes.clear()
        shown = panel.shown
        use()
        panel.find(f'.panel[data-shown]:not([data-shown="{shown}"])').wait_for()
        wait_idle(page)
        assert 0 < sum(sizes) < LIMIT, name
