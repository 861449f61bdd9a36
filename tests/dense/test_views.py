"""Every number of a random view lies where a dense lattice puts it, as near as the page says."""

import numpy as np
import pytest

from .evidence import plane
from .judging import EVIDENCE, complaints, judged, loaded
from .reference import NAMES, SETTLED, expected_loss, net
from .references import WITH_EVIDENCE, Stored
from .views import COUNT, KINDS, view

STORED = Stored()
THERE = np.flatnonzero(np.isfinite(STORED.value))
OFTEN = 7  # views of each model in every run, most of them with log p(x)
ANSWERED = 0.9  # of the pictures whose posterior lies within the plane of the codes


def chosen(count: int, seed: int) -> list[int]:
    """Some views of every model."""
    rng = np.random.default_rng(seed)
    found: list[int] = []
    for i in range(len(NAMES)):
        mine = THERE[THERE % len(NAMES) == i]
        first, others = mine[mine < WITH_EVIDENCE], mine[mine >= WITH_EVIDENCE]
        found += map(int, rng.choice(first, min(len(first), (count + 1) // 2), replace=False))
        found += map(int, rng.choice(others, min(len(others), count // 2), replace=False))
    return found


FEW = chosen(OFTEN, seed=0)


def test_the_views_are_of_all_kinds() -> None:
    few = [view(n) for n in FEW]
    assert {one.model for one in few} == set(NAMES)
    assert {one.kind for one in few} == set(KINDS)
    assert 0.1 < np.mean([one.scale == 1 for one in few]) < 0.6
    assert max(one.scale for one in few) > 2


def test_the_stored_values_are_of_these_views() -> None:
    assert {n: view(n).mark for n in FEW} == {n: int(STORED.mark[n]) for n in FEW}


def test_the_encoder_in_double_precision_gives_the_same_q() -> None:
    for n in FEW:
        one = view(n)
        mean, stddev = loaded(one.model).network.encode(one.x[None])
        assert mean[0] == pytest.approx(one.mean, rel=1e-5, abs=1e-5), n
        assert stddev[0] == pytest.approx(one.stddev, rel=1e-5), n


def test_a_few_views_show_what_dense_lattices_find() -> None:
    found = complaints([one for n in FEW for one in judged(n, STORED)])
    assert not found, f"Of {len(FEW)} views:\n{found}"


@pytest.mark.long
def test_all_views_show_what_dense_lattices_find() -> None:
    assert len(THERE) == COUNT
    numbers = [one for n in range(COUNT) for one in judged(n, STORED)]
    found = complaints(numbers)
    assert not found, f"Of {COUNT} views:\n{found}"
    answers = sum(one.name == EVIDENCE for one in numbers)
    assert answers >= ANSWERED * np.isfinite(STORED.evidence).sum(), answers


@pytest.mark.long
def test_the_stored_values_come_out_again() -> None:
    for n in chosen(4, seed=1):
        one = view(n)
        # On finer lattices; and without the tables of wide q's, another road to their values.
        value, error = expected_loss(net(one.model), one.x, one.mean, one.scaled, SETTLED / 2)
        assert abs(value - STORED.value[n]) <= error + STORED.error[n] + 1e-6, (n, value)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_the_stored_evidence_comes_out_again(name: str) -> None:
    there = np.flatnonzero(np.isfinite(STORED.evidence))
    mine = there[there % len(NAMES) == NAMES.index(name)]
    n = int(np.random.default_rng(2).choice(mine))
    value, error = plane(name).negative_log_evidence(view(n).x)
    assert abs(value - STORED.evidence[n]) <= error + 1e-6, n
