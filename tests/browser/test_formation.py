"""A run as it forms in the browser: points, slider, replay, curves."""

import base64
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, expect

from vae_core.explorer.frontend import theme

from .conftest import StartServer
from .formation_app import EPOCHS, MARKED, frame, history
from .pages import OpenPage, wait_idle
from .panel import PIXELS
from .server import Server

Array = NDArray[np.floating]
OpenRun = Callable[..., "Run"]

CURVES = ("loss", "reconstruction_loss", "kl")


class Run:
    """The run on a page."""

    def __init__(self, page: Page):
        self.page = page
        self.root = page.locator(".formation")
        self.canvas = self.root.locator("canvas.plane")
        self.slider = self.root.locator(".slider")
        self.button = self.root.locator(".play")

    def wait(self, index: int, frames: int | None = None) -> None:
        """Waits until a frame is shown and nothing moves."""
        expect(self.root).to_have_attribute("data-frame", str(index))
        if frames is not None:
            expect(self.root).to_have_attribute("data-frames", str(frames))
        expect(self.root).to_have_attribute("data-epoch", str(index))
        expect(self.canvas).to_have_attribute("data-moving", "false")

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()
        wait_idle(self.page)

    @property
    def half(self) -> float:
        left, right, bottom, top = map(float, self.canvas.get_attribute("data-view").split())
        assert -left == right == top == -bottom
        return right

    def to_canvas(self, z: Array) -> Array:
        """Places of points on the plane, from its top left corner."""
        size = self.canvas.bounding_box()["width"]
        return (z * [1, -1] / self.half + 1) * size / 2

    def pixels(self) -> NDArray[np.int_]:
        width, height, text = self.canvas.evaluate(PIXELS)
        flat = np.frombuffer(base64.b64decode(text), np.uint8)
        return flat.reshape(height, width, 4)[..., :3].astype(int)

    def curves(self) -> list[Locator]:
        return self.root.locator(".curves figure").all()


@pytest.fixture(scope="module")
def server(browser: Browser, start_server: StartServer) -> Iterator[Server]:
    with start_server(script="tests/browser/formation_app.py") as server:
        yield server


@pytest.fixture
def open_run(open_page: OpenPage, server: Server) -> OpenRun:
    """Opens a page with the first frames of a run, and waits for the newest."""

    def open_run(frames: int, query: str = "", **options: object) -> Run:
        page = open_page(f"frames={frames}{query}", url=server.url, **options)
        run = Run(page)
        run.wait(frames - 1, frames)
        return run

    return open_run


def colour(symbol: str) -> NDArray[np.int_]:
    text = theme()["light"]["symbol"][symbol]
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)])


def near(pixels: NDArray[np.int_], place: Array, colour: NDArray[np.int_]) -> bool:
    """Whether a pixel at a place, or beside it, has a colour; strokes have soft edges."""
    x, y = (int(v) for v in place)
    window = pixels[y - 1 : y + 2, x - 1 : x + 2]
    return bool((np.abs(window - colour).max(axis=-1) < 80).any())


def check_frame(run: Run, index: int) -> None:
    """Each marked image has its cross at the mean of q, and its ellipse 1 stddev around."""
    expected = frame(index)
    extreme = np.sort(np.abs(expected.points), axis=None)
    half = max(3.3, 1.06 * extreme[int(0.998 * (extreme.size - 1))])
    assert run.half == pytest.approx(half, abs=1e-3)
    pixels = run.pixels()
    mean_colour, sample_colour = (colour(symbol) for symbol in ("mean", "sample"))
    for image, stddev in zip(MARKED, expected.stddev, strict=True):
        mean = expected.points[image]
        assert near(pixels, run.to_canvas(mean) + np.array([4, 0]), mean_colour)
        assert near(pixels, run.to_canvas(mean) - np.array([0, 4]), mean_colour)
        for side in ([1, 0], [-1, 0], [0, 1], [0, -1]):
            assert near(pixels, run.to_canvas(mean + stddev * side), sample_colour)


def test_frames_are_drawn_where_they_should_be(open_run: OpenRun) -> None:
    run = open_run(12)  # two blocks
    check_frame(run, 11)
    for index in (0, 7, 8):
        run.slider.fill(str(index))
        run.wait(index, 12)
        check_frame(run, index)


@pytest.mark.long  # each with a page of its own
def test_without_a_q_there_is_no_ellipse(open_run: OpenRun) -> None:
    run = open_run(3, "&q=none")
    assert (np.abs(run.pixels() - colour("sample")).max(axis=-1) < 40).sum() == 0
    assert run.half > 20
    assert "ellipse" not in run.root.locator(".caption").inner_text()


