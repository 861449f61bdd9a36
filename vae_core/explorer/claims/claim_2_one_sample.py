"""Claim 2: one sample per image is enough for training."""

import numpy as np
import streamlit as st

from ...arrays import Array
from ...errors import InputError
from ...experiments.claim_2_one_sample import (
    BATCH,
    DRAWS,
    GRADIENTS,
    IMAGES,
    Spread,
    batches_sentence,
    gradient_sentence,
    history_sentence,
    routes_sentence,
    rule,
    spread,
    verdict,
)
from ...experiments.experiment import no_posterior
from ...experiments.gradient_record import WEIGHTS, load_gradients
from ...experiments.phrases import significant
from ...experiments.subject import Subject
from ...models.checkpoint import Metadata
from ...models.naming import heading, spoken
from ..parts.equations import Step
from ..parts.figures import add_line, draw, figure, label, log_axis, symbols
from ..parts.problems import show_problem
from ..parts.symbol_links import say
from ..parts.verdicts import show_here, show_rule, table
from ..server.library import load_model
from .caching import cached
from .claim import Claim

__all__ = ["CLAIM"]

TRAINING_IMAGES = 60_000
RUNS = ("sample", "sample-10")
EQUATION = (
    Step(
        "z = μ + σ ε , & ε ∼ N(0, I)",
        "The randomness is put into ε: μ and σ stand outside of it.",
    ),
    Step(
        "∇ E_(z∼q) ( loss(z) ) = & E_ε ( ∇ loss(μ + σ ε) )",
        "So the gradient goes through z to μ and σ, and one ε gives an estimate without bias.",
    ),
    Step(
        'Var(g) = & [ 1 // B ] ( V_("images") + [ V_ε // L ] )',
        "For batches of B images: more samples L shrink ε's part alone, more images both.",
    ),
)


def show(subject: Subject) -> None:
    """Draws the experiment."""
    model = subject.model
    if model.has_posterior:
        result = cached(spread, model, x=subject.x, seed=subject.seed)
        ruled = rule(result)
        left, right = st.columns(2, gap="large")
        with left:
            _losses(result)
        with right:
            show_here(verdict(result, spoken(model.metadata), ruled.usual))
            show_rule(ruled.sentence)
        st.markdown("**The gradient for this image, by one sample**")
        routes, words = st.columns(2, gap="large")
        with routes:
            _routes(result)
        with words:
            say(routes_sentence(result))
    else:
        st.info(no_posterior(model))
    left, right = st.columns(2, gap="large")
    with left:
        _gradients()
    with right:
        _histories()


def _routes(result: Spread) -> None:
    first, less, errors = result.ratio, result.baselined_ratio, result.variance_stderrs
    table(
        ["with respect to μ", "variance", "times"],
        [
            ["through z = μ + σε", _figure(result.pathwise, errors[0]), "1"],
            [
                "score function: through ln q",
                _figure(result.score, errors[1]),
                _figure(first.value, first.stderr),
            ],
            [
                "score function, less its mean loss",
                _figure(result.baselined, errors[2]),
                _figure(less.value, less.stderr),
            ],
        ],
    )


def _figure(value: float, stderr: float) -> str:
    """An estimate with one standard error; a dash for the ratio of two variances of 0."""
    if not np.isfinite(value):
        return "–"
    shown = f"{value:,.0f}" if value >= 100 else significant(value, 3)
    return f"{shown} ± {significant(stderr)}"


