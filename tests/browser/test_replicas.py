"""Two processes behind nginx, as deploy/nginx.conf has them: visitors stay, and survive one."""

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from .conftest import StartServer
from .pages import wait_idle
from .panel import Panel
from .server import ROOT, Server, free_port

pytestmark = pytest.mark.long  # two servers, a proxy and a dozen visitors

CONFIG = ROOT / "deploy" / "nginx.conf"
VISITORS = 12


@pytest.fixture
def replicas(browser: Browser, start_server: StartServer) -> Iterator[list[Server]]:
    with ExitStack() as stack:
        yield [stack.enter_context(start_server()) for _ in range(2)]


@pytest.fixture
def proxy(replicas: list[Server], tmp_path: Path) -> Iterator[str]:
    """Address of an nginx with the shipped configuration, but for its ports."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        pytest.skip("no nginx")
    port = free_port()
    text = CONFIG.read_text().replace("listen 8500", f"listen 127.0.0.1:{port}")
    for shipped, replica in zip(("8501", "8502"), replicas, strict=True):
        assert f"127.0.0.1:{shipped}" in text
        text = text.replace(f"127.0.0.1:{shipped}", replica.url.removeprefix("http://"))
    # Where a visitor of this machine may write.
    places = "".join(
        f"{kind}_temp_path {tmp_path / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(text.replace("http {", f"http {{\n{places}"))
    command = [nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", "stderr"]
    user = "" if os.geteuid() else "user root;"  # as whom the folder above can be written
    command += ["-g", f"daemon off; pid {tmp_path / 'pid'}; {user}"]
    with (tmp_path / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def fetch(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as answer:
        text: str = answer.read().decode()
        return text


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            fetch(url)
            return
        except OSError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)


def sessions(replica: Server) -> int:
    """Visitors that a process has now."""
    found = re.search(
        r"^active_sessions\S* ([\d.]+)$",
        fetch(f"{replica.url}/_stcore/metrics?families=active_sessions"),
        re.MULTILINE,
    )
    assert found
    return int(float(found[1]))


def open_visitor(browser: Browser, url: str) -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.goto(url)
    wait_idle(page, seconds=60)
    return context, page


def test_visitors_are_spread_and_stay(browser: Browser, replicas: list[Server], proxy: str) -> None:
    visitors = [open_visitor(browser, f"{proxy}/?versus=none&image={i}") for i in range(VISITORS)]
    counts = [sessions(replica) for replica in replicas]
    assert sum(counts) == VISITORS
    assert min(counts) > 0
    context, page = visitors[0]
    for i in range(4):  # a page anew, and every request behind it, goes to the same process
        page.goto(f"{proxy}/?versus=none&image={100 + i}")
        Panel(page).wait_shown(f"image={100 + i},")
        page.locator(".st-key-next button").click()
        Panel(page).wait_shown(f"image={101 + i},")
        assert (
            len({cookie["value"] for cookie in context.cookies() if cookie["name"] == "replica"})
            == 1
        )
    for context, _ in visitors:
        context.close()


def test_a_visitor_survives_the_end_of_a_process(
    browser: Browser, replicas: list[Server], proxy: str
) -> None:
    context, page = open_visitor(browser, f"{proxy}/?image=18&k=5&seed=3")
    panel = Panel(page)
    panel.wait_shown("image=18,")
    page.locator("button.new-epsilon").click()
    panel.wait_shown("seed=4,")
    wait_idle(page)
    before = [Panel(page, key).numbers() for key in ("model", "versus")]
    (host,) = [replica for replica in replicas if sessions(replica)]
    (other,) = [replica for replica in replicas if replica is not host]
    os.kill(host.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while not sessions(other):  # the browser connects again by itself
        assert time.monotonic() < deadline
        page.wait_for_timeout(200)
    wait_idle(page, seconds=60)
    panel.wait_shown("image=18,", "seed=4,")
    assert [Panel(page, key).numbers() for key in ("model", "versus")] == before
    page.locator(".st-key-next button").click()
    panel.wait_shown("image=19,", "seed=4,")
    context.close()
