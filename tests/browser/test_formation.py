"""Two runs side by side in the browser: points, slider, replay, samples, curves."""

import base64
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, expect

from vae_core.explorer.frontend import theme

from .conftest import StartServer
from .formation_app import MARKED, RECORDED, frame
from .pages import OpenPage, wait_idle
from .panel import PIXELS
from .server import Server

Array = NDArray[np.floating]
OpenRun = Callable[..., "Run"]

CHARTS = ("stddev", "price", "loss_at_mean", "kl", "negative_elbo")


class Run:
    """The run on a page."""

    def __init__(self, page: Page):
        self.page = page
        self.root = page.locator(".formation")
        self.canvas = self.root.locator(".lane[data-lane='0'] canvas.plane")
        self.other = self.root.locator(".lane[data-lane='1']")
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

    def pixels(self, lane: int = 0) -> NDArray[np.int_]:
        canvas = self.root.locator(f".lane[data-lane='{lane}'] canvas.plane")
        width, height, text = canvas.evaluate(PIXELS)
        flat = np.frombuffer(base64.b64decode(text), np.uint8)
        return flat.reshape(height, width, 4)[..., :3].astype(int)

    def chart(self, name: str) -> Locator:
        return self.root.locator(f".chart[data-chart={name}]")


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


def check_frame(run: Run, index: int, lane: int = 0) -> None:
    """Each marked image has its cross at the mean of q, and its ellipse 1 stddev around."""
    expected = frame(index, turn=0.3 * lane)
    pixels = run.pixels(lane)
    mean_colour, q_colour = (colour(symbol) for symbol in ("mean", "stddev"))
    for image, stddev in zip(MARKED, expected.stddev, strict=True):
        mean = expected.points[image]
        if (mean > 0.5).all():
            continue  # below the inset
        assert near(pixels, run.to_canvas(mean) + np.array([4, 0]), mean_colour)
        assert near(pixels, run.to_canvas(mean) - np.array([0, 4]), mean_colour)
        for side in ([1, 0], [-1, 0], [0, 1], [0, -1]):
            assert near(pixels, run.to_canvas(mean + stddev * side), q_colour)


def test_both_runs_are_drawn_where_they_should_be_at_one_scale(open_run: OpenRun) -> None:
    run = open_run(12)  # two blocks
    half = run.half
    assert half == 3.3
    other = run.other.locator("canvas")
    for index in (11, 0, 7, 8):
        run.slider.fill(str(index))
        run.wait(index, 12)
        expect(run.other).to_have_attribute("data-epoch", str(index))
        expect(other).to_have_attribute("data-moving", "false")
        check_frame(run, index)
        check_frame(run, index, lane=1)
        assert run.half == half  # nothing jumps
        assert other.get_attribute("data-view") == run.canvas.get_attribute("data-view")
    boxes = [canvas.bounding_box() for canvas in (run.canvas, other)]
    assert [boxes[0][key] for key in ("y", "width", "height")] == [
        boxes[1][key] for key in ("y", "width", "height")
    ]


@pytest.mark.long  # each with a page of its own
def test_the_shorter_run_stays_at_its_last_epoch(open_run: OpenRun) -> None:
    run = open_run(17)
    expect(run.other).to_have_attribute("data-epoch", str(RECORDED))
    expect(run.other.locator(".now")).to_have_text(f"recorded, epoch {RECORDED}, its last")
    head = run.root.locator(".measures thead th")
    assert head.all_inner_texts() == [
        "Epoch 16, nats per image",
        "on samples",
        f"on means, epoch {RECORDED}",
    ]
    run.slider.fill("5")
    expect(run.other).to_have_attribute("data-epoch", "5")
    assert head.all_inner_texts() == ["Epoch 5, nats per image", "on samples", "on means"]


@pytest.mark.long  # each with a page of its own
def test_the_samples_follow_the_slider(open_run: OpenRun) -> None:
    run = open_run(6)
    middle = """(canvases) => canvases.map((canvas) =>
        canvas.getContext("2d").getImageData(14, 14, 1, 1).data[0])"""
    for epoch in (5, 2):
        run.slider.fill(str(epoch))
        run.wait(epoch)
        for lane in (0, 1):
            portrait = run.root.locator(f".portrait[data-lane='{lane}']")
            grey = portrait.locator("canvas").evaluate_all(middle)
            assert grey == [406 % 256, *(30 * k + epoch for k in range(7))]
            told = portrait.locator("figcaption").all_inner_texts()
            names = ["x", "at μ", *["z"] * 6]
            assert [one.partition("\n")[0] for one in told] == names
            losses = [f"{150.2 + epoch + k:.1f}" for k in range(7)]
            assert [one.partition("\n")[2] for one in told] == ["", *losses]


