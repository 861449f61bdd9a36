"""The drawing pad in the browser: what is drawn arrives, all of it, and is what is shown."""

import base64
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, expect

from vae_core.explorer.parts.pad import drawn, pen_down
from vae_core.models.data import Dataset
from vae_core.models.drawn_digit import PEN_WIDTH, Strokes, normalize, pack, rasterize, unpack

from .conftest import StartServer
from .pad_app import OTHER
from .pages import OpenPage, wait_idle
from .panel import TWO_FRAMES
from .server import Server

Array = NDArray[np.floating]
Line = Sequence[tuple[float, float]]
OpenPad = Callable[..., "Pad"]

ANGLE: list[Line] = [[(0.3, 0.2), (0.3, 0.7), (0.8, 0.75)], [(0.6, 0.3), (0.65, 0.9)]]
ALPHA = """(canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    let text = "";
    for (let i = 3; i < data.length; i += 4) text += String.fromCharCode(data[i]);
    return [width, height, btoa(text)];
}"""
# Pointer events without a pointer: thousands of them in no time.
DISPATCH = """(canvas, lines) => {
    const box = canvas.getBoundingClientRect();
    const send = (type, [x, y]) => canvas.dispatchEvent(new PointerEvent(type, {
        pointerId: 7, button: 0, bubbles: true,
        clientX: box.left + x * box.width, clientY: box.top + y * box.height,
    }));
    for (const line of lines) {
        send("pointerdown", line[0]);
        for (const point of line.slice(1)) send("pointermove", point);
        send("pointerup", line.at(-1));
    }
}"""


class Pad:
    """The pad on a page."""

    def __init__(self, page: Page):
        self.page = page
        self.root = page.locator(".pad")
        self.canvas = self.root.locator("canvas")
        self.status = self.root.locator(".status")

    def places(self, line: Line) -> list[tuple[float, float]]:
        """Points of the pad as places of the page."""
        box = self.canvas.bounding_box()
        return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]

    def draw(self, lines: Sequence[Line]) -> None:
        for line in lines:
            first, *others = self.places(line)
            self.page.mouse.move(*first)
            self.page.mouse.down()
            for place in others:
                self.page.mouse.move(*place)
            self.page.mouse.up()

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name)

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()
        wait_idle(self.page)

    def wait_sent(self, strokes: int) -> None:
        """Waits until the page knows of so many strokes, and of all their points."""
        expect(self.root).to_have_attribute("data-strokes", str(max(0, strokes)))
        expect(self.root).to_have_attribute("data-sending", "false")
        points = self.root.get_attribute("data-points")
        expect(self.server).to_have_attribute("data-strokes", str(strokes))
        expect(self.server).to_have_attribute("data-points", points)

    def settle(self, strokes: int) -> None:
        """Waits for the same, and until no answer changes that any more."""
        self.wait_sent(strokes)
        wait_idle(self.page)
        expect(self.root).to_have_attribute("data-strokes", str(max(0, strokes)))

    @property
    def server(self) -> Locator:
        return self.page.locator(".drawn")

    @property
    def text(self) -> str:
        return self.server.get_attribute("data-text") or ""

    def ink(self) -> Array:
        """What the canvas shows, `(side, side)` in [0, 1]."""
        self.page.evaluate(TWO_FRAMES)
        width, height, text = self.canvas.evaluate(ALPHA)
        assert width == height
        return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width) / 255


@pytest.fixture(scope="module")
def server(browser: Browser, start_server: StartServer) -> Iterator[Server]:
    with start_server(script="tests/browser/pad_app.py") as server:
        yield server


@pytest.fixture
def open_pad(open_page: OpenPage, server: Server) -> OpenPad:
    def open_pad(query: str = "", **options: object) -> Pad:
        pad = Pad(open_page(query, url=server.url, **options))
        expect(pad.root).to_have_attribute("data-strokes", "0")
        return pad

    return open_pad


def strokes_of(lines: Sequence[Line]) -> Strokes:
    return Strokes(tuple(tuple(line) for line in lines))


def assert_shows(pad: Pad, lines: Sequence[Line]) -> None:
    """The canvas shows the ink that the server makes of the same lines, and so does its picture."""
    ink = pad.ink()
    expected = rasterize(strokes_of(lines), len(ink))
    assert np.abs(ink - expected).mean() < 0.01
    assert ((ink > 0.5) != (expected > 0.5)).mean() < 0.01
    picture = unpack(pad.text)
    assert picture is not None
    # Places of the mouse are whole pixels.
    gap = np.abs(picture.astype(int) - normalize(rasterize(strokes_of(lines))))
    assert gap.mean() < 8


