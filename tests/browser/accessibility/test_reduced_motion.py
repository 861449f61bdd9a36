"""Nothing moves for those who prefer reduced motion."""

import pytest
from playwright.sync_api import Page, expect

from ..pages import wait_idle
from ..panel import Panel
from ..server import Server
from .keyboard import walk
from .motion import REST, moved


def unfold(page: Page) -> None:
    """Opens and shuts a part of the page."""
    wait_idle(page)
    for _ in range(2):
        page.locator(".st-key-more summary").click()
        page.wait_for_timeout(600)  # it takes 500 ms for others


@pytest.mark.long  # every page
def test_a_run_jumps_from_epoch_to_epoch(training: Page, trained: str) -> None:
    # From the first look at the page to the end of the run.
    assert training.url == trained
    assert moved(training) == REST


@pytest.mark.long  # every page
def test_explore_keeps_still(calm: Page, server: Server) -> None:
    calm.goto(server.url)
    Panel(calm).wait_shown()
    calm.get_by_role("button", name="Next", exact=True).click()
    calm.locator(".st-key-which button").click()
    calm.keyboard.press("Escape")
    walk(calm)
    assert moved(calm) == REST


@pytest.mark.long  # every page
def test_the_argument_keeps_still(calm: Page, server: Server) -> None:
    calm.goto(f"{server.url}/argument?claim=3")
    wait_idle(calm, seconds=60)
    calm.get_by_role("button", name="Next", exact=True).click()
    calm.locator(".st-key-claim").get_by_text("4 A point").click()
    wait_idle(calm)
    assert moved(calm) == REST


@pytest.mark.long  # every page
def test_train_keeps_still_and_does_not_for_others(calm: Page, trained: str) -> None:
    calm.goto(trained)
    unfold(calm)
    assert moved(calm) == REST

    calm.emulate_media(reduced_motion="no-preference")  # the same look sees what others see
    unfold(calm)
    calm.locator(".slider").press("ArrowLeft")
    for canvas in calm.locator(".formation canvas.plane").all():
        expect(canvas).to_have_attribute("data-moving", "false")
    assert moved(calm)["heights"]
    assert moved(calm)["points"]
