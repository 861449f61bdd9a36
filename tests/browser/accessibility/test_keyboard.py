"""Every control is reached with Tab, shows that it has the focus, and is used with the keys."""

import pytest
from playwright.sync_api import Page, expect

from vae_core.explorer.pages.argument import labels

from ..pages import wait_idle
from ..panel import Panel
from ..server import Server
from .keyboard import (
    assert_in_order,
    has_focus,
    tab_to,
    unseen,
    wait_focus,
    walk,
    walk_back,
)
from .motion import REST, moved

PAGES = ["Explore", "The argument", "Train"]
IMAGE = ["Test image", "Previous", "Next", "Random", "Choose…"]
SIGNS = ["x", "μ", "σ", "ε", "z", "x̂", "price", "KL", "−ELBO", "nat", "q"]


def assert_all_reached(page: Page, expected: list[str]) -> None:
    """Tab goes through these, Shift+Tab back, and each of them shows it."""
    walk(page)  # to the end from wherever the focus is
    names = walk(page)
    assert_in_order(expected, names)
    walk_back(page, names)
    assert unseen(page) == []


# --- Explore --------------------------------------------------------------------------------------


@pytest.mark.long  # every page by keyboard
def test_tab_reaches_all_of_explore(calm: Page, server: Server) -> None:
    calm.goto(server.url)
    for key in ("model", "versus"):
        Panel(calm, key).wait_shown()
    wait_idle(calm)
    tab_to(calm, ".st-key-drawing")
    calm.keyboard.press("Space")
    calm.locator(".st-key-pad .ink").wait_for()
    wait_idle(calm)
    controls = [*IMAGE, "Draw", "More"]
    pad = ["Drawing pad", "Undo the last stroke", "Clear the pad", "Upload"]
    stage = ["noise × σ", "↻ new ε", *SIGNS]
    lane = ["plane", "zoom to q", "whole plane", "samples, each with its loss"]
    carry = ["Copy link", "PNG", "CSV", "Python"]
    numbers = ["All numbers, with their meaning; average and difference of pictures"]
    assert_all_reached(
        calm,
        [*PAGES, *controls, *pad, *stage, *lane, *lane, *numbers, *carry, "Reading the picture"],
    )


@pytest.mark.long  # every page by keyboard
def test_the_choices_of_explore_by_keyboard(calm: Page, server: Server) -> None:
    keyboard = calm.keyboard
    calm.goto(server.url)
    panel = Panel(calm)
    panel.wait_shown()
    wait_idle(calm)
    tab_to(calm, ".st-key-image")
    keyboard.press("ArrowUp")
    panel.wait_shown("image=1368,")
    tab_to(calm, ".st-key-next")
    keyboard.press("Enter")
    panel.wait_shown("image=1369,")
    tab_to(calm, "input.noise")
    keyboard.press("ArrowRight")
    panel.wait_shown("scale=1.05,")
    tab_to(calm, "button.new-epsilon")
    keyboard.press("Space")
    panel.wait_shown("seed=1,")
    wait_idle(calm)
    tab_to(calm, ".st-key-more")
    keyboard.press("Enter")
    calm.get_by_test_id("stPopoverBody").wait_for()
    tab_to(calm, ".st-key-versus input")
    keyboard.type("blog")
    keyboard.press("Enter")
    panel.wait_shown("versus='blog'")
    tab_to(calm, ".st-key-k")
    keyboard.press("ArrowDown")
    panel.wait_shown("k=15,")
    tab_to(calm, ".st-key-layer input")
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    panel.wait_shown("layer='posterior'")
    keyboard.press("Escape")
    expect(calm.get_by_test_id("stPopoverBody")).to_have_count(0)

    wait_idle(calm)
    tab_to(calm, ".st-key-which")
    keyboard.press("Enter")
    calm.get_by_test_id("stPopoverBody").wait_for()
    tab_to(calm, ".st-key-digit input")
    keyboard.type("7")
    keyboard.press("Enter")
    calm.wait_for_url("**digit=7**")
    wait_idle(calm)
    keyboard.press("Escape")
    expect(calm.get_by_test_id("stPopoverBody")).to_have_count(0)
    wait_focus(calm, ".st-key-which")