def test_the_mouse_draws(open_pad: OpenPad) -> None:
    pad = open_pad()
    expect(pad.root.locator(".invitation")).to_be_visible()
    assert not pad.ink().any()
    pad.draw(ANGLE)
    pad.settle(2)
    expect(pad.root.locator(".invitation")).to_be_hidden()
    assert_shows(pad, ANGLE)
    [corner] = pad.places([(0.1, 0.9)])
    pad.page.mouse.move(*corner)  # the button is up
    pad.page.mouse.click(*corner, button="right")
    pad.settle(2)


@pytest.mark.long  # each with a page of its own
def test_a_finger_draws_and_does_not_scroll(open_pad: OpenPad) -> None:
    pad = open_pad(width=390, height=500, touch=True)
    touch = pad.page.context.new_cdp_session(pad.page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(pad.places(points))]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    for line in ANGLE:
        send("touchStart", line[0])
        for a, b in pairwise(line):
            for t in np.linspace(0, 1, 12):
                send("touchMove", (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
        send("touchEnd")
    pad.settle(2)
    assert_shows(pad, ANGLE)
    send("touchStart", (0.8, 0.2))  # a tap is a dot
    send("touchEnd")
    pad.settle(3)
    assert_shows(pad, [*ANGLE, [(0.8, 0.2)]])
    send("touchStart", (0.1, 0.1))
    send("touchStart", (0.1, 0.1), (0.9, 0.9))  # another finger draws nothing
    send("touchMove", (0.1, 0.2), (0.9, 0.5))
    send("touchEnd")
    pad.settle(4)
    assert_shows(pad, [*ANGLE, [(0.8, 0.2)], [(0.1, 0.1), (0.1, 0.2)]])
    assert pad.canvas.evaluate("(canvas) => getComputedStyle(canvas).touchAction") == "none"
    assert pad.root.evaluate("(pad) => getComputedStyle(pad).touchAction") == "auto"


@pytest.mark.long  # each with a page of its own
def test_a_line_goes_on_beyond_the_pad(open_pad: OpenPad) -> None:
    pad = open_pad()
    line = [(0.5, 0.5), (0.9, 0.5), (1.3, 0.6), (1.3, 0.9), (0.7, 0.9)]
    pad.draw([line])
    pad.settle(1)
    assert_shows(pad, [line])
    far = [(0.2, 0.2), (4.0, 0.2), (0.3, -0.4), (0.25, 0.7)]
    pad.draw([far])  # held at the border of what the server takes
    pad.settle(2)


@pytest.mark.long  # each with a page of its own
def test_undo_and_clear(open_pad: OpenPad) -> None:
    pad = open_pad()
    undo, clear = pad.button("Undo the last stroke"), pad.button("Clear the pad")
    expect(undo).to_be_disabled()
    expect(clear).to_be_disabled()
    undo.click(force=True)
    clear.click(force=True)
    pad.settle(-1)
    assert pad.server.get_attribute("data-changes") == "0"
    pad.draw(ANGLE)
    pad.settle(2)
    undo.click()
    pad.settle(1)
    assert_shows(pad, ANGLE[:1])
    pad.draw(ANGLE[1:])
    clear.click()
    pad.settle(0)
    assert pad.text == ""
    assert "drawing" not in pad.page.url
    assert not pad.ink().any()
    expect(clear).to_be_disabled()
    undo.click()  # Clear as well
    pad.settle(2)
    assert_shows(pad, ANGLE)
    for left in (1, 0):
        undo.click()
        pad.settle(left)
    expect(undo).to_be_disabled()
    expect(pad.root.locator(".invitation")).to_be_visible()


def test_the_keyboard_draws(open_pad: OpenPad) -> None:
    pad = open_pad()
    keys = pad.page.keyboard
    pad.page.get_by_test_id("stCheckbox").locator("input").focus()
    keys.press("Tab")
    expect(pad.canvas).to_be_focused()
    expect(pad.status).to_contain_text("Pen up")
    scrolled = "() => document.querySelector('[data-testid=stMain]').scrollTop"
    for _ in range(7):
        keys.press("ArrowLeft")
        keys.press("ArrowUp")
    pad.settle(-1)
    keys.press("Space")
    expect(pad.status).to_contain_text("Pen down")
    for _ in range(14):
        keys.press("ArrowRight")
    for _ in range(10):
        keys.press("ArrowDown")
    for _ in range(4):
        keys.press("Shift+ArrowDown")
    keys.press("Space")
    expect(pad.status).to_contain_text("Pen up")
    keys.press("ArrowDown")
    pad.settle(1)
    assert pad.page.evaluate(scrolled) == 0
    assert pad.server.get_attribute("data-points") == "29"
    keys.press("Tab")
    expect(pad.button("Undo the last stroke")).to_be_focused()
    expect(pad.status).to_be_empty()
    assert_shows(pad, [[(0.25, 0.25), (0.75, 0.25), (0.75, 0.643)]])
    keys.press("Shift+Tab")
    keys.press("Space")  # a dot, and the pen stays down
    pad.settle(2)
    keys.press("Tab")  # leaving lifts it
    keys.press("Shift+Tab")
    keys.press("ArrowUp")
    pad.settle(2)
    keys.press("Control+z")
    pad.settle(1)
    keys.press("Tab")
    keys.press("Control+z")  # from the buttons as well
    pad.settle(0)
    keys.press("Tab")
    expect(pad.button("Clear the pad")).to_be_focused()


@pytest.mark.long  # each with a page of its own
def test_many_fast_moves_lose_nothing(open_pad: OpenPad) -> None:
    pad = open_pad()
    turn = np.linspace(0, 8 * np.pi, 600)
    radius = 0.05 + 0.4 * turn / turn[-1]
    x, y = 0.5 + radius * np.cos(turn), 0.5 + radius * np.sin(turn)
    spiral = list(zip(x.tolist(), y.tolist(), strict=True))
    pad.draw([spiral[::3]])
    pad.settle(1)
    assert_shows(pad, [spiral[::3]])
    pad.button("Clear the pad").click()
    pad.settle(0)
    pad.canvas.evaluate(DISPATCH, [spiral])
    pad.settle(1)
    assert_shows(pad, [spiral])
    points = int(pad.root.get_attribute("data-points"))
    assert 550 <= points <= 600
    assert pad.server.get_attribute("data-points") == str(points)


@pytest.mark.long  # each with a page of its own
def test_what_is_drawn_is_sent_while_it_grows(open_pad: OpenPad) -> None:
    pad = open_pad()
    times: list[float] = []
    pad.page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda frame: times.append(time.monotonic())),
    )
    pad.page.reload()
    wait_idle(pad.page)
    times.clear()
    turn = np.linspace(0, 2 * np.pi, 150)
    circle = pad.places(np.stack([0.5 + 0.4 * np.cos(turn), 0.5 + 0.4 * np.sin(turn)], -1).tolist())
    start = time.monotonic()
    pad.page.mouse.move(*circle[0])
    pad.page.mouse.down()
    expect(pad.server).to_have_attribute("data-points", "1")  # the button is still down
    for place in circle[1:]:
        pad.page.mouse.move(*place)
    seconds = time.monotonic() - start
    steps = pad.page.evaluate("history.length")
    expect(pad.root).to_have_attribute("data-sending", "false")
    wait_idle(pad.page)
    sent = len(times)
    assert 3 <= sent <= seconds / 0.12 + 2
    assert pad.server.get_attribute("data-points") == pad.root.get_attribute("data-points")
    assert 3 <= int(pad.server.get_attribute("data-changes")) <= sent
    assert pad.text
    assert "drawing" not in pad.page.url  # for the end of the stroke
    pad.page.mouse.up()
    pad.settle(1)
    assert len(times) == sent + 1
    assert pad.page.url.endswith(f"drawing={pad.text}")
    assert pad.page.evaluate("history.length") == steps + 1