@pytest.mark.long  # each with a page of its own
def test_the_slider_moves_by_pointer_and_keys(open_run: OpenRun) -> None:
    run = open_run(6)
    assert run.slider.get_attribute("aria-label")
    run.slider.focus()
    for key, index in (("ArrowLeft", 4), ("ArrowLeft", 3), ("Home", 0), ("ArrowRight", 1)):
        run.page.keyboard.press(key)
        run.wait(index)
        assert run.slider.get_attribute("aria-valuetext") == f"epoch {index} of {EPOCHS}"
        expect(run.root.locator(".transport .epoch")).to_have_text(f"epoch {index}")
        expect(run.root.locator(".caption")).to_contain_text(f"epoch {index} of {EPOCHS}")
    box = run.slider.bounding_box()
    run.page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2)
    run.wait(3)


@pytest.mark.long  # each with a page of its own
def test_it_follows_the_newest_until_the_visitor_goes_back(open_run: OpenRun) -> None:
    run = open_run(7)
    for frames in (8, 9):  # the first of them ends a block
        run.click("Next epoch")
        run.wait(frames - 1, frames)
        assert run.slider.input_value() == str(frames - 1)
    run.slider.fill("4")
    run.click("Next epoch")
    run.wait(4, 10)
    run.click("Nothing new")
    run.wait(4, 10)
    assert run.slider.input_value() == "4"
    check_frame(run, 4)
    run.slider.press("End")
    run.wait(9, 10)
    run.click("Next epoch")
    run.wait(10, 11)


@pytest.mark.long  # each with a page of its own
def test_another_run_starts_at_its_newest(open_run: OpenRun) -> None:
    run = open_run(5)
    run.slider.fill("2")
    run.wait(2)
    run.click("Another run")
    run.wait(1, 2)
    assert run.root.get_attribute("data-run") == "run-1"
    run.click("Next epoch")
    run.wait(2, 3)


@pytest.mark.long  # each with a page of its own
def test_replay_shows_every_frame_and_stops_at_the_newest(open_run: OpenRun) -> None:
    run = open_run(5)
    run.root.evaluate(
        """(root) => {
            window.seen = [];
            new MutationObserver(() => window.seen.push(root.dataset.frame))
                .observe(root, { attributeFilter: ["data-frame"] });
        }"""
    )
    run.button.click()
    expect(run.button).to_have_text("Pause")
    expect(run.button).to_have_text("Replay")
    run.wait(4)
    seen = run.page.evaluate("window.seen")
    assert [*dict.fromkeys(seen)] == ["0", "1", "2", "3", "4"]
    run.button.click()
    expect(run.root).to_have_attribute("data-frame", "1")
    run.button.click()
    expect(run.button).to_have_text("Play")
    held = int(run.root.get_attribute("data-frame"))
    assert held < 4
    run.page.wait_for_timeout(700)  # two frames' time
    run.wait(held)


@pytest.mark.long  # each with a page of its own
def test_leaving_the_page_leaves_nothing_behind(open_run: OpenRun) -> None:
    run = open_run(8)
    listeners = "vaeFrames.listeners.size"
    run.click("Nothing new")
    assert run.page.evaluate(listeners) == 1
    run.button.click()
    toggle = run.page.get_by_test_id("stCheckbox")
    toggle.click()
    expect(run.root).to_have_count(0)
    wait_idle(run.page)
    assert run.page.evaluate(listeners) == 0
    toggle.click()
    run.wait(7, 8)
    assert run.page.evaluate(listeners) == 1


@pytest.mark.long  # each with a page of its own
def test_points_move_to_a_new_frame_unless_motion_is_unwanted(open_run: OpenRun) -> None:
    run = open_run(4)
    step = """([slider, canvas, value]) => {
        slider.value = value;
        slider.dispatchEvent(new Event("input"));
        return canvas.dataset.moving;
    }"""
    elements = [run.slider.element_handle(), run.canvas.element_handle()]
    assert run.page.evaluate(step, [*elements, 1]) == "true"
    run.wait(1)
    run.page.emulate_media(reduced_motion="reduce")
    assert run.page.evaluate(step, [*elements, 2]) == "false"
    run.wait(2)
    check_frame(run, 2)


@pytest.mark.long  # each with a page of its own
def test_the_charts_show_the_last_values(open_run: OpenRun) -> None:
    run = open_run(6)
    run.click("Next epoch")
    run.wait(6, 7)
    values = history(6)
    for figure, key in zip(run.curves(), CURVES, strict=True):
        digits = 2 if key == "kl" else 1
        last = [
            f"test {values[f'test_{key}'][-1]:.{digits}f}",
            f"training {values[key][-1]:.{digits}f}",
        ]
        assert sorted(figure.locator("text.end").all_text_contents()) == last
        assert f"epoch 6: {', '.join(last)}" in figure.locator("svg").get_attribute("aria-label")
        assert figure.locator(".readout").inner_text() == ""
        boxes = [label.bounding_box() for label in figure.locator("text.end").all()]
        tops = sorted(box["y"] for box in boxes)
        assert tops[1] - tops[0] >= 12
        frame_box = figure.locator("svg").bounding_box()
        for box in boxes:
            assert box["x"] + box["width"] <= frame_box["x"] + frame_box["width"]
        # The first training value lies beyond the top: the others would be flat otherwise.
        ticks = figure.locator("text[text-anchor=end]").all_text_contents()
        assert 2 <= len(ticks) <= 5
        assert max(map(float, ticks)) < 180


