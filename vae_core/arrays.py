"""The type of an array, and loops that keep what is held in memory at once small."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["POINTS_AT_ONCE", "Array", "in_parts", "parts"]

Array = NDArray[np.floating]

# Decoded pictures of one step take 1.6 MB: they stay in the processor's cache, and a server's
# threads have little to hold on to.
POINTS_AT_ONCE = 512


def parts(count: int, at_once: int = POINTS_AT_ONCE) -> Iterator[slice]:
    """Slices that cover `count` rows, at most `at_once` each."""
    for start in range(0, count, at_once):
        yield slice(start, start + at_once)


def in_parts(
    function: Callable[[slice], Array], count: int, at_once: int = POINTS_AT_ONCE
) -> Array:
    """Results of a function of slices that cover `count` rows, one after the other.

    Args:
        function: maps a slice of rows to an array with a row for each.
        count: number of rows, at least 1.
        at_once: rows of a slice.

    Returns:
        `(count, ...)`.
    """
    return np.concatenate([function(part) for part in parts(count, at_once)])