@pytest.mark.long  # each with a page of its own
def test_a_picture_of_a_link_is_shown_until_it_is_replaced(open_pad: OpenPad) -> None:
    text = pack(Dataset().images("test")[7])
    pad = open_pad(f"drawing={text}")
    assert pad.text == text
    picture = unpack(text)
    assert picture is not None
    expect(pad.root.locator(".invitation")).to_be_hidden()
    ink = pad.ink()
    middle = (np.arange(28) + 0.5) * len(ink) / 28
    shown = ink[np.ix_(middle.astype(int), middle.astype(int))]
    np.testing.assert_allclose(shown, picture / 255, atol=0.01)
    pad.click("Nothing new")
    assert pad.root.get_attribute("data-picture") is not None
    pad.draw(ANGLE)
    pad.settle(2)
    assert pad.root.get_attribute("data-picture") is None
    assert_shows(pad, ANGLE)
    assert pad.text != text


@pytest.mark.long  # each with a page of its own
def test_a_picture_of_a_link_can_be_cleared(open_pad: OpenPad) -> None:
    pad = open_pad(f"drawing={pack(Dataset().images('test')[7])}")
    pad.button("Clear the pad").click()
    pad.settle(0)
    assert not pad.ink().any()
    assert pad.text == ""
    pad.draw(ANGLE)
    pad.settle(2)
    assert_shows(pad, ANGLE)