@pytest.mark.long  # each with a page of its own
def test_a_chart_reads_and_picks_an_epoch(open_run: OpenRun) -> None:
    run = open_run(16)
    values = history(15)
    chart = run.curves()[1].locator("svg")
    box = chart.bounding_box()
    run.page.mouse.move(box["x"] + 120, box["y"] + 40)
    readout = run.curves()[1].locator(".readout")
    expect(readout).to_contain_text("epoch")
    epoch = int(readout.inner_text().split(":")[0].removeprefix("epoch "))
    assert 1 < epoch < 15
    for figure, key in zip(run.curves(), CURVES, strict=True):
        digits = 2 if key == "kl" else 1
        both = [values[name][epoch - 1] for name in (f"test_{key}", key)]
        expected = f"epoch {epoch}: test {both[0]:.{digits}f}, training {both[1]:.{digits}f}"
        assert figure.locator(".readout").inner_text() == expected
    run.page.mouse.click(box["x"] + 120, box["y"] + 40)
    run.wait(epoch, 16)
    rule = chart.locator("line.rule").bounding_box()
    assert rule["x"] == pytest.approx(box["x"] + 120, abs=10)


@pytest.mark.long  # each with a page of its own
def test_the_table_is_that_of_the_epoch_shown(open_run: OpenRun) -> None:
    run = open_run(4)
    cells = run.root.locator(".measures tbody td")
    # The price is the difference of what is shown, not 1.24.
    assert cells.all_inner_texts() == ["152.25", "153.50 ± 0.03", "1.25 ± 0.03", "5.13", "0.063"]
    run.slider.fill("1")
    run.wait(1)
    assert cells.all_inner_texts()[:3] == ["150.25", "151.50 ± 0.03", "1.25 ± 0.03"]
    assert "price of σ" in run.root.locator(".measures tbody").inner_text()
    assert (
        "2,000 test images, ± one standard error"
        in run.root.locator(".measures thead").inner_text()
    )


@pytest.mark.long  # each with a page of its own
def test_before_the_first_frame_nothing_jumps(open_page: OpenPage, server: Server) -> None:
    run = Run(open_page("frames=0", url=server.url))
    expect(run.root).to_have_attribute("data-frames", "0")
    assert run.slider.is_disabled()
    assert run.button.is_disabled()
    assert run.root.locator(".measures tbody td").all_inner_texts() == ["–"] * 5
    before = [run.root.bounding_box(), run.canvas.bounding_box()]
    run.click("Next epoch")
    run.wait(0, 1)
    assert [run.root.bounding_box(), run.canvas.bounding_box()] == before
    run.click("Next epoch")
    run.wait(1, 2)
    assert [run.root.bounding_box(), run.canvas.bounding_box()] == before


@pytest.mark.long  # each with a page of its own
def test_finished_blocks_are_not_sent_again(open_run: OpenRun) -> None:
    sizes: list[int] = []
    run = open_run(1)
    run.page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda payload: sizes.append(len(payload))),
    )
    run.page.goto(run.page.url.replace("frames=1", "frames=17"))
    run.wait(16, 17)
    wait_idle(run.page)
    assert sum(sizes) > 17 * 8000
    sizes.clear()
    run.click("Next epoch")
    run.wait(17, 18)
    assert 2 * 8000 < sum(sizes) < 100_000
    sizes.clear()
    run.click("Nothing new")
    assert sum(sizes) < 60_000


@pytest.mark.long  # each with a page of its own
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_a_phone_in_both_themes(open_run: OpenRun, dark: bool) -> None:
    run = open_run(9, width=390, height=844, touch=True, dark=dark)
    assert run.root.get_attribute("data-theme") == ("dark" if dark else "light")
    background = np.median(run.pixels().reshape(-1, 3), axis=0)
    assert background.max() < 64 if dark else background.min() > 224
    parts = ("canvas.plane", ".play", ".slider", ".caption", ".curves", ".measures", ".note")
    for part in parts:
        box = run.root.locator(part).bounding_box()
        assert box["x"] >= 0, part
        assert box["x"] + box["width"] <= 390, part
    run.slider.fill("3")
    run.wait(3)
    for figure in run.curves():  # the longest line of a header
        caption = figure.locator("figcaption")
        assert caption.evaluate("(element) => element.scrollWidth <= element.clientWidth")
