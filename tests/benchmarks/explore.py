"""Explore in a headless Chromium: python -m tests.benchmarks.explore

Prints the time from a pointer event to the painted digit, from a click to the updated pictures
and numbers of both panels, the bytes a click sends to the browser, and the server's memory with
ten sessions that have used every model. The machine is noisy: read the medians.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

from tests.benchmarks.browsing import run_browser
from tests.browser.pages import wait_idle
from tests.browser.server import Server, serve
from vae_core.models.catalogue import shipped_models

SESSIONS = 10
MOVES = 200
CLICKS = 40

# Drawn: the event's listener has put the digit on its canvas. On screen: the frame after that,
# which at 60 frames a second adds up to 17 ms that no page can do without.
RECORD_HOVER = """(canvas) => {
    Object.assign(window, { drawn: [], onScreen: [] });
    const type = "onpointerrawupdate" in canvas ? "pointerrawupdate" : "pointermove";
    canvas.addEventListener(type, (event) => {
        window.drawn.push(performance.now() - event.timeStamp);
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () =>
                window.onScreen.push(performance.now() - event.timeStamp);
            channel.port2.postMessage(0);
        });
    });
    return type;
}"""

# From the release of the button until every panel says that it has drawn the new choices.
RECORD_CLICKS = """() => {
    window.clickTimes = [];
    const stage = [...document.querySelectorAll(".st-key-stage *")].find((one) => one.shadowRoot);
    const panels = [...stage.shadowRoot.querySelectorAll(".panel")];
    for (const panel of panels) {
        panel.querySelector(".plane").addEventListener("pointerup", (event) => {
            const waiting = new Set(panels);
            for (const one of panels) {
                const observer = new MutationObserver(() => {
                    observer.disconnect();
                    waiting.delete(one);
                    if (!waiting.size) window.clickTimes.push(performance.now() - event.timeStamp);
                });
                observer.observe(one, { attributeFilter: ["data-shown"] });
            }
        });
    }
}"""


# Moves the noise and draws anew, with nobody to answer; ms from the event to the drawn pictures of
# both lanes, and to the frame that shows them.
NOISE = """async (stage) => {
    const noise = stage.querySelector("input.noise");
    const button = stage.querySelector("button.new-epsilon");
    const panels = [...stage.querySelectorAll(".panel")];
    const times = { drawn: [], onScreen: [] };
    for (let i = 0; i < 60; i++) {
        const before = panels.map((panel) => panel.dataset.local);
        const start = performance.now();
        if (i % 2) button.click();
        else {
            noise.value = 0.5 + 0.05 * (i % 40);
            noise.dispatchEvent(new Event("input"));
        }
        while (panels.some((panel, k) => panel.dataset.local === before[k])) {
            await new Promise(requestAnimationFrame);
        }
        times.drawn.push(performance.now() - start);
        await new Promise((done) => requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = done;
            channel.port2.postMessage(0);
        }));
        times.onScreen.push(performance.now() - start);
        await new Promise((done) => setTimeout(done, 30));
    }
    return times;
}"""


def main() -> int:
    """Runs every measurement; returns the exit status."""
    with run_browser() as (browser, folder), serve(folder / "log.txt") as server:
        if "--no-memory" not in sys.argv:
            measure_memory(browser, server)
        for name in ("sample", "large"):
            page = open_page(browser, server, f"model={name}")
            measure_hover(page, name)
            measure_noise(page, server, name)
            measure_clicks(page, name)
            page.context.close()
    return 0


def open_page(browser: Browser, server: Server, query: str) -> Page:
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.goto(f"{server.url}/?{query}")
    wait_idle(page, seconds=60)
    page.locator(".st-key-stage [data-key=model] .panel[data-shown]").wait_for()
    return page


def measure_hover(page: Page, name: str) -> float:
    """Moves the pointer over the first plane; median ms to the drawn digit."""
    plane = page.locator(".st-key-stage [data-key=model] canvas.plane")
    plane.evaluate(RECORD_HOVER)
    box = plane.bounding_box()
    assert box is not None
    for x, y in np.random.default_rng(0).uniform(0.1, 0.9, (MOVES, 2)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.wait_for_timeout(20)  # a hand moves on; without a pause the events queue up
    report(f"{name}: pointer to digit drawn", page.evaluate("drawn"), "ms")
    report(f"{name}: pointer to digit on screen", page.evaluate("onScreen"), "ms")
    return float(np.median(page.evaluate("drawn")))


def measure_noise(page: Page, server: Server, name: str) -> float:
    """Changes noise and ε while the server is stopped; median ms to the drawn pictures."""
    stage = page.locator(".st-key-stage .stage")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        times = stage.evaluate(NOISE)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    report(f"{name} and mean: noise or new ε to pictures and losses", times["drawn"], "ms")
    report(f"{name} and mean: the same, on screen", times["onScreen"], "ms")
    wait_idle(page)
    return float(np.median(times["drawn"]))


def measure_clicks(page: Page, name: str) -> tuple[float, float]:
    """Clicks on the first plane; medians of ms to the new numbers and of KiB sent."""
    page.evaluate(RECORD_CLICKS)
    for x, y in np.random.default_rng(1).uniform(0.2, 0.8, (CLICKS, 2)):
        click(page, x, y)
    report(f"{name} and mean: click to pictures and numbers", page.evaluate("clickTimes"), "ms")
    received = record_bytes(page)  # only now: it slows the page down
    sizes = []
    for x, y in np.random.default_rng(2).uniform(0.2, 0.8, (CLICKS // 4, 2)):
        received.clear()
        click(page, x, y)
        sizes.append(sum(received) / 1024)
    report(f"{name} and mean: sent to the browser per click", sizes, "KiB")
    return float(np.median(page.evaluate("clickTimes"))), float(np.median(sizes))


def record_bytes(page: Page) -> list[float]:
    """Sizes of what the server sends over the WebSocket from now on, a list that grows."""
    received: list[float] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.webSocketFrameReceived",  # in base64: four thirds of the bytes
        lambda event: received.append(len(event["response"]["payloadData"]) * 3 / 4),
    )
    return received


def click(page: Page, x: float, y: float) -> None:
    """Clicks at a fraction of the plane's sides and waits for the panels and the page."""
    box = page.locator(".st-key-stage [data-key=model] canvas.plane").bounding_box()
    assert box is not None
    clicks = page.evaluate("window.clickTimes.length")
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.wait_for_function(f"window.clickTimes.length > {clicks}", timeout=30_000)
    wait_idle(page)


def measure_memory(browser: Browser, server: Server) -> None:
    print(f"{'server, idle':55}{memory(server.pid):8.0f} MiB")
    pages = [open_page(browser, server, "") for _ in range(SESSIONS)]
    print(f"{f'server, {SESSIONS} sessions on the first screen':55}{memory(server.pid):8.0f} MiB")
    for page in pages:
        for name in shipped_models():
            page.goto(f"{server.url}/?model={name}&versus=none&k=64")
            wait_idle(page, seconds=60)
    print(f"{f'server, {SESSIONS} sessions, every model used':55}{memory(server.pid):8.0f} MiB")
    for page in pages:
        page.context.close()


def memory(pid: int) -> float:
    """Resident memory of a process in MiB, from Linux's /proc."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no VmRSS for process {pid}")


def report(name: str, values: list[float], unit: str) -> None:
    median, high = np.percentile(values, [50, 95])
    print(f"{name:55}{median:8.1f} {unit} median, {high:.1f} {unit} 95th percentile")


if __name__ == "__main__":
    sys.exit(main())
