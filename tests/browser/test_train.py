"""Runs in the page: to the end, cancelled, across a reload, left alone, killed, with the server."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import ARGUMENTS, StartServer
from .pages import OpenPage, exception_texts, wait_idle
from .panel import Panel
from .server import Server

GONE = 2.0  # seconds in which a worker has to be gone
SETTINGS = {"VAE_TRAIN_FREE_MIB": "0"}  # whatever else runs on the machine of the tests


@pytest.fixture(scope="module")
def probed(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Path]]:
    """A server that writes the names of its modules into a file."""
    probe = tmp_path_factory.mktemp("probe") / "modules.txt"
    env = {**SETTINGS, "PROBE": str(probe)}
    with start_server(env=env, script="tests/browser/probe_app.py") as server:
        yield server, probe


def workers(server: Server) -> list[int]:
    """Training processes that a server has started, dead or alive but not yet collected."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has just ended
        if b"vae_core.training.worker" in command and parent == server.pid:
            found.append(int(folder.name))
    return found


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def memory(pid: int) -> int:
    """Resident memory of a process in bytes, 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def assert_soon(condition: Callable[[], bool], seconds: float = GONE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def formation(page: Page) -> Locator:
    return page.locator(".st-key-formation .formation")


def start(page: Page) -> None:
    page.locator(".st-key-train button").click()


def wait_epoch(page: Page, epoch: int, seconds: float = 90) -> None:
    """Waits until the page shows an epoch of the visitor's own run, or a later one."""
    page.wait_for_function(
        """([epoch]) => [...document.querySelectorAll(".st-key-formation *")]
            .map((element) => element.shadowRoot?.querySelector(".formation"))
            .some((root) => root?.dataset.kind === "yours"
                && root.dataset.epoch !== "" && +root.dataset.epoch >= epoch)""",
        arg=[epoch],
        timeout=1000 * seconds,
    )


def wait_end(page: Page, text: str, seconds: float = 90) -> None:
    expect(page.get_by_text(text)).to_be_visible(timeout=1000 * seconds)


def newest(page: Page) -> str:
    """Name of the visitor's newest model, from the address."""
    page.wait_for_url("**trained=**")
    return page.url.partition("trained=")[2].partition("&")[0].split("%2C")[-1]


WATCH_SHIFT = """() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
            if (!entry.hadRecentInput) window.shifted += entry.value;
        }
    }).observe({ type: "layout-shift", buffered: true });
}"""


def layout_shift(page: Page) -> float:
    """How much has moved by itself since `WATCH_SHIFT`, as the browser measures it."""
    wait_idle(page)
    return float(page.evaluate("window.shifted"))


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)])
def test_two_recorded_runs_are_there_and_nothing_moves(
    open_page: OpenPage, probed: tuple[Server, Path], width: int, height: int
) -> None:
    page = open_page(path="train", url=probed[0].url, width=width, height=height)
    page.add_init_script(f"({WATCH_SHIFT})()")
    page.reload()
    root = formation(page)
    expect(root).to_have_attribute("data-shown", "20", timeout=30_000)
    assert layout_shift(page) <= 0.05
    lanes = page.locator(".lane")
    for k, run in enumerate(("recorded-sample", "recorded-mean")):
        expect(lanes.nth(k)).to_have_attribute("data-run", run)
        expect(lanes.nth(k)).to_have_attribute("data-epoch", "20")
    planes = [canvas.bounding_box() for canvas in page.locator("canvas.plane").all()]
    assert planes[0]["y"] == planes[1]["y"]
    assert planes[0]["width"] == planes[0]["height"] == planes[1]["width"] == planes[1]["height"]
    assert planes[0]["y"] + planes[0]["height"] <= height  # above the fold
    for control in page.locator(".play, .slider").all():
        assert control.bounding_box()["height"] >= 24
    if width == 1400:
        for figure in page.locator("canvas.plane, .chart svg").all():
            box = figure.bounding_box()
            assert min(box["width"], box["height"]) >= 320
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_whole_run_and_its_model(
    open_page: OpenPage, probed: tuple[Server, Path], tmp_path: Path
) -> None:
    server, probe = probed
    page = open_page("epochs=2&objective=the+mean", path="train", url=server.url)
    page.evaluate(WATCH_SHIFT)
    before = layout_shift(page)
    start(page)
    wait_epoch(page, 0)
    (worker,) = workers(server)
    used = [0]
    while alive(worker):
        used.append(memory(worker))
        page.wait_for_timeout(50)
    assert 300 * 2**20 < max(used) < 10**9
    wait_end(page, "Finished after 2 epochs.", 30)
    expect(formation(page)).to_have_attribute("data-frames", "3")
    assert "does not compare with the loss" in page.inner_text("body")  # of another objective
    assert "A sample's loss is" in page.inner_text("body")
    assert layout_shift(page) - before <= 0.05  # while it went on, and at its end
    name = newest(page)
    assert name.startswith("mean-")
    expect(page.locator(".lane").nth(0)).to_have_attribute("data-kind", "yours")
    expect(page.locator(".lane").nth(1)).to_have_attribute("data-run", "recorded-sample")

    with page.expect_download(timeout=60_000) as download:
        page.get_by_role("button", name="Download the model").click()
    zipped = tmp_path / download.value.suggested_filename
    download.value.save_as(zipped)
    assert zipped.name == f"{name}.zip"

    page.get_by_text("See it in Explore").click()
    panel = Panel(page)
    panel.wait_shown()
    page.get_by_role("button", name="More", exact=True).click()
    expect(page.locator(".st-key-model").get_by_role("combobox")).to_be_visible()
    assert f"model={name}" in page.url
    assert not exception_texts(page)

    # Somebody else gets the zip, and has the model too.
    other = open_page(path="train", url=server.url)
    other.get_by_text("More settings").click()
    other.locator('input[type="file"]').set_input_files(zipped)
    expect(other.get_by_text("it is among the models of Explore")).to_be_visible(timeout=20_000)
    assert newest(other).startswith("mean-")
    assert newest(other) != name

    modules = set(probe.read_text().split())
    assert "vae_core.explorer.pages.train" in modules
    assert not {"tensorflow", "keras", "pandas"} & modules


