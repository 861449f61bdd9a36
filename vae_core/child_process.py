"""Child processes that run modules of this package: those that the server itself would import."""

import os
import sys

__all__ = ["child_environment", "module_command"]


def module_command(name: str) -> tuple[str, ...]:
    """The command that runs a module by its name, in a child process."""
    # -P: the folder that the server was started in is no place to import from.
    return (sys.executable, "-P", "-m", name)


def child_environment() -> dict[str, str]:
    """The server's environment and its places to import from, in its order.

    A checkout is not installed: only the server knows where it lies.
    """
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
