"""Claim 4: a q as narrow as a point has an infinite KL."""

import numpy as np
import streamlit as st

from ...arrays import Array
from ...experiments.balance import Balance, balance
from ...experiments.claim_4_point import (
    NEAR_ONE,
    Shrinking,
    codes_of,
    codes_sentence,
    rule,
    shrink,
    verdict,
    widened,
)
from ...experiments.phrases import bounded, significant
from ...experiments.subject import Subject
from ...inference.loaded_model import LoadedModel
from ...models.naming import spoken
from ..parts.equations import Step
from ..parts.figures import (
    add_histogram,
    add_line,
    draw,
    figure,
    label,
    link_axes,
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

MOST = 16.0  # nats that are drawn
EQUATION = (
    Step(
        "KL(q_c ‖ p) = & ½ ∑ ( μ^2 + c^2 σ^2 − 1 − ln(c^2 σ^2) )",
        "q with its σ multiplied by c: the KL to the prior, summed over the dimensions.",
    ),
    Step(
        '= & −2 ln c & + "what stays finite" & → ∞',
        "As c goes to 0, in two dimensions. So a point has an infinite −ELBO, whatever its loss.",
    ),
    Step(
        "loss(μ) & + {price:price of σ}(c) & + KL(q_c ‖ p)",
        "In between lies the c of the least −ELBO. To use a point, the KL has to be dropped.",
    ),
)


def show(subject: Subject) -> None:
    """Draws the experiment."""
    model = subject.model
    result = cached(shrink, model, x=subject.x)
    found = of_model(balance, model)
    ruled = rule(found, model.has_posterior)
    left, right = st.columns(2, gap="large")
    with left:
        beyond = cached(_widened, model, x=subject.x)
        _see_saw(result, beyond)
    with right:
        show_here(verdict(result, model.has_posterior, ruled.usual))
        show_rule(ruled.sentence)
        _many(result, found)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Without the KL: an autoencoder's codes, each dot a test image**")
        _codes(subject)
    with right:
        autoencoder = subject.other("autoencoder")
        say(
            codes_sentence(cached(codes_of, autoencoder, x=subject.x), spoken(autoencoder.metadata))
        )


def _widened(model: LoadedModel, x: Array) -> tuple[Array, Array, Array]:
    return widened(model, x, cached(shrink, model, x=x).unit)


def _see_saw(result: Shrinking, beyond: tuple[Array, Array, Array]) -> None:
    colours = symbols()
    rms = float(np.sqrt(np.mean(result.unit**2)))
    curves = zip((result.factor, result.loss, result.kl), beyond, strict=True)
    factor, loss, kl = (np.concatenate(both) for both in curves)
    keep = rms * factor >= 1e-3
    stddev, kl = rms * factor[keep], kl[keep]
    price = loss[keep] - result.at_mean
    target = figure("σ of q: c times the encoder's", "nats above the loss at the mean")
    log_axis(target, float(stddev[0]), float(stddev[-1]))
    low = min(-0.6, 1.1 * float(price.min()))
    target.update_yaxes(range=[low, MOST])
    # The sum lies on the KL where the price is nothing: thin over broad.
    add_line(target, stddev, kl, "KL", colours["kl"], symbol="kl", width=6, opacity=0.45)
    add_line(target, stddev, price, "price of σ", colours["price"], symbol="price")
    add_line(target, stddev, price + kl, "price + KL", colours["x"])
    if result.bound.inside:
        lowest = result.bound.value - result.at_mean
        at = rms * result.best
        mark(target, at, lowest, "least −ELBO", colours["x"])
        label(
            target,
            at,
            lowest,
            f"least at σ = {significant(at)}",
            colours["x"],
            yanchor="bottom",
            xanchor="center",
            shift=(0, 8),
        )
    vertical(target, rms, colours["stddev"], "stddev")
    label(
        target,
        rms,
        MOST,
        "the encoder's σ" if rms != 1 else "σ = 1",
        colours["stddev"],
        "stddev",
        xanchor="right" if rms > 0.3 else "left",
        yanchor="top",
        shift=(4, -2),
    )
    i = int(np.searchsorted(stddev, 3e-3)) if stddev[0] < 3e-3 else 0
    label(
        target,
        float(stddev[i]),
        float(min(kl[i], MOST)),
        "KL",
        colours["kl"],
        "kl",
        yanchor="top",
        shift=(0, -6),
    )
    over = np.flatnonzero(price > 0.72 * MOST)
    j = int(over[0]) if over.size else len(price) - 1
    label(
        target,
        float(stddev[j]),
        float(min(price[j], 0.72 * MOST)),
        "price of σ",
        colours["price"],
        "price",
        xanchor="left",
        shift=(8, 0),
    )
    draw(
        target,
        f"Price, KL and their sum against the stddev of q on a logarithmic axis; minus ELBO is "
        f"least, {bounded(result.bound.value, result.bound.error)} nats, at c = {result.best:.2g}"
        f"{'' if result.bound.inside else ' or beyond'}.",
        "figure-shrink",
    )


def _many(result: Shrinking, found: Balance) -> None:
    colours = symbols()
    edges = np.geomspace(1 / 64, 4, 25)
    target = figure("factor c of the least −ELBO", "images / %", height=220)
    log_axis(target, float(edges[0]), float(edges[-1]))
    add_histogram(target, found.factor, edges, "test images", colours["label"])
    for limit in NEAR_ONE:
        vertical(target, limit, colours["label"])
    counts, _ = np.histogram(np.clip(found.factor, edges[0], edges[-1]), edges)
    top = 100 * float(counts.max()) / len(found.factor)
    at = float(np.clip(result.best, edges[0], edges[-1]))
    vertical(target, at, colours["x"], dash="solid")
    label(
        target,
        at,
        top / 2,
        "this image",
        colours["x"],
        xanchor="left" if at < 0.4 else "right",
        shift=(4 if at < 0.4 else -4, 0),
    )
    target.update_yaxes(rangemode="tozero")
    draw(
        target,
        f"Factors of the least minus ELBO of {len(found.factor)} test images, median "
        f"{np.median(found.factor):.2g}; this image's is {result.best:.2g}.",
        "figure-factors",
    )


def _codes(subject: Subject) -> None:
    """The figure is the same for every image but for its mark."""
    model = subject.other("autoencoder")
    found = cached(codes_of, model, x=subject.x)
    colours = symbols()
    target = figure("z₁", "z₂")
    target.add_scatter(
        x=model.mean[::25, 0].astype(np.float32),
        y=model.mean[::25, 1].astype(np.float32),
        mode="markers",
        marker={"size": 4, "color": colours["second"], "opacity": 0.7},
        name="codes",
        hoverinfo="skip",
    )
    angle = np.linspace(0, 2 * np.pi, 97)
    add_line(
        target,
        3 * np.cos(angle),
        3 * np.sin(angle),
        "3 stddevs of the prior",
        colours["prior"],
        "dash",
    )
    mark(target, found.code[0], found.code[1], "this image", colours["mean"], "mean")
    low, high = np.quantile(model.mean, [0.005, 0.995], axis=0)
    link_axes(target, (low + high) / 2, 0.6 * float((high - low).max()))
    label(
        target,
        0,
        -3,
        "98.9 % of the prior",
        colours["prior"],
        xanchor="center",
        yanchor="top",
        shift=(0, -3),
    )
    label(target, found.code[0], found.code[1], "this image", colours["mean"], "mean", shift=(8, 0))
    draw(
        target,
        f"Codes of the autoencoder: {100 * found.beyond:.0f} percent lie beyond three stddevs of "
        "the prior.",
        "figure-codes",
    )


CLAIM = Claim(4, "4 A point", show, equation=EQUATION)
