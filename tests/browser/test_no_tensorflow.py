"""A server whose visitor used every control has not imported TensorFlow or Keras."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from vae_core.experiments.orders import ORDERS
from vae_core.explorer.parts.layers import LAYERS

from ..explore_page import SHIPPED, loaded
from .conftest import StartServer
from .pages import OpenPage, exception_texts, wait_idle
from .panel import Panel, lonely_image

pytestmark = pytest.mark.long  # every control there is


def choose(page: Page, key: str, option: str) -> None:
    """Chooses an option of a select box."""
    page.locator(f".st-key-{key}").get_by_role("combobox").click()
    page.get_by_role("option", name=option, exact=True).click()
    wait_idle(page, seconds=180)  # an order of ten thousand images takes a while


def enter(page: Page, key: str, text: str) -> None:
    """Types into an input."""
    field = page.locator(f".st-key-{key} input")
    field.fill(text)
    field.press("Enter")
    wait_idle(page)


def use_everything(page: Page) -> None:
    """What a visitor can do, once each."""
    panel = Panel(page)
    panel.wait_shown()
    image = lonely_image(panel, loaded("sample").mean)
    page.mouse.click(*panel.to_page(loaded("sample").mean[image]))
    panel.wait_shown(f"image={image},")
    for name in ("Next", "Previous", "Random", "↻ new ε", "Tour", "End"):
        page.get_by_role("button", name=name, exact=True).click()
        wait_idle(page)
    enter(page, "image", "18")
    panel.wait_shown("image=18,")
    page.get_by_role("button", name="More", exact=True).click()
    for key, text in (("k", "40"), ("seed", "5")):
        enter(page, key, text)
        panel.wait_shown(f"{key}={text},")
    page.locator(".st-key-scale").get_by_role("slider").press("ArrowRight")
    panel.wait_shown("scale=1.05,")
    for layer in LAYERS:
        choose(page, "layer", layer)
        panel.wait_shown(f"layer='{layer}'")
    for name in SHIPPED:
        choose(page, "versus", name)
        panel.wait_shown(f"versus='{name}'")
    page.keyboard.press("Escape")
    page.locator(".st-key-which button").click()
    for order in reversed(ORDERS):
        choose(page, "order", order)
    choose(page, "digit", "7")
    enter(page, "z", "0.5,-1")
    panel.wait_shown("z=(0.5, -1.0)")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More", exact=True).click()
    choose(page, "versus", "none")
    panel.wait_shown("versus='none'")
    assert not exception_texts(page)


def test_no_control_imports_tensorflow(
    open_page: OpenPage, start_server: StartServer, tmp_path: Path
) -> None:
    probe = tmp_path / "modules.txt"
    with start_server(env={"PROBE": str(probe)}, script="tests/browser/probe_app.py") as server:
        use_everything(open_page(url=server.url))
        for claim in (*"123456789", "questions"):
            page = open_page(f"claim={claim}", path="argument", url=server.url)
            assert not exception_texts(page)
        modules = probe.read_text().split()
    pages = {"vae_core.explorer.pages.explore", "vae_core.explorer.pages.argument"}
    assert {"streamlit", *pages} <= set(modules)
    assert not {"tensorflow", "keras"} & set(modules)
