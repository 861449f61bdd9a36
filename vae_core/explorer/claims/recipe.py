"""Claim 7: the recipe as the blog prints it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ... import gaussian
from ...evaluation import expected_loss
from ..figures import add_line, draw, ellipse, figure, link_axes, mark, symbols, table
from ..models import LoadedModel
from ..view import TOLERANCE
from ..wording import nats
from .subject import Subject, cached, losses_at

__all__ = ["READINGS", "Printed", "Settled", "printed", "settled", "show", "verdict"]

Array = NDArray[np.floating]
Reading = Callable[[Array], Array]

# What the noise makes of the head s. The KL always reads it as log σ².
READINGS: dict[str, Reading] = {
    "both right: σ = exp(s/2)": lambda s: np.exp(0.5 * s),
    "noise 0.1 only: σ = 0.1 exp(s/2)": lambda s: 0.1 * np.exp(0.5 * s),
    "log σ for log σ² only: σ = exp(s)": np.exp,
    "the blog, both slips: σ = 0.1 exp(s)": lambda s: 0.1 * np.exp(s),
}
STDDEVS = np.geomspace(3e-3, 3.0, 49)
APART = 0.5  # nats: a bound that is off by less could be rounding


@dataclass(frozen=True)
class Printed:
    """The loss that the `blog` model prints for an image beside the bound of its q, in nats.

    Attributes:
        mean: of both q's, `(2,)`.
        sampled: stddev of the q it samples, `(2,)`.
        described: stddev of the q its KL describes, `(2,)`.
        loss: E over the sampled q of the loss.
        kl_sampled, kl_described: to the prior.
    """

    mean: Array
    sampled: Array
    described: Array
    loss: float
    kl_sampled: float
    kl_described: float

    @property
    def printed(self) -> float:
        return self.loss + self.kl_described

    @property
    def negative_elbo(self) -> float:
        return self.loss + self.kl_sampled


@dataclass(frozen=True)
class Settled:
    """Where one reading of the head would settle for an image and a decoder.

    Attributes:
        sampled, described: stddev of the q that is sampled, and that the KL describes.
        printed: the loss it prints, in nats.
        negative_elbo: of the q that is sampled.
    """

    sampled: float
    described: float
    printed: float
    negative_elbo: float


def printed(model: LoadedModel, x: Array) -> Printed:
    """The two q's of the blog's recipe for one image, and their terms."""
    network = model.network
    mean, sampled = network.encode(x[None])
    _, head = network.encode_raw(x[None])
    described = np.exp(0.5 * np.asarray(head, np.float64))
    loss = expected_loss(
        network, model.grid, x[None], mean, sampled, tolerance=TOLERANCE, max_order=32
    )
    return Printed(
        mean[0],
        sampled[0],
        described[0],
        float(loss.value[0]),
        float(gaussian.kl(mean, sampled)[0]),
        float(gaussian.kl(mean, described)[0]),
    )


def settled(model: LoadedModel, x: Array) -> dict[str, Settled]:
    """For each reading: the s that minimises what it prints, with one σ for both directions."""
    mean, _ = model.network.encode(x[None])
    losses = losses_at(model, x, _both(STDDEVS))
    result = {}
    for name, reading in READINGS.items():
        s = np.linspace(-12.0, 4.0, 1601)
        sampled = reading(s)
        inside = (sampled >= STDDEVS[0]) & (sampled <= STDDEVS[-1])
        s, sampled = s[inside], sampled[inside]
        loss = np.interp(np.log(sampled), np.log(STDDEVS), losses)
        described = np.exp(0.5 * s)
        best = int((loss + gaussian.kl(mean, _both(described))).argmin())
        result[name] = Settled(
            float(sampled[best]),
            float(described[best]),
            float(loss[best] + gaussian.kl(mean[0], _both(described)[best])),
            float(loss[best] + gaussian.kl(mean[0], _both(sampled)[best])),
        )
    return result


def _both(stddev: Array) -> Array:
    return np.repeat(stddev[:, None], 2, axis=1)


def verdict(found: Printed) -> str:
    """By how much the printed loss misses the bound, from the terms."""
    gap = found.negative_elbo - found.printed
    figures = (
        f"For this image it prints {found.printed:.2f} nats; the bound of the q it samples is "
        f"{found.negative_elbo:.2f}."
    )
    if gap > APART:
        return (
            f"{figures} **What it prints is {gap:.2f} nats too good: no bound of any q it uses.**"
        )
    if gap >= -APART:
        return f"{figures} **Not here:** the two slips happen to cancel to {abs(gap):.2f} nats."
    return f"{figures} **Not here:** what it prints is {-gap:.2f} nats too bad."


def show(subject: Subject) -> None:
    """Draws the experiment."""
    model = subject.other("blog")
    found = cached(printed, model, x=subject.x)
    colours = symbols()
    st.markdown(verdict(found))
    plane, terms = st.columns([2, 3])
    with plane:
        target = figure("z₁", "z₂")
        for stddev, name, colour in (
            (found.sampled, "q it samples, 2σ", colours["sample"]),
            (found.described, "q its KL describes, 2σ", colours["mean"]),
        ):
            outline = ellipse(found.mean, np.diag(stddev**2), 2.0)
            add_line(target, outline[:, 0], outline[:, 1], name, colour)
        mark(target, found.mean, "mean", colours["x"])
        link_axes(target, found.mean, 2.6 * float(found.described.max()))
        draw(
            target,
            f"Two ellipses around one mean: the sampled q with stddevs {_pair(found.sampled)} and "
            f"the described one with {_pair(found.described)}.",
            "figure-recipe",
        )
    with terms:
        table(
            ["nats", "what it prints", "bound of the sampled q"],
            [
                ["expected loss", nats(found.loss), nats(found.loss)],
                ["KL", nats(found.kl_described), nats(found.kl_sampled)],
                ["sum", nats(found.printed), nats(found.negative_elbo)],
                ["σ in the KL", _pair(found.described), _pair(found.sampled)],
            ],
        )
        st.markdown("**Each slip alone**, with s where this decoder's printed loss is least:")
        table(
            ["reading of the head s", "σ sampled", "σ in the KL", "prints", "−ELBO", "off by"],
            [
                [
                    name,
                    f"{one.sampled:.3f}",
                    f"{one.described:.3f}",
                    nats(one.printed),
                    nats(one.negative_elbo),
                    nats(one.negative_elbo - one.printed),
                ]
                for name, one in cached(settled, model, x=subject.x).items()
            ],
        )


def _pair(stddev: Array) -> str:
    return ", ".join(f"{value:.3f}" for value in stddev)