@pytest.mark.long  # each with a page of its own
def test_a_small_q_is_magnified_and_a_large_one_is_not(open_run: OpenRun) -> None:
    run = open_run(2, "&alone")
    factor = int(run.canvas.get_attribute("data-magnified"))
    size = run.canvas.bounding_box()["width"]
    stddev = frame(1).portrait.places[1].max() * size / (2 * run.half)
    side = round(0.28 * size)
    assert factor >= 2
    assert 0.1 * side < factor * stddev <= 0.2 * side  # a power of two
    assert factor & (factor - 1) == 0


@pytest.mark.long  # each with a page of its own
def test_class_names_keep_apart(open_run: OpenRun) -> None:
    run = open_run(1)  # every class lies around the middle
    page = run.page
    page.goto(f"{page.url}&q=none")  # and here even more
    run.wait(0)
    assert run.half > 20
    dark = colour("x")
    # Ten names of 12 px, none covered by another one: each has its own dark pixels.
    size = run.canvas.bounding_box()["width"]
    pixels = run.pixels()
    middle = pixels[
        int(size / 2) - 60 : int(size / 2) + 60, int(size / 2) - 60 : int(size / 2) + 60
    ]
    ink = (np.abs(middle - dark).max(axis=-1) < 60).sum()
    assert ink > 10 * 12


@pytest.mark.long  # each with a page of its own
def test_without_a_q_there_is_no_ellipse(open_run: OpenRun) -> None:
    run = open_run(3, "&q=none")
    assert (np.abs(run.pixels() - colour("sample")).max(axis=-1) < 40).sum() == 0
    assert run.half > 20
    assert "ellipse" not in run.canvas.get_attribute("aria-label")
    expect(run.root.locator(".lane[data-lane='0'] .now")).to_contain_text("codes, no q")
    portrait = run.root.locator(".portrait[data-lane='0']")
    assert portrait.locator("canvas:visible").count() == 2  # x, and the one at the code
    expect(portrait).to_contain_text("no q")


@pytest.mark.long  # each with a page of its own
def test_the_slider_moves_by_pointer_and_keys(open_run: OpenRun) -> None:
    run = open_run(6, "&alone")
    assert run.slider.get_attribute("aria-label")
    run.slider.focus()
    for key, index in (("ArrowLeft", 4), ("ArrowLeft", 3), ("Home", 0), ("ArrowRight", 1)):
        run.page.keyboard.press(key)
        run.wait(index)
        assert run.slider.get_attribute("aria-valuetext") == f"epoch {index} of 5"
        expect(run.root.locator(".transport .epoch")).to_have_text(f"epoch {index}")
        expect(run.root.locator(".lane .now").first).to_have_text(f"yours, epoch {index}")
    box = run.slider.bounding_box()
    run.page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2)
    run.wait(3)


@pytest.mark.long  # each with a page of its own
def test_it_follows_the_newest_until_the_visitor_goes_back(open_run: OpenRun) -> None:
    run = open_run(7, "&alone")
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
    run = open_run(5, "&alone")
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


LAST = {  # of the run at epoch 6, and of the other at its last
    "stddev": ("0.063", "0.063"),
    "price": ("1.25", "289"),
    "loss_at_mean": ("155", "161"),
    "kl": ("5.13", "5.13"),
    "negative_elbo": ("162", "455"),
}


@pytest.mark.long  # each with a page of its own
def test_the_charts_label_both_runs_at_their_ends(open_run: OpenRun) -> None:
    run = open_run(6)
    run.click("Next epoch")
    run.wait(6, 7)
    for name in CHARTS:
        chart = run.chart(name)
        own, other = LAST[name]
        expected = [f"on means {other}", f"on samples {own}"]
        assert sorted(chart.locator("text.end").all_text_contents()) == expected
        label = chart.locator("svg").get_attribute("aria-label")
        assert f"on samples {own} at epoch 6, on means {other} at epoch {RECORDED}" in label
        assert chart.locator(".readout").inner_text() == ""
        boxes = [label.bounding_box() for label in chart.locator("text.end").all()]
        tops = sorted(box["y"] for box in boxes)
        sides = sorted((box["x"], box["x"] + box["width"]) for box in boxes)
        assert tops[1] - tops[0] >= 12 or sides[0][1] <= sides[1][0]
        frame_box = chart.locator("svg").bounding_box()
        for box in boxes:
            assert box["x"] + box["width"] <= frame_box["x"] + frame_box["width"]
        ticks = chart.locator("text.tick").all_text_contents()
        assert 3 <= len(ticks) <= 13
        strokes = [chart.locator(f"g[data-lane='{k}'] path").evaluate(STROKE) for k in (0, 1)]
        assert [tuple(channels) for channels in strokes] == [tuple(model_colour(k)) for k in (0, 1)]