@pytest.mark.long  # runs that are left, killed or come back to
def test_a_cancelled_run_keeps_its_epochs(open_page: OpenPage, probed: tuple[Server, Path]) -> None:
    server, _ = probed
    page = open_page("epochs=90", path="train", url=server.url)
    start(page)
    wait_epoch(page, 1)
    (worker,) = workers(server)
    page.locator(".st-key-cancel button").click()
    assert_soon(lambda: not alive(worker), GONE + 0.5)  # the click has to travel
    wait_end(page, "Cancelled; the model after")
    wait_idle(page)
    expect(page.get_by_role("button", name="Download the model")).to_be_visible()
    expect(page.locator(".st-key-train button")).to_be_enabled()


@pytest.mark.long  # runs that are left, killed or come back to
def test_a_run_survives_a_reload_and_joins_explore(
    open_page: OpenPage, probed: tuple[Server, Path]
) -> None:
    server, _ = probed
    page = open_page("epochs=4", path="train", url=server.url)
    start(page)
    wait_epoch(page, 1)
    page.reload()
    wait_end(page, "Finished after 4 epochs.")
    expect(formation(page)).to_have_attribute("data-frames", "5")
    name = newest(page)
    page.get_by_role("link", name="Explore", exact=True).first.click()
    wait_idle(page)
    page.get_by_role("button", name="More", exact=True).click()
    page.locator(".st-key-model").get_by_role("combobox").click()
    page.get_by_role("option", name=name, exact=True).click()
    Panel(page).wait_shown(f"model='{name}'")


@pytest.mark.long  # runs that are left, killed or come back to
def test_a_visitor_who_leaves_frees_the_place_and_may_come_back(
    open_page: OpenPage, probed: tuple[Server, Path]
) -> None:
    server, _ = probed
    page = open_page("epochs=90", path="train", url=server.url)
    start(page)
    wait_epoch(page, 1)
    (worker,) = workers(server)
    address = page.url
    waiting = open_page("epochs=1", path="train", url=server.url)
    start(waiting)
    expect(waiting.get_by_text("Waiting: place 1 of 1.")).to_be_visible()
    page.goto("about:blank")
    assert_soon(lambda: not alive(worker))
    wait_end(waiting, "Finished after 1 epoch.")
    page.goto(address)
    wait_epoch(page, 2)  # it goes on where it was
    page.locator(".st-key-cancel button").click()
    wait_end(page, "Cancelled; the model after")