def _losses(result: Spread) -> None:
    colours = symbols()
    target = figure("loss / nats", "share per nat, logarithmic")
    target.update_yaxes(showticklabels=False, showgrid=False, type="log")
    tops = []
    for values, name, colour, symbol in (
        (result.between, f"{IMAGES:,} test images", colours["label"], ""),
        (result.losses, f"{DRAWS:,} samples", colours["sample"], "sample"),
    ):
        # Binned here: a browser need not get every loss.
        height, edges = np.histogram(values, bins=60, density=True)
        target.add_scatter(
            x=np.repeat(edges, 2)[1:-1],
            y=np.repeat(height, 2),
            name=name,
            meta=symbol or None,
            fill="tozeroy",
            mode="lines",
            line={"color": colour, "width": 1},
            hovertemplate=f"{name}<br>%{{x:.1f}} nats<extra></extra>",
        )
        tops.append((float(edges[height.argmax()]), float(height.max())))
    low, high = np.quantile(result.between, [0.002, 0.998])
    low, high = min(low, result.losses.min()), max(high, np.quantile(result.losses, 0.99))
    target.update_xaxes(range=[low, high])
    (_, top), (own, peak) = tops
    label(
        target,
        float(low),
        top,
        f"{IMAGES:,} test images, a sample each",
        colours["label"],
        yanchor="bottom",
        shift=(6, 6),
    )
    label(
        target,
        own,
        peak,
        f"{DRAWS:,} samples,<br>this image",
        colours["sample"],
        "sample",
        xanchor="left" if own < (low + high) / 2 else "right",
        shift=(10 if own < (low + high) / 2 else -10, -10),
    )
    draw(
        target,
        f"Distribution of one-sample losses of this image, stddev {result.within_stddev:.2f} nats, "
        f"over that of different images, stddev {result.between.std(ddof=1):.2f} nats.",
        "figure-losses",
    )


def _gradients() -> None:
    try:
        noise = load_gradients(GRADIENTS)
        name = spoken(load_model(noise.model).metadata)
    except InputError as error:
        show_problem(error)
        return
    at_start = st.toggle("Before training, not after", key="untrained", bind="query-params")
    weights = "start" if at_start else "trained"
    st.markdown(f"**The gradient of a batch of {BATCH}: what ε brings, {WEIGHTS[weights]}**")
    colours = symbols()
    target = figure("samples L", "ε's share of the variance / %")
    log_axis(target, 1, max(row.samples for row in noise.rows))
    for part, colour, symbol in (
        ("encoder", colours["first"], ""),
        ("decoder", colours["second"], ""),
    ):
        rows = [r for r in noise.rows if (r.weights, r.part) == (weights, part)]
        rows = [r for r in rows if r.batch_size == BATCH]
        share = np.array([100 * r.share for r in rows])
        add_line(target, np.array([r.samples for r in rows]), share, part, colour, symbol=symbol)
        label(target, rows[0].samples, float(share[0]), part, colour, shift=(8, 4))
    target.update_yaxes(rangemode="tozero")
    draw(
        target,
        f"Share of the minibatch gradient's variance of {name} that comes from epsilon, "
        "against samples L, for encoder and decoder.",
        "figure-gradients",
    )
    say(f"{gradient_sentence(noise, weights, name)} {batches_sentence(noise, weights)}")
    st.code(noise.command, language=None)


def _histories() -> None:
    try:
        runs = [load_model(name).metadata for name in RUNS]
    except InputError as error:
        show_problem(error)
        return
    by_decoded = st.toggle("Against decoded samples, not steps", key="decoded", bind="query-params")
    st.markdown("**Whole trainings, one run each**")
    colours = symbols()
    title = "decoded samples / million" if by_decoded else "epochs of equally many steps"
    target = figure(title, "−ELBO, test images / nats")
    curves = [_history(metadata, by_decoded) for metadata in runs]
    first, last = (
        pick([float(work[i]) for work, _ in curves]) for pick, i in ((min, 0), (max, -1))
    )
    log_axis(target, first, last)
    for metadata, (work, loss), colour, up in zip(
        runs, curves, (colours["first"], colours["second"]), (False, True), strict=True
    ):
        add_line(target, work, loss, heading(metadata), colour)
        place = len(work) // 3 if by_decoded else len(work) // 12
        label(
            target,
            float(work[place]),
            float(loss[place]),
            heading(metadata),
            colour,
            xanchor="left" if up else "right",
            yanchor="bottom" if up else "top",
            shift=(4, 4) if up else (-4, -4),
        )
    target.update_yaxes(range=[148, 185])
    draw(
        target,
        "Minus ELBO on the test images during training with one and with ten samples per image, "
        f"against {title}.",
        "figure-histories",
    )
    say(history_sentence((runs[0], runs[1]), (spoken(runs[0]), spoken(runs[1]))))


def _history(metadata: Metadata, by_decoded: bool) -> tuple[Array, Array]:
    loss = np.array(metadata.history["test_loss"], np.float64)
    work = np.arange(1.0, len(loss) + 1)
    if by_decoded:
        work *= TRAINING_IMAGES / 1e6 * metadata.training.samples
    return work, loss


CLAIM = Claim(2, "2 One is enough", show, equation=EQUATION, follows_seed=True)
