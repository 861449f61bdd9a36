"""Claim 2: one sample per image is enough for training."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ... import gaussian
from ...checkpoint import Metadata
from ...data import ASSETS
from ...errors import InputError
from ...gradient_estimators import pathwise, score_function
from ...gradient_record import GradientNoise, load_gradients
from ..figures import add_line, draw, figure, symbols, table
from ..models import LoadedModel, load_model
from ..view import draw_epsilon
from .subject import Subject, cached, no_posterior

__all__ = ["GRADIENTS", "Spread", "gradient_sentence", "show", "spread", "verdict"]

Array = NDArray[np.floating]

GRADIENTS = ASSETS / "experiments" / "gradients.json"
DRAWS = 1024
IMAGES = 1000  # test images whose losses are compared
AT_ONCE = 512
TRAINING_IMAGES = 60_000
BATCH = 100  # of the sentences
MANY = 10  # L of the sentences


@dataclass(frozen=True)
class Spread:
    """How much one-sample losses and gradients vary.

    Attributes:
        losses: of one image at `DRAWS` samples, in nats.
        between: one-sample losses of test images, in nats.
        pathwise, score: trace of the variance of one sample's gradient with respect to the mean.
    """

    losses: Array
    between: Array
    pathwise: float
    score: float

    @property
    def within_stddev(self) -> float:
        return float(self.losses.std(ddof=1))

    @property
    def between_stddev(self) -> float:
        return float(self.between.std(ddof=1))


@st.cache_resource(max_entries=16, show_spinner=False)
def _between(fingerprint: str, _model: LoadedModel) -> Array:
    """One-sample losses of the first test images, each with a draw of its own."""
    x = _model.test.pixels(slice(0, IMAGES))
    z = _model.mean[:IMAGES] + _model.stddev[:IMAGES] * draw_epsilon(0, len(x))
    return _model.network.reconstruction_loss(x, z)


def spread(model: LoadedModel, x: Array, seed: int) -> Spread:
    """Losses and gradients at samples of one image's q, and losses of other images."""
    network = model.network
    mean, stddev = (values[0] for values in network.encode(x[None]))
    epsilon = draw_epsilon(seed, DRAWS)
    z = gaussian.reparameterize(mean, stddev, epsilon)
    losses, slopes = [], []
    for start in range(0, DRAWS, AT_ONCE):
        part = z[start : start + AT_ONCE]
        losses.append(network.reconstruction_loss(x, part))
        slopes.append(network.loss_gradient(x, part))
    loss = np.concatenate(losses).astype(np.float64)
    through, _ = pathwise(np.concatenate(slopes), epsilon, stddev)
    score, _ = score_function(loss, epsilon, stddev)
    return Spread(
        loss,
        _between(model.fingerprint, model),
        float(through.var(axis=0, ddof=1).sum()),
        float(score.var(axis=0, ddof=1).sum()),
    )


def verdict(result: Spread) -> str:
    """Whether the sample's noise is small against what the choice of images brings."""
    within, between = result.within_stddev, result.between_stddev
    figures = (
        f"One-sample losses of this image have a stddev of {within:.2f} nats, losses of different "
        f"images one of {between:.1f}."
    )
    if within < 0.2 * between:
        return (
            f"{figures} **Which images are in the batch matters {between / within:.0f} times as "
            "much as which sample each of them gets.**"
        )
    return (
        f"{figures} **Not here:** the q of this model is so wide for this image that its sample "
        f"matters {within / between:.2f} times as much as the choice of images."
    )


def gradient_sentence(noise: GradientNoise, weights: str = "trained") -> str:
    """What ten samples would save of the gradient's variance, from the measurement."""
    parts = []
    for part in ("encoder", "decoder"):
        one, many = (noise.row(weights, part, BATCH, samples) for samples in (1, MANY))
        parts.append(
            f"{100 * one.share:.0f} % for the {part} (± {100 * one.share_stderr:.0f}), and "
            f"{MANY} samples would lower its variance by {100 * (1 - many.total / one.total):.0f} %"
        )
    return (
        f"In batches of {BATCH} images, ε brings {'; '.join(parts)}. "
        f"{MANY} samples cost {MANY} decodings; ten times as many images lower all of it tenfold."
    )


