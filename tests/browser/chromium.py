"""Finds a Chromium to test with, or installs one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

__all__ = ["find_chromium", "install_chromium"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS_APPS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
INSTALL_SECONDS = 600


def find_chromium() -> str | None:
    """A Chromium or Chrome that runs: the system's, else the one Playwright installed."""
    candidates = [shutil.which(name) for name in NAMES]
    if sys.platform == "darwin":
        candidates += MACOS_APPS
    for path in candidates:
        if path and _runs(path):
            return path
    bundled = _playwright_chromium()
    return bundled if _runs(bundled) else None


def install_chromium() -> str | None:
    """Installs a Chromium, Playwright's or else the distribution's, and returns its path."""
    _succeeds([sys.executable, "-m", "playwright", "install", "chromium"])
    if found := find_chromium():
        return found
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        _succeeds(["apt-get", "update"])
        # Without a font the page has no text: a bare machine has none, and Chromium only
        # recommends them.
        packages = ["chromium", "fonts-dejavu-core", "fonts-liberation"]
        _succeeds(["apt-get", "install", "-y", "--no-install-recommends", *packages])
    return find_chromium()


def _playwright_chromium() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def _runs(path: str) -> bool:
    # A browser that lacks a shared library, or Ubuntu's stand-in for a snap, exists but fails.
    if not Path(path).exists():
        return False
    if sys.platform == "win32":  # there, `--version` opens a window
        return True
    return _succeeds([path, "--version"], seconds=60)


def _succeeds(command: list[str], seconds: float = INSTALL_SECONDS) -> bool:
    try:
        subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True
