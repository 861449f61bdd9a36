"""A virtual environment inside the project's folder, where most people make it, costs nothing."""

import os
import re
import shutil
import sys
import sysconfig
import time
import venv
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from ..fresh_environment import programs, site_packages
from .pages import OpenPage
from .panel import Panel
from .server import ROOT, Server, serve

LOADS = 5
MOST = 1.5  # times the processor time with the environment elsewhere
FEWEST_FOLDERS = 2000  # below it the folder is no environment as people have it
QUIET = 2.0  # seconds in which a server settles

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


def copy_project(folder: Path) -> None:
    """What of the checkout the app needs, as the Dockerfile copies it."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in (".streamlit", "vae_core", "assets"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "app.py", folder)


def make_environment(folder: Path) -> None:
    """An environment with what this one has.

    It stands for the one that `pip install -r requirements-dev.txt` makes in minutes: its packages
    are links to the same files. To the watcher of Streamlit these are thousands of folders of
    their own, in which the server opens what it imports.
    """
    venv.create(folder, symlinks=True)
    here = sysconfig.get_path("purelib")

    def link(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:  # on another file system
            shutil.copy2(source, target)

    shutil.copytree(
        here, site_packages(folder), copy_function=link, symlinks=True, dirs_exist_ok=True
    )
    assert sum(1 for _ in os.walk(folder)) >= FEWEST_FOLDERS


def processor_seconds(server: Server) -> float:
    """What a server has used of the processor, in its own code and in the kernel."""
    words = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def load_pages(server: Server, open_page: OpenPage) -> float:
    """Loads the page several times; returns the seconds that this cost the server."""
    time.sleep(QUIET)
    before = processor_seconds(server)
    for _ in range(LOADS):
        page = open_page(url=server.url)
        Panel(page).wait_shown()
        page.context.close()
    time.sleep(QUIET)
    return processor_seconds(server) - before


def lines(server: Server) -> list[str]:
    """What a server printed, without the time and the port."""
    text = re.sub(r"\d+-\d+-\d+ \d+:\d+:\d+\.\d+ ", "", server.log.read_text())
    return re.sub(r":\d+\b", ":PORT", text).splitlines()


def test_an_environment_inside_costs_nothing(
    browser: Browser, open_page: OpenPage, tmp_path: Path
) -> None:
    project, outside = tmp_path / "project", tmp_path / "environment"
    project.mkdir()
    copy_project(project)
    make_environment(outside)
    seconds, said = [], []
    for environment in (outside, project / ".venv"):
        if environment != outside:
            outside.rename(environment)
        python = [str(programs(environment) / "python")]
        log = tmp_path / f"{environment.name}.txt"
        with serve(log, project, {"PYTHONPATH": ""}, python=python) as server:
            seconds.append(load_pages(server, open_page))
        said.append(lines(server))
    elsewhere, inside = seconds
    assert inside <= MOST * elsewhere
    # A start, whose lines are those of any other, and nothing after it.
    assert said[1] == said[0]
    assert len(said[1]) < 10
