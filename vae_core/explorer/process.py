"""What a server process needs before it computes anything: a step of its own, called first."""

import ctypes
import os
import sys
from contextlib import suppress
from functools import cache

__all__ = ["prepare_process"]


@cache
def prepare_process() -> None:
    """One thread for linear algebra, and freed memory given back; to be called before NumPy.

    Each visitor's script runs in a thread of its own. Linear algebra that spreads one small
    product over all cores makes them wait for each other: a click took four times as long on two
    busy cores. OpenBLAS reads the number when NumPy is first imported, which Streamlit leaves to
    the page.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.platform == "linux":
        _keep_little_free_memory()


def _keep_little_free_memory() -> None:
    """Has glibc give freed arrays back.

    By default up to 16 pools, each keep what its threads once needed:
    ten visitors who had used every model held 208 MB, 155 with these settings at the same speed.
    """
    trim_threshold, mmap_threshold, arena_max = -1, -3, -8  # the names of malloc.h
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(arena_max, 2)
        libc.mallopt(mmap_threshold, 2 * 2**20)  # larger arrays are mapped, and unmapped, alone
        libc.mallopt(trim_threshold, 16 * 2**20)
