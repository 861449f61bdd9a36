"""Results that are computed once and shared by all threads."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

__all__ = ["Memo"]


class Memo:
    """The results of the last few keys; a key that several threads ask for is computed once.

    Args:
        most: results that are kept, those that were asked for last.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def __call__(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """The result for a key; where `compute` raises, nothing is kept."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
        with entry.lock:
            if not entry.done:
                entry.value = compute()
                entry.done = True
            return entry.value

    def clear(self) -> None:
        """Forgets all results; whoever waits for one still gets it."""
        with self._lock:
            self._entries.clear()


class _Entry:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.done = False
        self.value: Any = None
