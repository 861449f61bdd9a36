"""Loops in parts: every row once, in order, no more at once than allowed."""

import numpy as np
import pytest

from vae_core.arrays import POINTS_AT_ONCE, in_parts, parts

COUNTS = pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 511, 512, 513, 2000])
AT_ONCE = pytest.mark.parametrize("at_once", [1, 7, 8, POINTS_AT_ONCE])


@COUNTS
@AT_ONCE
def test_parts_cover_every_row_once(count: int, at_once: int) -> None:
    rows = np.arange(count)
    found = [rows[part] for part in parts(count, at_once)]
    assert np.array_equal(np.concatenate(found), rows)
    assert all(len(one) == at_once for one in found[:-1])
    assert 1 <= len(found[-1]) <= at_once


def test_of_nothing_there_are_no_parts() -> None:
    assert list(parts(0)) == []


def test_without_a_size_a_part_stays_in_the_processors_cache() -> None:
    assert next(parts(2000)) == slice(0, POINTS_AT_ONCE)


@COUNTS
@AT_ONCE
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_results_in_parts_are_those_of_the_whole(
    count: int, at_once: int, shape: tuple[int, ...], kind: type[np.floating]
) -> None:
    values = np.random.default_rng(0).normal(size=(count, *shape)).astype(kind)
    largest = 0

    def function(part: slice) -> np.ndarray:
        nonlocal largest
        largest = max(largest, len(values[part]))
        return 2 * values[part]

    found = in_parts(function, count, at_once)
    np.testing.assert_array_equal(found, 2 * values)
    assert found.dtype == kind
    assert largest == min(count, at_once)
