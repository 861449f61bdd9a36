"""Results that are shared by threads: computed once, kept while they are asked for."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from vae_core.memo import Memo

THREADS = 8
SECONDS = 10  # in which two threads have to meet


def refuse() -> object:
    raise AssertionError("Computed although it was kept")


def test_a_result_is_computed_once_for_all_threads() -> None:
    memo, start, computed = Memo(4), threading.Barrier(THREADS), []

    def compute() -> object:
        computed.append(threading.get_ident())
        time.sleep(0.05)
        return object()

    def ask() -> object:
        start.wait(SECONDS)
        return memo("key", compute)

    with ThreadPoolExecutor(THREADS) as pool:
        found = [asked.result() for asked in [pool.submit(ask) for _ in range(THREADS)]]
    assert len(computed) == 1
    assert all(one is found[0] for one in found)


def test_two_results_are_computed_beside_each_other() -> None:
    memo, meeting = Memo(2), threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(memo, key, lambda: meeting.wait(SECONDS)) for key in "ab"]
    assert sorted(one.result() for one in asked) == [0, 1]


def test_an_exception_is_not_kept() -> None:
    memo, failing, computed = Memo(2), threading.Event(), []

    def fail() -> object:
        failing.set()
        time.sleep(0.05)
        raise OSError("not now")

    def compute() -> int:
        computed.append(1)
        return 7

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(memo, "key", fail)
        assert failing.wait(SECONDS)
        second = pool.submit(memo, "key", compute)  # waits for the first
        with pytest.raises(OSError, match="not now"):
            first.result()
        assert second.result() == 7
    assert memo("key", refuse) == 7
    assert computed == [1]


def test_nothing_is_a_result_too() -> None:
    memo = Memo(1)
    assert memo("key", lambda: None) is None
    assert memo("key", refuse) is None


def test_what_was_asked_for_longest_ago_is_dropped() -> None:
    memo = Memo(2)
    assert [memo(key, lambda key=key: f"first {key}") for key in "ab"] == ["first a", "first b"]
    assert memo("a", refuse) == "first a"
    assert memo("c", lambda: "first c") == "first c"  # in the place of b
    assert memo("a", refuse) == "first a"
    assert memo("b", lambda: "second b") == "second b"  # in the place of c
    assert memo("a", refuse) == "first a"
    assert memo("c", lambda: "second c") == "second c"


def test_a_result_may_need_others() -> None:
    memo = Memo(2)
    assert memo("sum", lambda: 1 + memo("part", lambda: 2)) == 3
    assert memo("part", refuse) == 2
    assert memo("sum", refuse) == 3


def test_a_result_that_is_dropped_while_it_is_computed_still_arrives() -> None:
    memo = Memo(1)
    assert memo("long", lambda: [memo(key, key.upper) for key in "ab"]) == ["A", "B"]


def test_all_can_be_forgotten() -> None:
    memo = Memo(2)
    memo("key", lambda: 1)
    memo.clear()
    assert memo("key", lambda: 2) == 2
