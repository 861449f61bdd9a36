"""Faults around the page: a connection that is cut, a server without room for files."""

import asyncio
import os
import re
import threading
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from ..explore_page import loaded
from .conftest import StartServer
from .pages import OpenPage, exception_texts, wait_idle
from .panel import Panel, empty_place
from .server import Server

pytestmark = pytest.mark.long  # faults at every moment

# Streamlit's page behaves the same after 20 s, only later: VAE_CUT_SECONDS=20 tries it.
CUT = float(os.environ.get("VAE_CUT_SECONDS", "5"))


class Proxy:
    """Stands between browsers and a server, and can cut them off.

    Attributes:
        url: for the browsers.
    """

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url).port
        self._port = 0  # any, the first time
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.join()
        self.url = f"http://127.0.0.1:{self._port}"

    def join(self) -> None:
        """Lets browsers connect."""
        self._do(self._listen())

    def cut(self) -> None:
        """Drops all connections and refuses new ones."""
        self._do(self._drop())

    def close(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _drop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.1)  # the pumps notice

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source, sink = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, sink}
        await asyncio.gather(self._pump(reader, sink), self._pump(source, writer))
        self._writers -= {writer, sink}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # cut, or the browser has left
        writer.close()


@pytest.fixture
def proxy(app_url: Server) -> Iterator[Proxy]:
    proxy = Proxy(app_url.url)
    yield proxy
    proxy.close()


def boxes(page: Page) -> list[str]:
    """Texts of the error boxes and dialogs of the page."""
    names = ("stAlert", "stDialog")
    found = [text for name in names for text in page.get_by_test_id(name).all_inner_texts()]
    return exception_texts(page) + found


def test_a_connection_cut_in_the_middle_of_a_drag(open_page: OpenPage, proxy: Proxy) -> None:
    page = open_page("image=18&k=5&versus=sample-10", url=proxy.url)
    panels = Panel(page, "model"), Panel(page, "versus")
    panel = panels[0]
    for one in panels:
        one.wait_shown("image=18,")
    left, top, size = panel.box
    before = panel.view

    def move(x: float) -> None:
        page.mouse.move(left + x * size, top + 0.5 * size)

    move(0.5)
    page.mouse.down()
    move(0.45)
    proxy.cut()
    start = time.monotonic()
    while (passed := time.monotonic() - start) < CUT:
        move(0.45 - 0.15 * passed / CUT)
        page.wait_for_timeout(100)
    connection = page.get_by_test_id("stApp").get_attribute("data-test-connection-state")
    assert connection != "CONNECTED"
    move(0.3)
    page.mouse.up()
    proxy.join()
    wait_idle(page, seconds=60)
    assert boxes(page) == []
    # The plane has followed the pointer and stays there.
    moved = panel.view - before
    assert moved[:2] == pytest.approx(0.2 * (before[1] - before[0]), rel=0.1)
    assert moved[2:] == pytest.approx(0, abs=1e-6)
    for one in panels:
        one.wait_shown("image=18,", "k=5,", "versus='sample-10'", "z=None")
    page.mouse.click(*empty_place(panel, loaded("sample").mean))
    for one in panels:
        one.wait_shown("image=18,", "k=5,", "versus='sample-10'", "z=(")
    wait_idle(page)
    address = panel.address()
    assert (address["image"], address["k"], address["versus"]) == ("18", "5", "sample-10")
    assert "z" in address
    assert boxes(page) == []


def test_a_server_without_room_for_files(
    open_page: OpenPage, start_server: StartServer, tmp_path: Path
) -> None:
    # Python looks for another folder where TMPDIR is of no use; here there is none.
    (tmp_path / "sitecustomize.py").write_text("import tempfile\ntempfile.tempdir = '/proc'\n")
    files = {"small.zip": 1_000, "large.zip": 3_000_000}  # from 1 MB on the server wants the disk
    for name, size in files.items():
        (tmp_path / name).write_bytes(b"PK\3\4".ljust(size, b"x"))
    env = {"PYTHONPATH": str(tmp_path), "VAE_TRAIN_FREE_MIB": "0"}
    with start_server(env=env) as server:
        page = open_page(url=server.url)
        for key in ("model", "versus"):
            Panel(page, key).wait_shown()
        page.get_by_role("button", name="Next", exact=True).click()
        Panel(page).wait_shown("image=1368,")
        assert boxes(page) == []
        page = open_page("claim=3", path="argument", url=server.url)
        assert boxes(page) == []
        assert page.locator("h3").count()

        page = open_page(path="train", url=server.url)
        assert boxes(page) == []
        page.locator(".st-key-train button").click()
        expect(page.get_by_test_id("stAlert")).to_have_text(re.compile(r"^No room for .*\.$"))
        assert len(boxes(page)) == 1
        bring = page.locator(".st-key-more")
        page.get_by_text("More settings").click()
        for name, sentence in (
            ("large.zip", "Error: "),  # Streamlit's own, beside the file's name
            ("small.zip", "No room for the model's files: No such file or directory."),
        ):
            bring.locator('input[type="file"]').set_input_files(tmp_path / name)
            expect(bring).to_contain_text(sentence)
            assert exception_texts(page) == []
            assert "Traceback" not in page.inner_text("body")
        # The page goes on.
        page.get_by_text("Explore", exact=True).click()
        Panel(page).wait_shown("image=1367,")
