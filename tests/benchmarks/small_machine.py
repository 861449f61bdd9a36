"""Ten visitors on a small machine: python -m tests.benchmarks.small_machine --python PYTHON

PYTHON is that of an environment with `requirements.txt` and nothing else. Its server runs in a
memory control group of 690 MB, where this machine lets one be made (as root), which kills it if it
needs more; else its processes' memory is added up. Ten browsers use every model on Explore and
every claim of The argument. Linux only.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.benchmarks.browsing import run_browser
from tests.browser.pages import wait_idle
from tests.browser.server import Server, serve
from vae_core.models.catalogue import shipped_models

VISITORS = 10
LIMIT = 690  # MB that Streamlit Community Cloud guarantees
MB = 1e6
CLAIMS = (*"123456789", "questions")


@dataclass(frozen=True)
class Group:
    """A memory control group.

    Attributes:
        path: its folder.
        limit, peak: names of the files for the limit and for the most that it has used.
    """

    path: Path
    limit: str
    peak: str

    @property
    def used(self) -> float:
        """MB at the most so far, cached files included."""
        return int((self.path / self.peak).read_text()) / MB


@contextmanager
def memory_group(megabytes: float) -> Iterator[Group | None]:
    """A group with this limit; None where none can be made."""
    root = Path("/sys/fs/cgroup")
    name = f"vae-explorer-{os.getpid()}"
    for group in (
        Group(root / "memory" / name, "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
        Group(root / name, "memory.max", "memory.peak"),
    ):
        if group.path.parent == root and not (root / "cgroup.controllers").exists():
            continue
        try:
            group.path.mkdir()
            (group.path / group.limit).write_text(str(int(megabytes * MB)))
        except OSError:
            continue
        try:
            yield group
        finally:
            with suppress(OSError):
                group.path.rmdir()
        return
    yield None


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    children = [
        int(child)
        for file in Path(f"/proc/{pid}/task").glob("*/children")
        for child in file.read_text().split()
    ]
    return [pid, *(one for child in children for one in tree(child))]


def resident(pid: int) -> float:
    """MB of a process and all below it."""
    pages = 0
    for one in tree(pid):
        with suppress(OSError):  # it has just ended
            pages += int(Path(f"/proc/{one}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


def use(browser: Browser, server: Server) -> float:
    """Has the visitors use everything; the most MB that the server's processes had, added up."""
    pages = [
        browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
        for _ in range(VISITORS)
    ]
    most = 0.0
    for place in places():
        for page in pages:
            page.goto(f"{server.url}/{place}", wait_until="commit")
        for page in pages:
            wait_idle(page, seconds=300)
            check(page)
        most = max(most, resident(server.pid))
    return most


def places() -> Iterator[str]:
    for name in shipped_models():
        yield f"?model={name}&k=64&layer=posterior"
    for name in ("sample", "large"):
        for claim in CLAIMS:
            yield f"argument?claim={claim}&model={name}"


def check(page: Page) -> None:
    problems = page.locator("[data-testid=stException], [data-testid=stAlertContentError]")
    assert not problems.count(), f"{page.url}: {problems.all_inner_texts()}"


def main() -> int:
    """Runs the measurement; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable, help="interpreter of the server")
    parser.add_argument("--limit", type=float, default=LIMIT, help="MB")
    options = parser.parse_args()
    with run_browser() as (browser, folder), memory_group(options.limit) as group:
        command = [options.python]
        if group is not None:
            entered = f'echo $$ > "{group.path}/cgroup.procs" && exec "$@"'
            command = ["sh", "-c", entered, "sh", options.python]
        with serve(folder / "log.txt", python=command) as server:
            most = use(browser, server)
            said = server.log.read_text()
        assert "Traceback" not in said, said
        print(f"{VISITORS} visitors, all models and claims: {most:.0f} MB resident")
        if group is None:
            print(f"no control group can be made here: no limit of {options.limit:.0f} MB")
        else:
            print(f"within a control group of {options.limit:.0f} MB; with files {group.used:.0f}")
    return 0 if most <= options.limit else 1


if __name__ == "__main__":
    sys.exit(main())
