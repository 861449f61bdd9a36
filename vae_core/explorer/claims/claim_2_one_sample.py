"""Claim 2: one sample per image is enough for training."""

import numpy as np
import streamlit as st

from ...arrays import Array
from ...errors import InputError
from ...experiments.claim_2_one_sample import (
    DRAWS,
    GRADIENTS,
    IMAGES,
    Spread,
    gradient_sentence,
    history_sentence,
    routes_sentence,
    spread,
    verdict,
)
from ...experiments.experiment import no_posterior
from ...experiments.gradient_record import WEIGHTS, load_gradients
from ...experiments.phrases import significant
from ...experiments.subject import Subject
from ...models.checkpoint import Metadata
from ..parts.figures import add_line, draw, figure, symbols, table
from ..parts.problems import show_problem
from ..server.library import load_model
from .caching import cached
from .claim import Claim

__all__ = ["CLAIM"]

TRAINING_IMAGES = 60_000
RUNS = ("sample", "sample-10")


def show(subject: Subject) -> None:
    """Draws the experiment."""
    model = subject.model
    if model.has_posterior:
        result = cached(spread, model, x=subject.x, seed=subject.seed)
        st.markdown(verdict(result, model.name))
        columns = st.columns(2)
        with columns[0]:
            st.markdown("**One-sample losses**")
            _losses(result)
        with columns[1]:
            st.markdown("**Estimates of the gradient, one sample each, this image**")
            first, less, errors = result.ratio, result.baselined_ratio, result.variance_stderrs
            table(
                ["with respect to the mean of q", "variance", "times"],
                [
                    [
                        "pathwise: through the sample z = μ + σε",
                        _figure(result.pathwise, errors[0]),
                        "1",
                    ],
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
            st.caption(routes_sentence(result))
    else:
        st.info(no_posterior(model))
    columns = st.columns(2)
    with columns[0]:
        _gradients()
    with columns[1]:
        _histories()


def _figure(value: float, stderr: float) -> str:
    """An estimate with one standard error; a dash for the ratio of two variances of 0."""
    if not np.isfinite(value):
        return "–"
    shown = f"{value:,.0f}" if value >= 100 else significant(value, 3)
    return f"{shown} ± {significant(stderr)}"


def _losses(result: Spread) -> None:
    colours = symbols()
    target = figure("loss / nats", "share per nat", height=300)
    for values, name, colour in (
        (result.between, f"{IMAGES:,} test images, a sample each", colours["quiet"]),
        (result.losses, f"{DRAWS:,} samples, this image", colours["sample"]),
    ):
        # Binned here: a browser need not get every loss.
        height, edges = np.histogram(values, bins=60, density=True)
        target.add_scatter(
            x=np.repeat(edges, 2)[1:-1],
            y=np.repeat(height, 2),
            name=name,
            fill="tozeroy",
            mode="lines",
            line={"color": colour, "width": 1},
            hovertemplate=f"{name}<br>%{{x:.1f}} nats<extra></extra>",
        )
    low, high = np.quantile(result.between, [0.002, 0.998])
    low, high = min(low, result.losses.min()), max(high, np.quantile(result.losses, 0.99))
    target.update_xaxes(range=[low, high])
    target.update_yaxes(showticklabels=False, type="log")
    draw(
        target,
        f"Distribution of one-sample losses of this image, stddev {result.within_stddev:.2f} nats, "
        f"over that of different images, stddev {result.between.std(ddof=1):.2f} nats.",
        "figure-losses",
    )


def _gradients() -> None:
    try:
        noise = load_gradients(GRADIENTS)
    except InputError as error:
        show_problem(error)
        return
    at_start = st.toggle("Before training, not after", key="untrained", bind="query-params")
    weights = "start" if at_start else "trained"
    st.markdown(f"**The gradient of a minibatch, `{noise.model}`, {WEIGHTS[weights]}**")
    colours = symbols()
    target = figure("samples L", "ε's share of the variance / %", log_x=True)
    for part, colour in (("encoder", colours["mean"]), ("decoder", colours["sample"])):
        for size, dash in zip(noise.batches, ("dot", "solid", "dash"), strict=True):
            rows = [r for r in noise.rows if (r.weights, r.part) == (weights, part)]
            rows = [r for r in rows if r.batch_size == size]
            add_line(
                target,
                np.array([r.samples for r in rows]),
                np.array([100 * r.share for r in rows]),
                f"{part}, {size} images",
                colour,
                dash,
            )
    target.update_yaxes(rangemode="tozero")
    draw(
        target,
        f"Share of the minibatch gradient's variance of {noise.model} that comes from epsilon, "
        "against samples L, for encoder and decoder and for three batch sizes.",
        "figure-gradients",
    )
    st.caption(gradient_sentence(noise, weights))
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
    target = figure(title, "−ELBO, test images / nats", log_x=True)
    for name, metadata, colour, dash in zip(
        RUNS, runs, (colours["sample"], colours["x"]), ("solid", "dash"), strict=True
    ):
        work, loss = _history(metadata, by_decoded)
        add_line(target, work, loss, f"{name}, L = {metadata.training.samples}", colour, dash)
    target.update_yaxes(range=[148, 185])
    draw(
        target,
        "Minus ELBO on the test images during training with one and with ten samples per image, "
        f"against {title}.",
        "figure-histories",
    )
    st.caption(history_sentence((runs[0], runs[1]), RUNS))


def _history(metadata: Metadata, by_decoded: bool) -> tuple[Array, Array]:
    loss = np.array(metadata.history["test_loss"], np.float64)
    work = np.arange(1.0, len(loss) + 1)
    if by_decoded:
        work *= TRAINING_IMAGES / 1e6 * metadata.training.samples
    return work, loss


CLAIM = Claim(2, "2 One is enough", show)
