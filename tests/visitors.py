"""Visitors of Explore without a browser: they speak to Streamlit as its page does.

The browser's side of a session, as far as the panels need it: it opens the page, keeps the values
of the widgets, the address and the messages that the browser keeps, and picks images and points
in a panel.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

__all__ = ["Load", "Pick", "Visitor", "memory", "open_visitor", "random_choice", "visit"]

SECONDS = 60  # for the server to answer at all
OPENING = 4  # visitors who open the page at the same moment
KEPT_RUNS = 2  # Streamlit's page forgets a message that as many runs have not used

Pick = dict[str, Any]  # {"image": 7} or {"z": [0.3, -1.2]}


@dataclass
class _Kept:
    """A message that the server may refer to instead of sending it again."""

    delta: Delta
    run: int


@dataclass
class Visitor:
    """One session; made by `open_visitor`.

    Attributes:
        url: of the server.
        query: of the address, without the question mark.
        panels: what the lanes `model` and `versus` show, as the page sent it.
        received: bytes since the last pick was sent.
    """

    url: str
    query: str
    connection: ClientConnection
    panels: dict[str, dict[str, Any]] = field(default_factory=dict)
    received: int = 0
    _arrived: float | None = None  # the stage, in this run
    _widgets: dict[str, WidgetState] = field(default_factory=dict)
    _id: str = ""  # of the stage
    _style: list[WidgetState] = field(default_factory=list)
    _popovers: set[tuple[int, ...]] = field(default_factory=set)
    _fragment: str = ""
    _page: str = ""
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _runs: int = 0

    async def pick(self, choice: Pick, panel: str = "model") -> float:
        """Picks an image or a point in a lane; returns the seconds until the stage shows it.

        Raises:
            RuntimeError: the page shows an error, or something else than what was picked.
        """
        if "z" in choice:
            choice = {**choice, "by": panel}
        trigger = WidgetState(
            id=f"$$STREAMLIT_INTERNAL_KEY_{self._id}__events",
            json_trigger_value=json.dumps([{"event": "pick", "value": choice}]),
        )
        sent = await self._run([*self._widgets.values(), trigger], self._fragment)
        if "image" not in choice:
            choice = {"z": [float(f"{value:.5g}") for value in choice["z"]], "by": panel}
        for name, data in self.panels.items():
            if self._arrived is None or data["scene"]["selection"] != choice:
                shown = data["scene"]["selection"]
                raise RuntimeError(f"picked {choice}, but the lane {name} shows {shown}")
        assert self._arrived is not None
        return self._arrived - sent

    async def _run(self, widgets: list[WidgetState], fragment: str = "") -> float:
        """Has the script run and takes in what it says; returns when it was asked to."""
        message = BackMsg()
        run = message.rerun_script
        run.query_string = self.query
        run.widget_states.widgets.extend([*self._style, *widgets])
        run.page_script_hash = self._page
        run.fragment_id = fragment
        run.cached_message_hashes.extend(self._kept)
        run.context_info.url = self.url
        run.context_info.locale = "en-US"
        run.context_info.timezone = "UTC"
        run.context_info.color_scheme = "light"
        self.received = 0
        async with asyncio.timeout(SECONDS):
            sent = time.perf_counter()
            await self.connection.send(message.SerializeToString())
            while not self._take(await self.connection.recv()):
                pass
        return sent

    def _take(self, payload: str | bytes) -> bool:
        """Takes a message in; true if it ends the run."""
        assert isinstance(payload, bytes)
        self.received += len(payload)
        message = ForwardMsg.FromString(payload)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._arrived = None
            self._runs += 1
            if not message.metadata.run.fragment_ids:
                self._widgets.clear()
                self._popovers.clear()
            self._forget()
        elif kind == "navigation":
            self._page = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "delta":
            if message.metadata.cacheable:
                self._kept[message.hash] = _Kept(message.delta, self._runs)
            self._take_delta(tuple(message.metadata.delta_path), message.delta)
        elif kind == "ref_hash":
            kept = self._kept[message.ref_hash]
            kept.run = self._runs
            self._take_delta(tuple(message.metadata.delta_path), kept.delta)
        elif kind == "script_finished":
            status = ForwardMsg.ScriptFinishedStatus.Name(message.script_finished)
            if not status.startswith("FINISHED_"):
                raise RuntimeError(f"the script ended with {status}")
            return status != "FINISHED_EARLY_FOR_RERUN"  # then another run follows
        return False

    def _forget(self) -> None:
        for key, kept in list(self._kept.items()):
            if self._runs - kept.run > KEPT_RUNS and kept.delta.fragment_id == self._fragment:
                del self._kept[key]

    def _take_delta(self, path: tuple[int, ...], delta: Delta) -> None:
        if delta.WhichOneof("type") == "add_block":
            if delta.add_block.WhichOneof("type") == "popover":
                self._popovers.add(path)
            return
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception" or (kind == "alert" and element.alert.format == element.alert.ERROR):
            raise RuntimeError(f"the page shows an error: {str(element)[:500]}")
        if kind == "bidi_component":
            key = element.bidi_component.id.rpartition("-")[2]
            if key == "style":  # the page comes when the browser says that it has its style
                self._style = [
                    WidgetState(id=element.bidi_component.id, json_value='{"styled": true}')
                ]
            elif key == "stage":
                self._id = element.bidi_component.id
                self._fragment = delta.fragment_id
                lanes = json.loads(element.bidi_component.bytes)["lanes"]
                self.panels = {lane["key"]: lane for lane in lanes}
                self._arrived = time.perf_counter()
        # The widgets of a popover exist in the browser while it is open.
        elif not any(path[: len(popover)] == popover for popover in self._popovers):
            state = _state(element)
            if state is not None:
                self._widgets[state.id] = state


def _state(element: Element) -> WidgetState | None:
    """The value that a widget has when it comes from the server."""
    kind = element.WhichOneof("type")
    widget = getattr(element, kind or "", None)
    if kind == "number_input":
        value = widget.value if widget.set_value else widget.default
        return WidgetState(id=widget.id, int_value=round(value))
    if kind == "slider":
        state = WidgetState(id=widget.id)
        state.double_array_value.data.extend(widget.value if widget.set_value else widget.default)
        return state
    if kind == "selectbox":
        value = widget.raw_value if widget.set_value else widget.options[widget.default]
        return WidgetState(id=widget.id, string_value=value)
    return None


@asynccontextmanager
async def open_visitor(url: str, query: str = "") -> AsyncIterator[Visitor]:
    """A visitor who has opened Explore and sees its panels.

    Args:
        url: of the server, without a slash at its end.
        query: of the address.
    """
    async with connect(
        f"ws{url.removeprefix('http')}/_stcore/stream",
        subprotocols=["streamlit"],
        origin=url,
        compression=None,
        proxy=None,
        max_size=None,
    ) as connection:
        visitor = Visitor(url, query, connection)
        await visitor._run([])
        await visitor._run([])
        yield visitor


# --- many visitors -------------------------------------------------------------------------------


@dataclass
class Load:
    """What came of many visitors.

    Attributes:
        seconds: from each pick to the panels that show it.
        errors: what went wrong, a sentence each.
        memory: of the server in MiB, after as many seconds; the first before the first pick, the
            last after the last one.
    """

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """MiB by which the server has grown."""
        return self.memory[-1][1] - self.memory[0][1]

    def level(self, start: float, end: float) -> float:
        """Median memory between two moments, which one visitor's needs do not move."""
        return float(np.median([mib for passed, mib in self.memory if start <= passed <= end]))


