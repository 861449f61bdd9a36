"""Models that visitors trained or brought: files of this server, for as long as it runs."""

import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

from .limits import server_limits

__all__ = ["Shelf", "server_shelf"]


class Shelf:
    """Folders of models by name; the oldest make room for new ones.

    A name ends in random digits: it cannot be guessed, and whoever has a link with it sees the
    model.

    Args:
        most: models that are kept.

    Attributes:
        in_use: whether a model may not go yet.
    """

    def __init__(self, most: int) -> None:
        self.in_use: Callable[[str], bool] = lambda name: False
        self._most = most
        self._lock = threading.Lock()
        self._names: list[str] = []  # the oldest first
        self._root: tempfile.TemporaryDirectory[str] | None = None  # removed when the server ends

    def add(self, prefix: str) -> tuple[str, Path]:
        """A new name, and its folder, which is yet to be made.

        Raises:
            OSError: there is no place for files.
        """
        with self._lock:
            if self._root is None:
                self._root = tempfile.TemporaryDirectory(prefix="vae-explorer-")
            # Whoever tidies up /tmp may have taken it since.
            Path(self._root.name).mkdir(0o700, exist_ok=True)
            name = f"{prefix}-{secrets.token_hex(4)}"
            self._names.append(name)
            spare = [old for old in self._names[:-1] if not self.in_use(old)]
            for old in spare[: max(0, len(self._names) - self._most)]:
                self._names.remove(old)
                shutil.rmtree(self._path(old), ignore_errors=True)
            return name, self._path(name)

    def folder(self, name: str) -> Path | None:
        """The folder of a model that is kept."""
        with self._lock:
            return self._path(name) if name in self._names else None

    def remove(self, name: str) -> None:
        """Forgets a model."""
        with self._lock:
            if name in self._names:
                self._names.remove(name)
                shutil.rmtree(self._path(name), ignore_errors=True)

    def _path(self, name: str) -> Path:
        assert self._root is not None
        return Path(self._root.name) / name


@cache
def server_shelf() -> Shelf:
    """The shelf of this server.

    Raises:
        InputError: the environment's limits are invalid.
    """
    return Shelf(server_limits().models)
