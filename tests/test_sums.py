"""Numbers that are parts of a sum add up in the digits shown, over random views of every kind."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from vae_core.experiments import View, compute_view
from vae_core.experiments.quantity import remainder
from vae_core.experiments.wording import numbers
from vae_core.maths.estimators import Estimate

from .explore_page import choices, loaded
from .seldom import seldom

MADE = 2000
COMPUTED, OFTEN = 240, 80  # views; the first of them in every run
UNIT = Decimal("0.01")
PARTS = ("loss_at_mean", "price", "kl")
NAMES = ("sample", "sample-10", "blog", "autoencoder", "mean")


def made_views() -> Iterator[View]:
    """One view with other numbers: of any size, of any sign, infinite, or without an answer."""
    random = np.random.default_rng(3)
    at = compute_view(loaded("sample"), choices())
    for i in range(MADE):
        loss, price, kl, slack = 10 ** random.uniform(-3, 4, 4) * [1, random.choice([-1, 1]), 1, 1]
        evidence = loss + price + kl - slack
        changes = {"kl": math.inf} if i % 7 == 3 else {"kl": float(kl)}
        if i % 11 == 4:
            evidence = math.nan
        yield replace(
            at,
            **changes,
            loss_at_mean=float(loss),
            stddev=np.zeros(2) if i % 13 == 5 else at.stddev,
            expected_loss=Estimate(np.array([loss + price]), random.uniform(0, 0.02, 1)),
            evidence=replace(at.evidence, log_evidence=np.array([-evidence])),
        )


def computed_views(count: int) -> Iterator[View]:
    random = np.random.default_rng(4)
    for i in range(count):
        name = NAMES[i % len(NAMES) if i % 50 < 45 else 0]
        far = (50.0, -50.0) if i % 40 == 20 else tuple(random.normal(0, 1.5, 2).tolist())
        chosen = choices(
            image=int(random.integers(10_000)),
            z=far if i % 4 == 0 else None,
            k=int(random.integers(1, 20)),
            scale=float(random.choice([0.0, 0.05, 0.5, 1.0, 1.3])),
            seed=i,
        )
        yield compute_view(loaded(name), chosen)


def number(text: str) -> Decimal | None:
    """What is shown as a number; None for words and infinity."""
    try:
        return Decimal(text.replace("−", "-"))
    except ArithmeticError:
        return None


def judge(view: View, seen: Counter[str]) -> None:
    rows = {row.key: row for row in view.rows()}
    shown = {key: number(row.shown) for key, row in rows.items()}
    parts, total = [shown[key] for key in PARTS], shown["negative_elbo"]
    sums = all(part is not None for part in parts) and total is not None
    seen["sum" if sums else f"{rows['price'].shown[:2]} + {rows['kl'].shown[:1]}"] += 1
    if sums:
        assert sum(part for part in parts if part is not None) == total
    evidence, slack = shown["negative_log_evidence"], shown["slack"]
    if total is not None and evidence is not None:
        assert total - evidence == slack
        seen["slack"] += 1
    else:
        assert slack is None
        assert rows["slack"].shown == ("∞" if evidence is not None else "not answered")
        seen[rows["slack"].shown] += 1
    for key, row in rows.items():
        told = shown[key]
        if told is None:
            continue
        own = Decimal(f"{row.value:.2f}")
        assert told == own or (key in ("loss_at_mean", "slack") and abs(told - own) == UNIT), key
        seen["moved"] += told != own
        if key == "loss_at_mean" and not sums:
            assert told == own
        # Judged before rounding: what is shown changes neither value nor error.
        assert row.certainty == replace(row, closing=math.nan).certainty
    assert rows["loss_at_mean"].value == view.loss_at_mean
    assert [cells["value"] for cells in numbers(view)] == [
        row.shown for row in rows.values() if not row.beside
    ]


def test_sums_close_whatever_the_numbers() -> None:
    seen: Counter[str] = Counter()
    for view in made_views():
        judge(view, seen)
    assert seen["moved"] > MADE / 10
    assert min(seen["∞"], seen["not answered"], seen["slack"]) > MADE / 30


@pytest.mark.parametrize("count", seldom([OFTEN, COMPUTED], (OFTEN,)))
def test_sums_close_in_views_that_are_computed(count: int) -> None:
    seen: Counter[str] = Counter()
    for view in computed_views(count):
        judge(view, seen)
    assert set(seen) == {"sum", "0. + ∞", "no + ∞", "slack", "∞", "not answered", "moved"}
    assert seen["sum"] > count / 2


@pytest.mark.parametrize(
    ("total", "parts", "left"),
    [(155.966, (1.288, 6.249), 148.43), (10.004, (3.336, 3.336), 3.32), (-1.0, (2.0,), -3.0)],
)
def test_a_remainder_is_what_the_rounded_parts_leave(
    total: float, parts: tuple[float, ...], left: float
) -> None:
    assert remainder(total, *parts) == pytest.approx(left, abs=1e-9)
    assert math.isnan(remainder(math.inf, math.inf))
