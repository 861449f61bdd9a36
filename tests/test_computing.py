"""Threads that compute for all visitors: few of them, apart by purpose, and never stuck."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from vae_core.explorer.server.computing import THREADS, compute_for


def name() -> str:
    return threading.current_thread().name


def test_many_visitors_share_few_threads() -> None:
    with ThreadPoolExecutor(20) as visitors:
        names = set(visitors.map(lambda _: compute_for("few", name), range(100)))
    assert 1 <= len(names) <= THREADS
    assert threading.current_thread().name not in names


def test_slow_work_keeps_no_other_purpose_waiting() -> None:
    done = threading.Event()
    with ThreadPoolExecutor(2 * THREADS) as visitors:
        slow = [visitors.submit(compute_for, "slow", done.wait, 60) for _ in range(2 * THREADS)]
        assert compute_for("quick", sum, [1, 2]) == 3
        done.set()
        assert all(one.result() for one in slow)


def test_work_within_work_is_not_stuck() -> None:
    def outer() -> tuple[str, str]:
        return name(), compute_for("nested", name)

    with ThreadPoolExecutor(20) as visitors:
        for first, second in visitors.map(lambda _: compute_for("nested", outer), range(100)):
            assert first == second


def test_what_goes_wrong_reaches_the_visitor() -> None:
    with pytest.raises(ZeroDivisionError):
        compute_for("wrong", lambda: 1 / 0)