def processes_of(mark: str) -> list[int]:
    """A browser that was started with a mark among its arguments, and all its children."""
    parents, found = {}, []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
        except OSError:
            continue  # it has just ended
        if mark.encode() in command:
            found.append(int(folder.name))
    for pid in found:  # grows while it is gone through
        found += [
            child for child, parent in parents.items() if parent == pid and child not in found
        ]
    return found


@pytest.mark.long  # runs that are left, killed or come back to
def test_a_frozen_browser_makes_room_for_those_who_wait(
    open_page: OpenPage, probed: tuple[Server, Path], browser: Browser, chromium_path: str
) -> None:
    server, _ = probed
    mark = "--of-the-frozen-visitor"
    frozen = browser.browser_type.launch(executable_path=chromium_path, args=[*ARGUMENTS, mark])
    page = frozen.new_page()
    page.goto(f"{server.url}/train?epochs=90")
    wait_idle(page, 60)
    start(page)
    wait_epoch(page, 1)
    (worker,) = workers(server)
    waiting = open_page("epochs=1", path="train", url=server.url)
    start(waiting)
    expect(waiting.get_by_text("Waiting: place 1 of 1.")).to_be_visible()
    pids = processes_of(mark)
    assert pids
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        assert_soon(lambda: not alive(worker), 10)
        wait_end(waiting, "Finished after 1 epoch.")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wait_epoch(page, 2)  # it goes on where it was, when it is seen again
    page.locator(".st-key-cancel button").click()
    wait_end(page, "Cancelled; the model after")
    frozen.close()


@pytest.mark.long  # runs that are left, killed or come back to
def test_a_page_asks_while_its_run_goes_on_and_no_longer(
    open_page: OpenPage, probed: tuple[Server, Path]
) -> None:
    server, _ = probed
    page = open_page(path="train", url=server.url)
    asked: list[float] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda payload: asked.append(time.monotonic())),
    )

    def asks(seconds: float) -> int:
        wait_idle(page)
        asked.clear()
        page.wait_for_timeout(1000 * seconds)
        return len(asked)

    page.goto(f"{server.url}/train?epochs=90")
    assert asks(2) == 0  # before a run
    start(page)
    wait_epoch(page, 1)
    assert asks(3) >= 2
    (worker,) = workers(server)
    page.get_by_role("link", name="Explore", exact=True).first.click()
    Panel(page).wait_shown()
    # Another page gives a sign of life every two seconds, so that the run goes on.
    assert asks(6) <= 4
    assert alive(worker)
    page.get_by_role("link", name="Train", exact=True).first.click()
    page.locator(".st-key-cancel button").click()
    wait_end(page, "Cancelled; the model after")
    assert asks(2) == 0  # and after it


@pytest.mark.long  # runs that are left, killed or come back to
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_its_server(
    open_page: OpenPage, start_server: StartServer, how: signal.Signals
) -> None:
    with start_server(env=SETTINGS) as server:
        page = open_page("epochs=90", path="train", url=server.url)
        start(page)
        wait_epoch(page, 0)
        (worker,) = workers(server)
        os.kill(server.pid, how)
        assert_soon(lambda: not alive(server.pid), 10)
        assert_soon(lambda: not alive(worker))


@pytest.mark.long  # runs that are left, killed or come back to
def test_a_killed_worker_leaves_a_page_that_goes_on(
    open_page: OpenPage, probed: tuple[Server, Path]
) -> None:
    server, _ = probed
    page = open_page("epochs=90", path="train", url=server.url)
    start(page)
    wait_epoch(page, 1)
    (worker,) = workers(server)
    os.kill(worker, signal.SIGKILL)
    wait_end(page, "ended by signal 9", 3)
    assert "kept." in page.inner_text("body")
    wait_idle(page)
    with page.expect_download(timeout=60_000):  # its .keras file is written now
        page.get_by_role("button", name="Download the model").click()
    expect(page.locator(".st-key-train button")).to_be_enabled()


@pytest.mark.long  # runs that are left, killed or come back to
def test_a_diverging_run_says_so(open_page: OpenPage, probed: tuple[Server, Path]) -> None:
    server, _ = probed
    page = open_page("epochs=5&rate=1000", path="train", url=server.url)
    start(page)
    wait_end(page, "The loss is not finite in epoch 1; a learning rate below 1000 may help")
    expect(page.locator(".st-key-train button")).to_be_enabled()
    assert not exception_texts(page)
