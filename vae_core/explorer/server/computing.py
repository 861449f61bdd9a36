"""A few threads that compute for all visitors.

Streamlit runs each visitor's script in a thread of its own. What the arrays of a computation leave
behind in the C library stays with its thread: a lecture hall of threads keeps far more memory than
two, and a machine of two cores is no faster for them.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

__all__ = ["compute_for", "start_for"]

Result = TypeVar("Result")

THREADS = 2


@cache
def _threads(purpose: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix=purpose)


def start_for(purpose: str, function: Callable[[], object]) -> None:
    """Has one of the threads for a purpose run `function`, which must raise nothing."""
    _threads(purpose).submit(function)


def compute_for(purpose: str, function: Callable[..., Result], *arguments: object) -> Result:
    """`function(*arguments)`, run by one of the threads for a purpose.

    Args:
        purpose: each has threads of its own: slow work for one keeps none of another waiting.
        function: must not draw anything. Called by one of these threads, it runs at once.
        arguments: of the function.
    """
    if threading.current_thread().name.startswith(f"{purpose}_"):
        return function(*arguments)
    return _threads(purpose).submit(function, *arguments).result()