def show(subject: Subject) -> None:
    """Draws the experiment."""
    model = subject.model
    if model.network.has_posterior:
        result = cached(spread, model, x=subject.x, seed=subject.seed)
        st.markdown(verdict(result))
        columns = st.columns(2)
        with columns[0]:
            _losses(result)
        with columns[1]:
            st.markdown("**Two estimates of the gradient, one sample each, this image**")
            table(
                ["with respect to the mean of q", "variance"],
                [
                    ["pathwise: through the sample z = μ + σε", _figure(result.pathwise)],
                    ["score function: through ln q", _figure(result.score)],
                    ["ratio", _figure(result.score / result.pathwise)],
                ],
            )
            st.caption(
                "Only the pathwise estimate makes one sample enough: that is what the "
                "reparameterisation is for."
            )
    else:
        st.info(no_posterior(model))
    columns = st.columns(2)
    with columns[0]:
        _gradients()
    with columns[1]:
        _histories()


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def _losses(result: Spread) -> None:
    colours = symbols()
    target = figure("loss / nats", "share per nat", height=300)
    for values, name, colour in (
        (result.between, f"{IMAGES} test images", colours["quiet"]),
        (result.losses, f"{DRAWS} samples, this image", colours["sample"]),
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
        f"over that of different images, stddev {result.between_stddev:.1f} nats.",
        "figure-losses",
    )


def _gradients() -> None:
    try:
        noise = load_gradients(GRADIENTS)
    except InputError as error:
        st.error(str(error))
        return
    at_start = st.toggle("Before training, not after", key="untrained", bind="query-params")
    weights = "start" if at_start else "trained"
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
        "Share of the minibatch gradient's variance that comes from epsilon, against samples L, "
        "for encoder and decoder and for three batch sizes.",
        "figure-gradients",
    )
    st.caption(gradient_sentence(noise, weights))
    st.code(noise.command, language=None)


def _histories() -> None:
    try:
        runs = [load_model(name).metadata for name in ("sample", "sample-10")]
    except InputError as error:
        st.error(str(error))
        return
    by_decoded = st.toggle("Against decoded samples, not steps", key="decoded", bind="query-params")
    colours = symbols()
    title = "decoded samples / million" if by_decoded else "epochs of equally many steps"
    target = figure(title, "−ELBO, test images / nats", log_x=True)
    for metadata, colour, dash in zip(
        runs, (colours["sample"], colours["x"]), ("solid", "dash"), strict=True
    ):
        work, loss = _history(metadata, by_decoded)
        add_line(target, work, loss, f"L = {metadata.training.samples}", colour, dash)
    target.update_yaxes(range=[148, 185])
    draw(
        target,
        "Minus ELBO on the test images during training with one and with ten samples per image, "
        f"against {title}.",
        "figure-histories",
    )
    last = [float(metadata.history["test_loss"][-1]) for metadata in runs]
    work, _ = _history(runs[0], by_decoded=True)
    as_many = float(np.interp(work[-1], *_history(runs[1], by_decoded=True)))
    draws = [metadata.training.samples for metadata in runs]
    st.caption(
        f"At equal steps L = {draws[0]} ends at {last[0]:.2f} nats and L = {draws[1]} at "
        f"{last[1]:.2f}. After as many decoded samples as L = {draws[0]} took in all, "
        f"L = {draws[1]} stood at {as_many:.2f}."
    )


def _history(metadata: Metadata, by_decoded: bool) -> tuple[Array, Array]:
    loss = np.array(metadata.history["test_loss"], np.float64)
    work = np.arange(1.0, len(loss) + 1)
    if by_decoded:
        work *= TRAINING_IMAGES / 1e6 * metadata.training.samples
    return work, loss