def test_the_plane_by_keyboard(calm: Page, server: Server) -> None:
    keyboard = calm.keyboard
    calm.goto(server.url)
    panel = Panel(calm)
    panel.wait_shown()
    wait_idle(calm)
    before = panel.shown
    tab_to(calm, "canvas.plane")
    for key in ["ArrowRight"] * 3 + ["Enter"]:
        keyboard.press(key)
    calm.wait_for_function("(url) => location.href !== url", arg=calm.url)
    wait_idle(calm)
    assert panel.shown != before
    wait_focus(calm, "canvas.plane")
    whole = panel.view.tolist()
    keyboard.press("Tab")
    keyboard.press("Enter")
    assert panel.view[1] - panel.view[0] < (whole[1] - whole[0]) / 2
    keyboard.press("Tab")
    keyboard.press("Space")
    assert panel.view.tolist() == whole


@pytest.mark.long  # every page by keyboard
def test_a_digit_is_drawn_and_the_view_carried_away_by_keyboard(calm: Page, server: Server) -> None:
    keyboard = calm.keyboard
    calm.context.grant_permissions(["clipboard-read", "clipboard-write"])
    calm.on("filechooser", lambda chooser: None)  # from now on they are noticed
    calm.goto(server.url)
    Panel(calm).wait_shown()
    wait_idle(calm)
    tab_to(calm, ".st-key-drawing")
    keyboard.press("Space")
    calm.locator(".st-key-pad .ink").wait_for()
    wait_idle(calm)
    tab_to(calm, ".ink")
    for key in ["Space", *["ArrowDown"] * 6, "Space"]:
        keyboard.press(key)
    calm.wait_for_url("**draw=**")
    wait_idle(calm)
    tab_to(calm, ".clear")
    keyboard.press("Enter")
    calm.wait_for_function("() => !location.search.includes('draw=')")
    wait_idle(calm)
    tab_to(calm, "[data-testid=stFileUploader] button")
    with calm.expect_file_chooser():
        keyboard.press("Enter")
    tab_to(calm, ".copy")
    keyboard.press("Enter")
    expect(calm.locator(".st-key-carry .copy")).to_have_text("Copied")
    for button, file in (
        (".png", "vae-view.png"),
        (".st-key-carry-csv", "vae-view.csv"),
        (".st-key-carry-python", "view.py"),
    ):
        tab_to(calm, button)
        with calm.expect_download() as download:
            keyboard.press("Enter")
        assert download.value.suggested_filename == file


# --- The argument ---------------------------------------------------------------------------------


@pytest.mark.long  # every page by keyboard
def test_the_argument_by_keyboard(calm: Page, server: Server) -> None:
    keyboard = calm.keyboard
    calm.goto(f"{server.url}/argument?claim=4&image=18")
    wait_idle(calm, seconds=60)
    # Tab stops once at the claims, at first at the first one; the arrow keys go through them.
    assert_all_reached(calm, [*PAGES, labels()["questions"], *IMAGE, "Model"])
    tab_to(calm, ".st-key-next")
    keyboard.press("Enter")
    calm.wait_for_url("**image=19**")
    wait_idle(calm)
    tab_to(calm, ".st-key-claim [role=radio]")
    keyboard.press("ArrowRight")  # from the questions, which come first
    keyboard.press("ArrowRight")
    keyboard.press("Space")
    calm.wait_for_url("**claim=2**")
    wait_idle(calm)
    tab_to(calm, ".st-key-decoded")
    keyboard.press("Space")
    calm.wait_for_url("**decoded=true**")
    wait_idle(calm)
    tab_to(calm, ".st-key-claim [role=radio]")
    keyboard.press("ArrowRight")
    keyboard.press("Space")
    calm.wait_for_url("**claim=3**")
    wait_idle(calm)
    tab_to(calm, ".st-key-sigma")
    keyboard.press("ArrowRight")
    calm.wait_for_url("**sigma=**")

    calm.goto(f"{server.url}/argument?claim=questions")
    wait_idle(calm)
    tab_to(calm, "summary")
    keyboard.press("Enter")
    tab_to(calm, "[data-testid=stExpanderDetails] a")
    keyboard.press("Enter")
    calm.wait_for_url(lambda url: "claim=questions" not in url)
    wait_idle(calm)
    assert moved(calm) == REST


