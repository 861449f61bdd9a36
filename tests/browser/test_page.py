"""The Explore page as a visitor meets it: first screen, links, history, themes, a phone."""

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

from vae_core.experiments.choices import Choices
from vae_core.experiments.view import compute_view
from vae_core.experiments.wording import numbers

from ..explore_page import choices, loaded
from .pages import OpenPage, exception_texts, wait_idle
from .panel import Panel, lonely_image, query_of
from .server import Server

# Selector, least width and least height on the first screen.
PARTS = (
    ("canvas.plane", 240, 240),
    (".see-saw", 280, 160),
    (".sum", 300, 30),
    (".verdict", 100, 15),
    ("figure.x", 90, 90),
    ("figure.mean", 90, 90),
    (".samples", 300, 100),
)


def panels(page: Page) -> tuple[Panel, Panel]:
    """Both panels, with their pictures drawn."""
    both = Panel(page, "model"), Panel(page, "versus")
    for panel in both:
        panel.wait_shown()
    return both


def expected_rows(name: str, chosen: Choices) -> list[tuple[str, str]]:
    """Values and errors of a panel's table."""
    view = compute_view(loaded(name), chosen)
    return [
        (row["value"], "\n".join(text for text in (row["error"], row["beside"]) if text))
        for row in numbers(view)
    ]


def test_the_first_screen_shows_the_whole_contrast(open_page: OpenPage) -> None:
    """At 1400 x 900, before any click: the answer, and all of both lanes."""
    page = open_page()
    answer = page.locator(".answer")
    assert answer.bounding_box()["y"] < 160
    assert len(answer.inner_text().split()) > 20
    for panel in panels(page):
        for part, width, height in PARTS:
            box = panel.find(part).bounding_box()
            assert box["width"] >= width, part
            assert box["height"] >= height, part
            assert box["y"] >= 0, part
            assert box["y"] + box["height"] <= 900, part
            assert box["x"] >= 0, part
            assert box["x"] + box["width"] <= 1400, part
        assert panel.find(".samples span").count() == 16
    assert page.locator(".lane").count() == 2
    assert not exception_texts(page)


@pytest.mark.parametrize(
    "chosen",
    [
        choices(),
        choices(model="mean", versus="sample", image=18, k=3, scale=0.5, seed=4),
        choices(z=(0.3, -1.2)),
        choices(scale=0.0),
    ],
    ids=["image", "the other way round", "point", "no noise"],
)
def test_a_link_shows_the_numbers_that_numpy_computes(open_page: OpenPage, chosen: Choices) -> None:
    page = open_page(query_of(chosen))
    for panel, name in zip(panels(page), (chosen.model, chosen.versus), strict=True):
        assert panel.shown == repr(chosen)
        assert panel.numbers() == expected_rows(name, chosen)


def everything(page: Page) -> tuple[list[object], list[NDArray[np.int_]]]:
    """Texts, numbers and pictures of the panels; and their planes."""
    seen: list[object] = []
    for panel in panels(page):
        seen += [panel.find(".panel").inner_text(), panel.numbers(), panel.view.tolist()]
        for canvas in panel.find(":is(figure, .samples) canvas").all():
            seen.append(canvas.evaluate("(canvas) => canvas.toDataURL()"))
    return seen, [panel.pixels().astype(int) for panel in panels(page)]


@pytest.mark.long  # each with a page of its own
def test_a_link_shows_the_same_to_everybody(open_page: OpenPage) -> None:
    link = query_of(choices(image=18, seed=3))
    first, first_planes = everything(open_page(link))
    second, second_planes = everything(open_page(link))
    assert len(first) == 2 * (
        3 + 7 + 2
    )  # texts, numbers, view; pictures and see-saw; rows of samples
    assert first == second
    for one, another in zip(first_planes, second_planes, strict=True):
        # A browser may smooth the same letter a little otherwise from one page to the next.
        assert np.abs(one - another).max() <= 40
    other, _ = everything(open_page(query_of(choices(image=18))))
    assert other != first


