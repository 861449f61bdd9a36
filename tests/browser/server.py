"""A Streamlit server of its own process, as a visitor would start it."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Server", "free_port", "serve"]

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
STOP_SECONDS = 10


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes:
        url: without a slash at its end.
        log: file that gets its standard output and standard error.
        pid: of the server's process.
    """

    url: str
    log: Path
    pid: int


@contextmanager
def serve(
    log: Path,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    script: str = "app.py",
    python: Sequence[str] = (sys.executable,),
    command: Sequence[str] = (),
) -> Iterator[Server]:
    """Runs `streamlit run SCRIPT` until the end of the block.

    Args:
        log: file for what the server prints.
        cwd: a checkout, or a copy of one.
        env: added to this process's environment.
        script: relative to `cwd`.
        python: the interpreter, and what has to come before it.
        command: in place of `streamlit run SCRIPT`; it gets the same flags.

    Raises:
        RuntimeError: the server ended, or did not answer in time; the message quotes its log.
    """
    port = free_port()
    words = [*(command or (*python, "-m", "streamlit", "run", script))]
    words += ["--server.headless", "true", "--server.port", str(port)]
    words += ["--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
    with log.open("wb") as output:
        # In pytest's own process group, so that Ctrl-C and `timeout` reach the server as well.
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for_health(url, process, log)
        yield Server(url, log, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_health(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    # A proxy from the environment has no business between this process and its own child.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with opener.open(f"{url}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    state = "does not answer" if process.poll() is None else f"ended with {process.returncode}"
    raise RuntimeError(f"Streamlit {state}. Its log:\n{log.read_text(errors='replace')[-4000:]}")
