"""A digit of the visitor's own on Explore: drawn, linked, taken back, loaded from a file."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from ..explore_page import mnist
from .pages import OpenPage, exception_texts, wait_idle
from .panel import Panel

THREE = [
    (0.3, 0.3),
    (0.45, 0.18),
    (0.65, 0.3),
    (0.48, 0.48),
    (0.68, 0.65),
    (0.5, 0.85),
    (0.3, 0.75),
]
BAR = [(0.3, 0.5), (0.7, 0.5)]


def open_pad(page: Page) -> None:
    page.locator(".st-key-drawing label").click()
    page.locator(".st-key-pad canvas.ink").wait_for()
    wait_idle(page)


def draw(page: Page, line: Sequence[tuple[float, float]]) -> None:
    """One stroke of the mouse, slow enough to be seen while it is drawn."""
    box = page.locator(".st-key-pad canvas.ink").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
        page.wait_for_timeout(60)
    page.mouse.up()


def test_a_drawn_digit_is_shown_linked_and_taken_back(open_page: OpenPage) -> None:
    page = open_page()
    panel = Panel(page)
    panel.wait_shown()
    before = Panel(page).numbers()
    open_pad(page)
    draw(page, THREE)
    expect(page.get_by_text("x: drawn").first).to_be_visible()
    page.wait_for_url("**draw=**")
    wait_idle(page)
    drawn, address = Panel(page).numbers(), page.url
    assert drawn != before
    assert len(address) < 700

    other = open_page(address.partition("?")[2])
    Panel(other).wait_shown()
    assert Panel(other).numbers() == drawn

    draw(page, BAR)
    page.wait_for_function("(address) => location.href !== address", arg=address)
    wait_idle(page)
    assert Panel(page).numbers() != drawn
    page.go_back()
    page.wait_for_url(address)
    wait_idle(page)
    assert Panel(page).numbers() == drawn

    page.get_by_role("button", name="Clear the pad").click()
    expect(page.get_by_text("x: drawn")).to_have_count(0)
    wait_idle(page)
    assert Panel(page).numbers() == before
    assert not exception_texts(page)


@pytest.mark.long  # each with a page of its own
def test_a_picture_file_becomes_the_digit(open_page: OpenPage) -> None:
    page = open_page()
    Panel(page).wait_shown()
    open_pad(page)
    # A photographed 2: dark on light, larger, off centre.
    digit = Image.fromarray(255 - mnist().images[1]).resize((280, 280))
    sheet = Image.new("L", (500, 400), 245)
    sheet.paste(digit, (180, 60))
    file = io.BytesIO()
    sheet.save(file, "JPEG")
    upload = {"name": "two.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
    page.locator('input[type="file"]').set_input_files(upload)  # type: ignore[arg-type]
    expect(page.get_by_text("x: drawn").first).to_be_visible(timeout=10_000)
    page.wait_for_url("**draw=**")

    upload = {"name": "two.png", "mimeType": "image/png", "buffer": b"<script>alert(1)</script>"}
    wait_idle(page)
    page.locator('input[type="file"]').set_input_files(upload)  # type: ignore[arg-type]
    expect(page.get_by_role("alert").first).to_be_visible(timeout=10_000)
    assert "<script>" not in page.get_by_role("alert").first.inner_text()
    assert not exception_texts(page)


@pytest.mark.long  # each with a page of its own
def test_drawing_on_a_phone(open_page: OpenPage) -> None:
    page = open_page(width=390, height=844, touch=True)
    open_pad(page)
    page.locator(".st-key-pad canvas.ink").scroll_into_view_if_needed()
    box = page.locator(".st-key-pad canvas.ink").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_text("x: drawn").first).to_be_visible(timeout=10_000)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert np.isclose(width, 390)