async def visit(
    url: str,
    pid: int,
    queries: list[str],
    seconds: float,
    every: float,
    check: Callable[[Visitor], None] = lambda visitor: None,
    before: int = 0,
) -> Load:
    """Has visitors open the page and pick, each at its own moments, until the time is over.

    Args:
        url: of the server.
        pid: of the server.
        queries: the address of each visitor.
        seconds: for which they pick.
        every: seconds between the picks of a visitor, on average.
        check: raises AssertionError where an answer is wrong.
        before: picks of each visitor that do not count, before the clock starts.
    """
    load = Load()
    door = asyncio.Semaphore(OPENING)
    opened = asyncio.Barrier(len(queries) + 1)  # the clock starts when all see their panels
    over = asyncio.Event()  # nobody leaves before the memory has been read
    picking = len(queries)

    async def pick_on(visitor: Visitor, chance: random.Random) -> None:
        start = time.perf_counter()
        moment = chance.uniform(0, every)
        while moment < seconds:
            await asyncio.sleep(start + moment - time.perf_counter())
            try:
                load.seconds.append(await visitor.pick(random_choice(chance)))
                check(visitor)
            except (RuntimeError, AssertionError) as error:
                load.errors.append(f"{visitor.query}: {error}")
            moment += chance.uniform(0.5, 1.5) * every

    async def live(number: int, query: str) -> None:
        nonlocal picking
        chance = random.Random(number)
        try:
            async with AsyncExitStack() as stack:
                async with door:
                    visitor = await stack.enter_async_context(open_visitor(url, query))
                    for _ in range(before):
                        await visitor.pick(random_choice(chance))
                await opened.wait()
                try:
                    await pick_on(visitor, chance)
                finally:
                    picking -= 1
                await over.wait()
        except asyncio.BrokenBarrierError:
            pass  # another visitor has said why
        except Exception as error:  # the page never came, or the connection has gone
            load.errors.append(f"{query}: {error!r}")
            await opened.abort()

    async with asyncio.TaskGroup() as group:
        for number, query in enumerate(queries):
            group.create_task(live(number, query))
        with suppress(asyncio.BrokenBarrierError):
            await opened.wait()
            start = time.perf_counter()
            while picking:
                load.memory.append((time.perf_counter() - start, memory(pid)))
                await asyncio.sleep(0.5)
            load.memory.append((time.perf_counter() - start, memory(pid)))
        over.set()
    return load


def random_choice(chance: random.Random) -> Pick:
    """Mostly an image, sometimes a point."""
    if chance.random() < 0.25:
        return {"z": [chance.gauss(0, 1), chance.gauss(0, 1)]}
    return {"image": chance.randrange(10_000)}


def memory(pid: int) -> float:
    """Resident memory of a process in MiB, from Linux's /proc."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no VmRSS for process {pid}")
