"""Claim 9: where price and KL balance, the price is about half a nat a dimension."""

import numpy as np
import streamlit as st

from ...experiments.balance import Balance, balance
from ...experiments.claim_9_one_nat import Slopes, rule, slopes, verdict
from ...experiments.phrases import significant
from ...experiments.prediction import predicts_price
from ...experiments.quantity import nats
from ...experiments.subject import Subject
from ...models.naming import spoken
from ..parts.equations import Step
from ..parts.figures import (
    add_histogram,
    add_line,
    draw,
    figure,
    label,
    log_axis,
    mark,
    symbols,
    vertical,
)
from ..parts.symbol_links import say
from ..parts.verdicts import show_here, show_rule
from .caching import cached, of_model
from .claim import Claim

__all__ = ["CLAIM"]

MOST = 5.0  # nats that are drawn
EQUATION = (
    Step(
        "[ d // d ln c ] KL = & tr Σ − d",
        "With q's σ multiplied by c: the KL falls by d nats per factor e, less what q is wide; "
        "Σ is diag σ², d the number of dimensions.",
    ),
    Step(
        "[ d // d ln c ] price = & d − tr Σ",
        "Where price + KL is least, the two slopes balance: exactly.",
    ),
    Step(
        "price ∝ c^2 : & [ d // d ln c ] price = 2 price",
        "For a small σ the loss around μ is a parabola.",
    ),
    Step(
        "price = & ½ (d − tr Σ) & ≈ [ d // 2 ]",
        "Half a nat for each dimension in which q is narrow: one nat in two.",
    ),
)


def show(subject: Subject) -> None:
    """Draws the experiment."""
    model = subject.model
    result = cached(slopes, model, x=subject.x)
    name = spoken(model.metadata)
    left, right = st.columns(2, gap="large")
    found = of_model(balance, model)
    ruled = rule(found, name)
    with left:
        _slopes(result)
        say(
            "Where the two slopes cross, −ELBO is least: to the left the KL gains more from a "
            "wider q, to the right the price loses more."
        )
    with right:
        show_here(verdict(result, ruled.usual))
        show_rule(ruled.sentence)
        test = model.metadata.test
        if predicts_price(model.metadata) and test.get("predicted_price") is not None:
            say(
                f"With the encoder's own σ, averaged over {len(model.mean):,} test images: the "
                f"price is {nats(test['jensen_gap'])} nats, (d − tr Σ)/2 is "
                f"{nats(test['predicted_price'])}."
            )
        _many(result, found)


def _slopes(result: Slopes) -> None:
    colours = symbols()
    target = figure("σ of q: √(tr Σ/d) along c·σ", "nats per factor e of σ; nats", height=420)
    log_axis(target, float(result.stddev[0]), float(result.stddev[-1]))
    target.update_yaxes(range=[min(-0.2, float(result.rising.min())), MOST])
    add_line(
        target,
        result.stddev,
        result.falling,
        "slope by which the KL falls",
        colours["kl"],
        symbol="kl",
    )
    add_line(
        target,
        result.stddev,
        result.rising,
        "slope by which the price rises",
        colours["price"],
        symbol="price",
    )
    add_line(
        target, result.stddev, result.price, "price of σ", colours["price"], "dot", symbol="price"
    )
    if result.inside:
        vertical(target, result.best, colours["stddev"], "stddev")
        mark(target, result.best, 2 * result.half_slope, "balance", colours["x"])
        mark(target, result.best, result.best_price[0], "price there", colours["price"], "price")
        label(
            target,
            result.best,
            MOST,
            f"least −ELBO: σ = {significant(result.best)}",
            colours["stddev"],
            "stddev",
            yanchor="top",
            xanchor="right",
            shift=(-4, -2),
        )
        label(
            target,
            result.best,
            result.best_price[0],
            f"price {nats(result.best_price[0])}",
            colours["price"],
            "price",
            yanchor="top",
            shift=(8, -4),
        )
    label(
        target,
        float(result.stddev[0]),
        float(result.falling[0]),
        "slope by which the KL falls: d − tr Σ",
        colours["kl"],
        "kl",
        yanchor="bottom",
        shift=(4, 3),
    )
    for curve, text, level, side in (
        (result.rising, "slope of the price", 3.4, "right"),
        (result.price, "the price: half of it", 2.6, "left"),
    ):
        over = np.flatnonzero(curve > level)
        if over.size:
            label(
                target,
                float(result.stddev[over[0]]),
                level,
                text,
                colours["price"],
                "price",
                xanchor=side,
                shift=(-8 if side == "right" else 8, 0),
            )
    draw(
        target,
        "Slopes of price and KL against the stddev of q on a logarithmic axis; they balance at "
        f"{result.best:.2g}, where the price is {result.best_price[0]:.2f} nats.",
        "figure-slopes",
    )


def _many(result: Slopes, found: Balance) -> None:
    colours = symbols()
    edges = np.linspace(0, 2, 21)
    price = found.price[found.inside]
    target = figure("price at the least −ELBO / nats", "images / %", height=220)
    add_histogram(target, price, edges, "test images", colours["label"])
    counts, _ = np.histogram(np.clip(price, 0, 2), edges)
    top = 100 * float(counts.max()) / max(len(price), 1)
    vertical(target, 1.0, colours["kl"], "kl")
    at = float(np.clip(result.best_price[0], 0, 2))
    vertical(target, at, colours["price"], "price", "solid")
    left = at < 1
    label(
        target,
        at,
        0.7 * top,
        "this image",
        colours["price"],
        "price",
        xanchor="right" if left else "left",
        shift=(-4 if left else 4, 0),
    )
    label(
        target,
        1.0,
        0.95 * top,
        "d/2 = 1",
        colours["kl"],
        "kl",
        xanchor="left" if left else "right",
        shift=(4 if left else -4, 0),
    )
    target.update_xaxes(range=[0, 2])
    target.update_yaxes(rangemode="tozero")
    draw(
        target,
        f"Price at the least minus ELBO of {len(price)} test images, median "
        f"{np.median(price) if len(price) else 0:.2f} nats; this image's is "
        f"{result.best_price[0]:.2f}.",
        "figure-prices",
    )


CLAIM = Claim(9, "9 One nat", show, equation=EQUATION)
