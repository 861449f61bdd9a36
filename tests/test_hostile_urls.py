"""Hostile addresses: each is answered soon, without a traceback, and none comes back as markup.

Some hundreds in every long run of the tests, the same while the code is; all of them, and what
was measured:

    HOSTILE_URLS=10000 pytest tests/test_hostile_urls.py --log-cli-level=info \\
        -o faulthandler_timeout=0

which takes half an hour; `HOSTILE_SEED=1` makes others.
"""

import logging
import os
import re
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, seed, settings
from hypothesis.strategies import sampled_from
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from .browser.server import Server, serve
from .hostile_urls import CANARY, LONGEST, MARKUP, PAGES, addresses
from .visitors import memory

pytestmark = pytest.mark.long

URLS = int(os.environ.get("HOSTILE_URLS", "300"))
SEED = int(os.environ.get("HOSTILE_SEED", "0"))
MOST_SECONDS = 2.0  # of the server's own work for one address
MOST_WAITED = 10.0  # seconds of the clock: the machine may be busy with something else
MOST_GROWTH = 24.0  # MiB, once every model and every claim has been seen
PATIENCE = 60  # seconds for an answer that comes at all
TICK = os.sysconf("SC_CLK_TCK") if sys.platform == "linux" else 1

# What claim 5 still computes once its answer is on the page.
AFTERTHOUGHT = "Fitting the flow …".encode()
# Of Streamlit, which then reads no parameter at all.
TOO_MANY = re.compile(r".*Ignoring query string with \d+ parameters because it exceeds the .*\n")

LOG = logging.getLogger(__name__)


class Cost(NamedTuple):
    """Seconds of the clock, and of the server's processor."""

    waited: float
    worked: float

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(self.waited - other.waited, self.worked - other.worked)


class Target:
    """A server that has seen every page, and what it needed since.

    No dataclass: hypothesis would print all of it beside an address that fails.

    Args:
        server: to be asked.

    Attributes:
        quiet: what it had logged until then.
        index: the page that Streamlit sends for every address.
        waited: seconds of the clock for each address, by the address.
        worked: seconds of the server's processor, by the address.
        memory: of the server in MiB, the first before all of them.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.index = fetch(server.url, "")
        for page, names in PAGES.items():
            for key in ("model", "layer", "claim"):
                for value in names.get(key, ()):
                    visit(server, page, f"{key}={value}")
        self.quiet = server.log.read_text()
        self.waited: dict[tuple[str, str], float] = {}
        self.worked: dict[tuple[str, str], float] = {}
        self.memory = [memory(server.pid)]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server of its own, so that its memory and its log are these addresses' alone."""
    # Without the watch on the source files, whose log tells of other things than addresses.
    env = {"STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none"}
    with serve(tmp_path_factory.mktemp("hostile") / "log.txt", env=env) as server:
        yield Target(server)


def fetch(url: str, address: str) -> bytes:
    """What a browser loads first."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    connection.request("GET", f"/{quote(address, safe='/?&=%+;')}")
    response = connection.getresponse()
    assert response.status == 200
    return response.read()


def visit(server: Server, page: str, query: str, back: bool = False) -> list[Cost]:
    """Opens a page as a browser does; then comes to the same address by the browser's Back.

    Returns:
        What each of the two answers took, or the only one.

    Raises:
        AssertionError: the page shows an exception, or something of the query where it could
            be read as markup.
    """
    with connect(
        f"ws{server.url.removeprefix('http')}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        origin=Origin(server.url),
        compression=None,
        proxy=None,
        max_size=None,
    ) as connection:
        message = BackMsg()
        run = message.rerun_script
        run.query_string, run.page_name = query, page
        run.context_info.url = server.url
        run.context_info.locale, run.context_info.timezone = "en-US", "UTC"
        costs = []
        for run.is_history_navigation in (False, True) if back else (False,):
            start = clock(server.pid)
            connection.send(message.SerializeToString())
            costs.append(read_run(connection, server.pid) - start)
    return costs


def read_run(connection: ClientConnection, pid: int) -> Cost:
    """Reads until the script has ended; returns when the answer was there."""
    answered = None
    while True:
        payload = connection.recv(timeout=PATIENCE)
        assert isinstance(payload, bytes)
        message = ForwardMsg.FromString(payload)
        kind = message.WhichOneof("type")
        element = message.delta.new_element.WhichOneof("type") if kind == "delta" else None
        assert element != "exception", str(message.delta.new_element.exception)[:500]
        # React writes the value of a text input, and the browser the address, as text.
        if CANARY.encode() in payload:
            assert element == "text_input" or kind == "page_info_changed", str(message)[:500]
        if AFTERTHOUGHT in payload:
            answered = clock(pid)
        if kind == "script_finished":
            status = ForwardMsg.ScriptFinishedStatus.Name(message.script_finished)
            assert status in ("FINISHED_SUCCESSFULLY", "FINISHED_EARLY_FOR_RERUN")
            if status == "FINISHED_SUCCESSFULLY":
                return answered or clock(pid)


def clock(pid: int) -> Cost:
    """The time, and the seconds for which a process has kept a processor busy."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Cost(time.perf_counter(), (int(fields[11]) + int(fields[12])) / TICK)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the server's work from /proc")
@seed(SEED)
@settings(
    max_examples=URLS,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking would take an hour
    suppress_health_check=[*HealthCheck],
)
@given(address=addresses(), back=sampled_from([True, *[False] * 7]))
@example(address=("", "&".join(f"{name}={MARKUP[1]}" for name in PAGES[""])), back=True)
@example(address=("argument", "claim=questions&" + "&" * (LONGEST - 16)), back=True)
@example(address=("argument", "claim=5&image=33&model=nan&model=quadrature"), back=False)
@example(address=("train", "epochs=" + "9" * (LONGEST - 7)), back=True)
def test_a_hostile_address_is_answered(
    target: Target, address: tuple[str, str], back: bool
) -> None:
    assume(address not in target.waited)  # hypothesis comes back to some
    page, query = address
    server = target.server
    assert fetch(server.url, f"{page}?{query}") == target.index
    costs = visit(server, page, query, back)
    waited, worked = (max(numbers) for numbers in zip(*costs, strict=True))
    assert worked < MOST_SECONDS
    assert waited < MOST_WAITED
    said = TOO_MANY.sub("", server.log.read_text().removeprefix(target.quiet))
    assert not said
    target.waited[address], target.worked[address] = waited, worked
    target.memory.append(memory(server.pid))


@pytest.mark.skipif(sys.platform != "linux", reason="reads the server's memory from /proc")
def test_hostile_addresses_leave_nothing_in_memory(target: Target) -> None:
    assert len(target.memory) > URLS / 2
    growth = float(np.median(target.memory[-50:])) - target.memory[0]
    waited = sorted(target.waited, key=lambda address: target.waited[address])
    seconds = [target.waited[address] for address in waited]
    LOG.info(
        "%d addresses: %.2f s at most, median %.2f, of work %.2f s at most; memory %s MiB",
        len(target.waited),
        *(seconds[-1], np.median(seconds), max(target.worked.values())),
        [round(mib) for mib in target.memory[:: max(1, len(target.memory) // 20)]],
    )
    for address in waited[-5:]:
        LOG.info("%.2f s: %.200s", target.waited[address], address)
    assert growth < MOST_GROWTH