@pytest.mark.long  # each with a page of its own
def test_another_picture_replaces_the_strokes(open_pad: OpenPad) -> None:
    pad = open_pad()
    for _ in range(2):  # and the same change again is one
        pad.draw(ANGLE)
        pad.settle(2)
        pad.click("Another picture")
        expect(pad.root).to_have_attribute("data-strokes", "0")
        assert pad.root.get_attribute("data-picture") is not None
        assert pad.ink()[len(pad.ink()) // 2, len(pad.ink()) // 2] == 1
        assert pad.text == pack(OTHER)
        expect(pad.button("Undo the last stroke")).to_be_disabled()
        pad.button("Clear the pad").click()
        expect(pad.server).to_have_attribute("data-text", "")
        wait_idle(pad.page)
        assert not pad.ink().any()


@pytest.mark.long  # each with a page of its own
def test_a_text_that_is_no_picture_leaves_the_pad_empty(open_pad: OpenPad) -> None:
    for text in ("rAAAA", "%F0%9F%98%80"):
        pad = open_pad(f"drawing={text}")
        assert pad.text == ""
        assert not pad.ink().any()
        expect(pad.root.locator(".invitation")).to_be_visible()


@pytest.mark.long  # each with a page of its own
def test_strokes_survive_runs_of_the_script_and_the_picture_their_end(open_pad: OpenPad) -> None:
    pad = open_pad()
    pad.draw(ANGLE)
    pad.settle(2)
    pad.click("Nothing new")
    pad.settle(2)
    pad.page.emulate_media(color_scheme="dark")  # which has the component called again
    expect(pad.root).to_have_attribute("data-theme", "dark")
    pad.settle(2)
    pad.draw([[(0.1, 0.1)]])
    pad.settle(3)
    text, toggle = pad.text, pad.page.get_by_test_id("stCheckbox")
    toggle.click()
    expect(pad.root).to_have_count(0)
    wait_idle(pad.page)
    toggle.click()
    expect(pad.root).to_have_attribute("data-strokes", "0")
    wait_idle(pad.page)
    assert pad.root.get_attribute("data-picture") is not None
    assert pad.text == text
    pad.draw(ANGLE)
    pad.settle(2)
    assert_shows(pad, ANGLE)


@pytest.mark.long  # each with a page of its own
def test_the_pad_becomes_full(open_pad: OpenPad) -> None:
    pad = open_pad()
    random = np.random.default_rng(1)
    pad.canvas.evaluate(DISPATCH, [random.random((6000, 2)).tolist(), [[0.5, 0.5]]])
    pad.settle(1)
    assert pad.server.get_attribute("data-points") == "5000"
    expect(pad.status).to_contain_text("full")
    pad.button("Clear the pad").click()
    expect(pad.status).to_be_empty()
    pad.canvas.evaluate(DISPATCH, [[[0.3 + 0.001 * i, 0.5]] for i in range(230)])
    pad.settle(200)
    expect(pad.status).to_contain_text("full")
    pad.button("Undo the last stroke").click()
    pad.settle(199)
    expect(pad.status).to_be_empty()


@pytest.mark.long  # each with a page of its own
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_is_a_square_in_the_colours_of_the_page(open_pad: OpenPad, dark: bool) -> None:
    pad = open_pad(width=390, height=844, touch=True, dark=dark)
    box = pad.canvas.bounding_box()
    assert box["width"] == box["height"] == 220
    assert pad.root.get_attribute("data-theme") == ("dark" if dark else "light")
    pad.draw(ANGLE)
    pad.settle(2)
    colours = pad.canvas.evaluate(
        """(canvas) => {
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const at = 4 * (Math.round(0.5 * canvas.width) * canvas.width
                + Math.round(0.3 * canvas.width));
            const { color, backgroundColor } = getComputedStyle(canvas);
            return [[...data.data.slice(at, at + 3)], color, backgroundColor];
        }"""
    )
    ink, text, background = colours
    assert text == f"rgb({', '.join(map(str, ink))})"
    level = int(background.removeprefix("rgb(").split(",")[0])
    assert level < 64 if dark else level > 224
    assert abs(np.mean(ink) - level) > 150
    pad.click("Narrow")
    box = pad.canvas.bounding_box()
    assert box["width"] == box["height"] == 150
    assert_shows(pad, ANGLE)


@pytest.mark.long  # each with a page of its own
def test_what_came_from_the_browser_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(value: object) -> Strokes | None:
        monkeypatch.setattr(st, "session_state", {"pad": SimpleNamespace(strokes=value)})
        return drawn("pad")

    assert answer({"lines": [[[0.1, 0.2]]], "time": 1}) == Strokes((((0.1, 0.2),),), PEN_WIDTH)
    assert answer({"lines": [], "down": True}) == Strokes(())
    assert pen_down("pad")
    for value in (
        {"lines": 0, "down": 1},
        None,
        3,
        "x",
        [[[0.1, 0.2]]],
        {},
        {"lines": None},
        {"lines": [[[9, 9]]]},
    ):
        assert answer(value) is None
        assert not pen_down("pad")
    assert drawn("another") is None
    assert not pen_down("another")