def test_back_returns_to_the_image_before(open_page: OpenPage) -> None:
    page = open_page("image=7")
    panel, _ = panels(page)
    image = lonely_image(panel, loaded("sample").mean)
    page.mouse.click(*panel.to_page(loaded("sample").mean[image]))
    panel.wait_shown(f"image={image},")
    wait_idle(page)
    page.get_by_role("button", name="Next", exact=True).click()
    panel.wait_shown(f"image={image + 1},")
    wait_idle(page)
    page.go_back()
    for shown in panels(page):
        shown.wait_shown(f"image={image},")
    assert page.locator(".st-key-image input").input_value() == str(image)
    page.go_back()
    for shown in panels(page):
        shown.wait_shown("image=7,")


@pytest.mark.long  # each with a page of its own
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_panels_follow_the_theme(open_page: OpenPage, dark: bool) -> None:
    page = open_page(dark=dark)
    for panel in panels(page):
        assert page.locator(".st-key-stage .stage").get_attribute("data-theme") == (
            "dark" if dark else "light"
        )
        background = np.median(panel.pixels().reshape(-1, 3), axis=0)
        assert background.max() < 64 if dark else background.min() > 224
        # Text and page, read as the browser paints them.
        text, page_colour = page.evaluate(
            """([panel, app]) => [getComputedStyle(panel).color,
                getComputedStyle(app).backgroundColor].map(
                    (colour) => colour.match(/\\d+/g).slice(0, 3).map(Number))""",
            [panel.find(".panel").element_handle(), page.get_by_test_id("stApp").element_handle()],
        )
        assert abs(np.mean(text) - np.mean(page_colour)) > 150
        assert (np.mean(page_colour) < 64) == dark


def test_on_a_phone_everything_is_within_reach(open_page: OpenPage) -> None:
    page = open_page(width=390, height=844, touch=True)
    overflow = """() => [...document.querySelectorAll("html, body, [data-testid=stMain]")]
        .map((element) => element.scrollWidth - element.clientWidth)"""
    assert max(page.evaluate(overflow)) <= 0
    # Before any scrolling: planes, sums, four samples of each lane.
    strip = page.locator(".st-key-explore-controls").bounding_box()["y"]
    for panel in panels(page):
        assert panel.box[2] >= 160
        fourth = panel.find(".samples span").nth(3)
        for part in (panel.canvas, panel.find(".sum"), fourth):
            box = part.bounding_box()
            assert 0 <= box["y"] <= strip - box["height"]
    page.get_by_role("button", name="More", exact=True).click()
    inside = ("k", "scale", "seed", "layer", "model", "versus")
    for key in inside:
        page.locator(f".st-key-{key}").scroll_into_view_if_needed()
        box = page.locator(f".st-key-{key}").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    page.keyboard.press("Escape")
    keys = ("image", "previous", "next", "random", "which", "more")
    controls = [page.locator(f".st-key-{key}") for key in keys]
    for panel in panels(page):
        for part in ("canvas.plane", ".sum", ".see-saw", "figure.x", ".samples"):
            controls.append(panel.find(part))
    for control in controls:
        control.hover(trial=True)  # scrolls there; fails where something else lies on top
        box = control.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 391  # a strip that was pushed stops between pixels


@pytest.mark.long  # each with a page of its own
def test_unreadable_values_leave_the_page_working_and_nothing_in_the_log(
    open_page: OpenPage, app_url: Server
) -> None:
    open_page()  # what the server says once, it has said now
    before = app_url.log.read_text()
    for query in (
        "model=nope&versus=%00&image=-1&k=0&scale=nan&seed=x&layer=zzz&digit=77&order=&z=1e309,1",
        "image=10000&k=1e9&scale=-1&z=1&model=&unknown=1",
        "image=abc&k=inf&seed=-inf&scale=1e999&z=%3Cscript%3Ealert(1)%3C/script%3E",
        "image=1e999&image=inf&k=2.5&model=../../etc",
    ):
        page = open_page(query)
        for panel in panels(page):
            assert "z=None" in panel.shown
        assert not exception_texts(page)
        assert page.get_by_test_id("stAlert").count() == 0
        page.get_by_role("button", name="Next", exact=True).click()
        panels(page)[0].wait_shown("image=1368,")
    assert app_url.log.read_text() == before
