"""What a visitor carries away from the page: its link, its picture, its numbers, its script."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page

from vae_core.experiments.choices import Choices
from vae_core.experiments.view import compute_view
from vae_core.experiments.view_files import view_csv, view_script
from vae_core.experiments.wording import numbers, objective_sentence
from vae_core.explorer.frontend import theme
from vae_core.explorer.pages.explore import TITLE
from vae_core.models.naming import heading

from ..explore_page import choices, loaded, mnist
from .pages import OpenPage, wait_idle
from .panel import Panel, query_of

OpenView = Callable[..., Page]

# Keeps what is written on any canvas, in pixels of that canvas.
LISTEN = """() => {
    window.__written = [];
    const { prototype } = CanvasRenderingContext2D;
    const fillText = prototype.fillText;
    prototype.fillText = function (text, ...rest) {
        const size = Number(this.font.match(/([\\d.]+)px/)[1]) * this.getTransform().a;
        if (this.canvas.width === 1920) window.__written.push([String(text), size]);
        return fillText.call(this, text, ...rest);
    };
}"""
# Two columns, or one panel: parts of the picture as left, top, right, bottom.
TITLE_BAND, LINK_BAND = (40, 30, 1880, 130), (40, 1034, 1880, 1072)
COLUMN = {
    "heading": (40, 145, 900, 182),
    "plane": (45, 205, 500, 650),
    "numbers": (620, 200, 936, 690),
    "pictures": (40, 720, 936, 860),
    "captions": (40, 864, 936, 900),
    "samples": (40, 934, 936, 1000),
    "losses": (40, 995, 936, 1020),
}
SINGLE = {
    "heading": (40, 145, 900, 182),
    "plane": (45, 205, 680, 850),
    "numbers": (760, 200, 1430, 850),
    "pictures": (1490, 200, 1880, 850),
    "samples": (40, 905, 1880, 990),
    "losses": (40, 990, 1880, 1020),
}


@pytest.fixture
def open_view(open_page: OpenPage) -> OpenView:
    """Opens the page at these choices, with its pictures drawn."""

    def open_view(chosen: Choices, **settings: Any) -> Page:
        page = open_page(query_of(chosen), **settings)
        for key in ("model", "versus"):
            if getattr(chosen, key) != "none":
                Panel(page, key).wait_shown()
        return page

    return open_view


def button(page: Page, name: str) -> Locator:
    return page.locator(".st-key-carry").get_by_role("button", name=name, exact=True)


def press(page: Page, name: str) -> tuple[str, bytes]:
    """Name and content of the file that a button downloads."""
    with page.expect_download() as download:
        button(page, name).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def picture(page: Page) -> NDArray[np.int_]:
    """The slide, `(1080, 1920, 3)`."""
    name, payload = press(page, "PNG")
    assert name == "vae-view.png"
    with Image.open(io.BytesIO(payload)) as image:
        assert image.format == "PNG"
        assert image.size == (1920, 1080)
        return np.asarray(image.convert("RGB")).astype(int)


def part(slide: NDArray[np.int_], box: tuple[int, int, int, int]) -> NDArray[np.int_]:
    left, top, right, bottom = box
    return slide[top:bottom, left:right]


def symbol_colour(dark: bool, name: str) -> NDArray[np.int_]:
    colour = theme()["dark" if dark else "light"]["symbol"][name]
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


@pytest.mark.long  # each with a page of its own
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("versus", ["mean", "none"])
def test_the_picture_holds_every_part_of_the_view(
    open_view: OpenView, dark: bool, versus: str
) -> None:
    chosen = choices(model="sample" if versus == "mean" else "mean", versus=versus, image=18)
    page = open_view(chosen, dark=dark)
    slide = picture(page)
    background = slide[5, 5]
    assert background.max() < 64 if dark else background.min() > 224
    shift = 944 if versus == "mean" else 0
    parts = {"title": TITLE_BAND, "link": LINK_BAND}
    for name, box in (COLUMN if versus == "mean" else SINGLE).items():
        parts[f"left {name}"] = box
        if shift:
            parts[f"right {name}"] = (box[0] + shift, box[1], box[2] + shift, box[3])
    for name, box in parts.items():
        inked = np.abs(part(slide, box) - background).max(axis=-1) > 40
        assert inked.mean() > 0.003, name
        # In all of it, not in one corner.
        middle = inked.shape[0] // 2
        assert inked[: middle + 4].any(), name
        assert inked[middle - 4 :].any(), name
    plane = part(slide, parts["right plane" if shift else "left plane"])
    of_q = np.abs(plane - symbol_colour(dark, "stddev")).max(axis=-1) < 12
    assert of_q.sum() > 1500  # two ellipses, three pixels wide
    height, width = of_q.shape
    assert np.ptp(np.flatnonzero(of_q.any(axis=0))) > 0.5 * width
    assert np.ptp(np.flatnonzero(of_q.any(axis=1))) > 0.5 * height


@pytest.mark.long  # each with a page of its own
@pytest.mark.parametrize(("versus", "zoom"), [("mean", 5), ("none", 6)])
def test_pictures_are_enlarged_pixel_by_pixel(open_view: OpenView, versus: str, zoom: int) -> None:
    page = open_view(choices(versus=versus, image=18))
    slide = picture(page)
    x = np.kron(mnist().images[18].astype(int), np.ones((zoom, zoom), int))
    side = 28 * zoom
    lefts = [40, 984] if versus == "mean" else [1880 - 2 * side - 56]
    for left in lefts:
        column = slide[:, left : left + side]
        places = [
            top
            for top in range(190, 1080 - side)
            if (column[top + side // 2, :, 0] == x[side // 2]).all()
            and (column[top : top + side] == x[..., None]).all()
        ]
        assert len(places) == 1, left


@pytest.mark.long  # each with a page of its own
def test_all_that_the_panels_say_is_written_large_enough(open_view: OpenView) -> None:
    chosen = choices(k=20, scale=0.5, layer="gap")
    page = open_view(chosen)
    page.evaluate(LISTEN)
    picture(page)
    written = page.evaluate("() => window.__written")
    texts = [text for text, _ in written]
    assert TITLE in texts
    assert "Test image 7, a 9 · K = 20 · stddev × 0.5" in texts
    assert page.url in texts
    for name in ("sample", "mean"):
        assert heading(loaded(name).metadata) in texts
        assert objective_sentence(loaded(name).metadata) in texts
        for row in numbers(compute_view(loaded(name), choices(image=7, k=20, scale=0.5))):
            assert {row["name"], row["value"], row["error"], row["beside"]} <= {*texts, ""}
    for caption in ("x: a 9", "one sample", "average of 20", "sample − mean"):
        assert texts.count(caption) == 2
    assert len([text for text in texts if text.startswith("strongest: ")]) == 2
    assert texts.count("All 20 samples") == 2
    small = {text for text, size in written if size < 21.99}
    assert small == {"k", "q", "q × 16", "0.05"}  # the indices of symbols; what an inset says
    assert min(size for _, size in written) > 18


@pytest.mark.long  # each with a page of its own
def test_the_picture_shows_the_plane_as_it_is_looked_at(open_view: OpenView) -> None:
    page = open_view(choices(model="mean", versus="none", image=18))
    whole = part(picture(page), SINGLE["plane"])
    Panel(page).find("button.zoom").click()
    zoomed = part(picture(page), SINGLE["plane"])
    assert (np.abs(whole - zoomed).max(axis=-1) > 40).mean() > 0.05


@pytest.mark.parametrize("by", ["clipboard", pytest.param("selection", marks=pytest.mark.long)])
def test_the_link_is_copied(open_view: OpenView, by: str) -> None:
    page = open_view(choices(image=18, k=5, seed=3, z=(0.3, -1.2)))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("async () => { await navigator.clipboard.writeText('before'); }")
    page.evaluate("() => { window.__clipboard = navigator.clipboard; }")
    if by == "selection":  # as without HTTPS
        page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    copy = page.locator(".st-key-carry .copy")
    said = page.locator(".st-key-carry [role=status]")
    assert copy.inner_text() == "Copy link"
    copy.click()
    page.locator(".st-key-carry .copy", has_text="Copied").wait_for()
    assert said.inner_text() == "Link copied"
    copied = page.evaluate("() => window.__clipboard.readText()")
    assert copied == page.url
    assert "seed=3" in copied
    page.locator(".st-key-carry .copy", has_text="Copy link").wait_for(timeout=4000)
    assert said.inner_text() == ""


@pytest.mark.long  # each with a page of its own
def test_a_browser_that_copies_nothing_is_not_said_to_have_copied(open_view: OpenView) -> None:
    page = open_view(choices())
    page.evaluate("""() => {
        Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.execCommand = () => false;
    }""")
    page.locator(".st-key-carry .copy").click()
    page.locator(".st-key-carry .copy", has_text="Not copied").wait_for()


def expected_csv(chosen: Choices) -> str:
    names = (chosen.model, chosen.versus)
    return view_csv([(name, compute_view(loaded(name), chosen)) for name in names], chosen)


def test_numbers_and_script_are_those_of_the_view_and_follow_it(open_view: OpenView) -> None:
    page = open_view(choices(image=18, k=5, seed=3))
    for image in (18, 19):
        chosen = choices(image=image, k=5, seed=3)
        name, payload = press(page, "CSV")
        assert name == "vae-view.csv"
        assert payload.decode("utf-8") == expected_csv(chosen)
        name, payload = press(page, "Python")
        assert name == "view.py"
        assert payload.decode("utf-8") == view_script(["sample", "mean"], chosen)
        if image == 18:
            page.get_by_role("button", name="Next", exact=True).click()
            Panel(page).wait_shown("image=19,")
            wait_idle(page)
            page.evaluate(LISTEN)
            picture(page)
            assert ["Test image 19", page.url] == [
                page.evaluate("() => window.__written[1][0].slice(0, 13)"),
                page.evaluate("() => window.__written[2][0]"),
            ]


@pytest.mark.long  # each with a page of its own
def test_a_panel_that_is_gone_is_not_in_the_picture(open_view: OpenView) -> None:
    page = open_view(choices())
    page.get_by_role("button", name="More", exact=True).click()
    page.locator(".st-key-versus input").click()
    page.get_by_role("option", name="none", exact=True).click()
    page.locator(".st-key-stage .lane[data-key=versus]").wait_for(state="detached")
    wait_idle(page)
    assert page.evaluate("() => vaeExplorer.code.shownPanels.size") == 1
    page.evaluate(LISTEN)
    picture(page)
    written = [text for text, _ in page.evaluate("() => window.__written")]
    assert written.count("Loss at the mean") == 1