STROKE = "(e) => getComputedStyle(e).stroke.match(/\\d+/g).map(Number)"


def model_colour(lane: int) -> NDArray[np.int_]:
    text = theme()["light"]["models"][lane]
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)])


@pytest.mark.long  # each with a page of its own
def test_the_scale_of_a_chart_holds_both_runs_and_does_not_move(open_run: OpenRun) -> None:
    run = open_run(3)
    ticks = {name: run.chart(name).locator("text.tick").all_text_contents() for name in CHARTS}
    run.slider.fill("0")
    run.wait(0)
    run.click("Next epoch")
    for name in CHARTS:
        assert run.chart(name).locator("text.tick").all_text_contents() == ticks[name]
    assert {"0.01", "0.1", "1"} <= set(ticks["stddev"])
    assert {"0.1", "1", "10", "100", "1,000"} <= set(ticks["price"])


@pytest.mark.long  # each with a page of its own
def test_a_chart_reads_and_picks_an_epoch(open_run: OpenRun) -> None:
    run = open_run(16)
    chart = run.chart("price")
    chart.scroll_into_view_if_needed()
    box = chart.locator("svg").bounding_box()
    run.page.mouse.move(box["x"] + 150, box["y"] + 40)
    readout = chart.locator(".readout")
    expect(readout).to_contain_text("epoch")
    epoch = int(readout.inner_text().split(":")[0].removeprefix("epoch "))
    assert 1 < epoch < RECORDED
    assert readout.inner_text() == f"epoch {epoch}: 1.25 and 289"
    run.page.mouse.click(box["x"] + 150, box["y"] + 40)
    run.wait(epoch, 16)
    rule = chart.locator("line.rule").bounding_box()
    assert rule["x"] == pytest.approx(box["x"] + 150, abs=10)


@pytest.mark.long  # each with a page of its own
def test_the_table_is_that_of_the_epoch_shown_and_its_sum_closes(open_run: OpenRun) -> None:
    run = open_run(4)
    cells = run.root.locator(".measures tbody td")
    # The price is the difference of what is shown, not 1.24; −ELBO is the sum of what is shown.
    assert cells.all_inner_texts()[::2] == [
        *("152.25", "1.25 ± 0.03", "5.13", "158.63 ± 0.03", "0.063", "158.00"),
    ]
    assert cells.all_inner_texts()[1::2] == [
        *("152.25", "289.00 ± 0.03", "5.13", "446.38 ± 0.03", "0.063", "158.00"),
    ]
    run.slider.fill("1")
    run.wait(1)
    assert cells.all_inner_texts()[:4] == ["150.25", "150.25", "1.25 ± 0.03", "289.00 ± 0.03"]
    rows = run.root.locator(".measures tbody th").all_inner_texts()
    assert rows[:4] == ["loss at μ", "+ price of σ", "+ KL", "= −ELBO"]
    expect(run.root.locator(".comparable")).to_have_text("They compare.")


@pytest.mark.long  # each with a page of its own
def test_symbols_light_up_together(open_run: OpenRun) -> None:
    run = open_run(3)
    run.root.locator(".chart[data-chart=price] [data-symbol=price]").hover()
    lit = run.root.locator(".lit")
    assert lit.count() == run.root.locator("[data-symbol=price]").count() >= 2
    run.root.locator(".pair [data-symbol=mean]").hover()
    assert lit.count() == run.root.locator("[data-symbol=mean]").count() >= 3


@pytest.mark.long  # each with a page of its own
def test_before_the_first_frame_nothing_jumps(open_page: OpenPage, server: Server) -> None:
    run = Run(open_page("frames=0&alone", url=server.url))
    expect(run.root).to_have_attribute("data-frames", "0")
    assert run.slider.is_disabled()
    assert run.button.is_disabled()
    assert run.root.locator(".measures tbody td").all_inner_texts() == ["–"] * 12
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
    assert 2 * 8000 < sum(sizes) < 120_000
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
    parts = ("canvas.plane", ".play", ".slider", ".caption", ".portrait", ".chart", ".measures")
    for part in (*parts, ".pair", ".note"):
        for element in run.root.locator(part).all():
            box = element.bounding_box()
            assert box["x"] >= 0, part
            assert box["x"] + box["width"] <= 390, part
    planes = [canvas.bounding_box() for canvas in run.root.locator("canvas.plane").all()]
    assert planes[0]["y"] == planes[1]["y"]  # side by side
    assert all(box["width"] >= 150 for box in planes)
    for control in (".play", ".slider"):
        assert run.root.locator(control).bounding_box()["height"] >= 24
    run.slider.fill("3")
    run.wait(3)
    for name in CHARTS:  # the longest line of a header
        caption = run.chart(name).locator("figcaption")
        assert caption.evaluate("(element) => element.scrollWidth <= element.clientWidth")
