"""axe-core finds nothing beyond Streamlit's own; text has contrast; two themes, two sizes."""

import pytest
from playwright.sync_api import Page, expect

from vae_core.explorer.pages.argument import labels

from ..panel import Panel
from ..server import Server
from .audit import CONTRAST, THEMES, Screens, beyond
from .contrast import contrast, faint_colours

Bare = set[tuple[str, str]]


def open_all(page: Page) -> None:
    """Unfolds what can be unfolded."""
    for summary in page.locator("summary").all():
        summary.click()


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)
    assert contrast("color(srgb 0.4 0.4 0.4)", "#ffffff") == pytest.approx(5.742, abs=1e-3)
    assert contrast("rgba(0, 0, 0, 0.5)", "#ffffff") == pytest.approx(3.95, abs=0.03)
    # Half of it lets through what lies below, which may be as bright, or as dark.
    assert contrast("#000000", "#ffffff", 0.5) == pytest.approx(3.95, abs=0.03)


# Its run goes on while the other pages are looked at.
@pytest.mark.long  # every page, in two themes at two sizes
@pytest.mark.usefixtures("training")
def test_explore_is_accessible(screens: Screens, server: Server, bare: Bare) -> None:
    screens.goto(f"{server.url}/?layer=posterior")
    for page in screens.pages:
        for key in ("model", "versus"):
            Panel(page, key).wait_shown("layer='posterior'")
        page.get_by_test_id("stCheckbox").get_by_text("Draw").click()
        page.locator(".st-key-pad .ink").wait_for()
        page.locator(".st-key-which button").click()
        page.get_by_test_id("stPopoverBody").wait_for()
    screens.wait()
    assert beyond(screens.audit(), bare) == set()
    for theme, page in zip(THEMES, screens.pages, strict=True):
        assert faint_colours(page, theme) == {}


@pytest.mark.long  # every page, in two themes at two sizes
def test_what_is_wrong_is_seen(screens: Screens, server: Server, bare: Bare) -> None:
    page = screens.pages[0]
    page.goto(server.url)
    one = Screens([page], screens.sizes[:1])
    Panel(page).wait_shown()
    one.wait()
    page.locator(".st-key-stage .stage").evaluate(
        """(stage) => {
            stage.querySelector(".name").innerHTML =
                '<img src="data:,"><b style="color: #777">pale</b>';
            stage.querySelector(".new-epsilon").style.opacity = 0.4;
        }"""
    )
    found = beyond(one.audit(), bare)
    assert {rule for rule, _, _ in found} == {"image-alt", *CONTRAST}
    assert any("new" in what for _, _, what in found)


@pytest.mark.long  # every page, in two themes at two sizes
def test_every_claim_is_accessible(screens: Screens, server: Server, bare: Bare) -> None:
    screens.goto(f"{server.url}/argument")
    objections = {}
    for claim, label in labels().items():
        for page in screens.pages:
            page.get_by_role("radio", name=label).click()
        screens.wait()
        for page in screens.pages:
            open_all(page)  # the answers to questions
        if found := beyond(screens.audit(), bare):
            objections[claim] = found
    assert objections == {}


@pytest.mark.long  # every page, in two themes at two sizes
def test_train_is_accessible(screens: Screens, server: Server, bare: Bare, trained: str) -> None:
    objections = {}
    for state, url in (("before a run", f"{server.url}/train"), ("after a run", trained)):
        screens.goto(url)
        for page in screens.pages:
            open_all(page)
        screens.wait()
        if state == "after a run":
            for page in screens.pages:
                expect(page.locator(".formation")).to_have_attribute("data-epoch", "1")
        if found := beyond(screens.audit(), bare):
            objections[state] = found
    assert objections == {}


@pytest.mark.long  # every page, in two themes at two sizes
def test_a_run_is_accessible_while_it_goes_on(screens: Screens, server: Server, bare: Bare) -> None:
    screens.goto(f"{server.url}/train?epochs=100")
    cancels = [page.locator(".st-key-cancel button") for page in screens.pages]
    for page in screens.pages:
        page.locator(".st-key-train button").click()
    for cancel in cancels:
        expect(cancel).to_be_enabled(timeout=20_000)
    found = Screens(screens.pages, screens.sizes[:1]).audit()
    for cancel in cancels:
        cancel.click()
    for page in screens.pages:
        expect(page.get_by_text("Cancelled")).to_be_visible(timeout=20_000)
    assert beyond(found, bare) == set()