@pytest.mark.long  # every page by keyboard
def test_figures_have_no_controls_of_their_own(calm: Page, server: Server) -> None:
    calm.goto(f"{server.url}/argument?claim=3")
    wait_idle(calm, seconds=60)
    assert calm.locator(".js-plotly-plot .legendtoggle").count() == 0  # names stand at the curves
    assert calm.locator(".js-plotly-plot .modebar-btn").count() == 0


# --- Train ----------------------------------------------------------------------------------------


@pytest.mark.long  # every page by keyboard
def test_tab_reaches_all_of_train(calm: Page, trained: str) -> None:
    calm.goto(trained)
    expect(calm.locator(".formation")).to_have_attribute("data-epoch", "1")
    tab_to(calm, ".st-key-more summary")
    calm.keyboard.press("Enter")
    tab_to(calm, ".st-key-width")
    wait_idle(calm)
    controls = ["The VAE", "What is decoded", "β, weight of the KL", "Beside it, recorded", "Train"]
    network = ["Hidden units", "Hidden layers", "Batch size", "Learning rate", "Schedule"]
    first = ["Epochs", "Seed of the run"]
    run = ["Replay", "Epoch shown"]
    results = ["Upload", "See it in Explore", "Put it to the argument", "Download the model"]
    assert_all_reached(calm, [*PAGES, *controls, *first, *network, *results, *run])


@pytest.mark.long  # every page by keyboard
def test_stories_replay_and_download_by_keyboard(calm: Page, trained: str) -> None:
    keyboard = calm.keyboard
    run = calm.locator(".formation")
    calm.goto(trained)
    expect(run).to_have_attribute("data-epoch", "1")
    wait_idle(calm)
    tab_to(calm, ".st-key-story [role=radio]")
    tab_to(calm, ".slider")
    keyboard.press("ArrowLeft")
    expect(run).to_have_attribute("data-shown", "19")
    keyboard.press("Home")
    expect(run).to_have_attribute("data-epoch", "0")
    keyboard.press("Shift+Tab")
    keyboard.press("Enter")
    expect(run).to_have_attribute("data-epoch", "1")
    assert moved(calm) == REST
    tab_to(calm, ".st-key-download")
    with calm.expect_download():
        keyboard.press("Enter")
    tab_to(calm, ".st-key-story [role=radio]")
    keyboard.press("ArrowRight")
    keyboard.press("Enter")
    calm.wait_for_url("**objective=the+mean**")
    expect(run).to_have_attribute("data-run", "recorded-mean")  # the result is taken away


@pytest.mark.long  # every page by keyboard
def test_a_run_is_started_and_cancelled_by_keyboard(calm: Page, server: Server) -> None:
    calm.goto(f"{server.url}/train?epochs=100")
    wait_idle(calm, seconds=60)
    tab_to(calm, ".st-key-train")
    calm.keyboard.press("Enter")
    expect(calm.locator(".st-key-cancel button")).to_be_enabled(timeout=20_000)
    tab_to(calm, ".st-key-cancel")
    calm.wait_for_timeout(1200)  # the page looks after the run twice a second
    assert has_focus(calm, ".st-key-cancel")
    calm.keyboard.press("Enter")
    expect(calm.get_by_text("Cancelled")).to_be_visible(timeout=20_000)
