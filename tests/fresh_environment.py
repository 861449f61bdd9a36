"""A virtual environment with this package in it, as whoever installs it makes one."""

import subprocess
import sys
import venv
from pathlib import Path

__all__ = ["fresh_environment", "programs", "site_packages"]

ROOT = Path(__file__).resolve().parents[1]
INSTALL_SECONDS = 900


def programs(environment: Path) -> Path:
    """The folder of an environment's programs."""
    return environment / ("Scripts" if sys.platform == "win32" else "bin")


def site_packages(environment: Path) -> Path:
    """The folder of what is installed in an environment."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    library = ("Lib",) if sys.platform == "win32" else ("lib", version)
    return environment.joinpath(*library, "site-packages")


def fresh_environment(folder: Path, extras: str = "") -> Path:
    """A new environment after `pip install .`, which needs the package registry.

    Args:
        folder: of the environment.
        extras: of the package, such as `[explorer]`.
    """
    venv.create(folder, with_pip=True)
    process = subprocess.run(
        [programs(folder) / "python", "-m", "pip", "install", "--quiet", f".{extras}"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return folder
