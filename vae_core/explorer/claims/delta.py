"""Claim 4: a q as narrow as a point has an infinite KL."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ... import gaussian
from ...evaluation import expected_loss
from ..figures import add_line, draw, figure, link_axes, mark, symbols
from ..models import LoadedModel
from ..view import TOLERANCE
from .subject import Subject, cached, losses_at

__all__ = ["Codes", "Shrinking", "codes_of", "show", "shrink", "verdict"]

Array = NDArray[np.floating]

FACTORS = np.geomspace(1e-4, 2.0, 61)
SMALL = 0.01  # below it the KL is a straight line in ln c
FLAT = 0.01  # nats: differences of the loss below it are no minimum
NEAR_ONE = (0.5, 2.0)  # where the best factor of a q that fits lies


@dataclass(frozen=True)
class Shrinking:
    """One image's q with its stddev multiplied by c, in nats.

    Attributes:
        factor: c, `(factors,)`, rising.
        loss: E_q[loss] at each c.
        kl: KL to the prior at each c.
    """

    factor: Array
    loss: Array
    kl: Array

    @property
    def negative_elbo(self) -> Array:
        return self.loss + self.kl

    @property
    def slope(self) -> float:
        """Of the KL against ln c, for small c: -2 for two dimensions."""
        small = self.factor < SMALL
        return float(np.polyfit(np.log(self.factor[small]), self.kl[small], 1)[0])

    @property
    def best(self) -> float:
        """The factor of the least -ELBO, by a parabola through the lowest points."""
        return _lowest(self.factor, self.negative_elbo)


@dataclass(frozen=True)
class Codes:
    """Where an autoencoder puts images, and what noise of stddev 1 would do to one.

    Attributes:
        spread: stddev of the codes over the test images, `(2,)`.
        code: of the image, `(2,)`.
        beyond: share of codes more than 3 from the origin; of the prior, 1.1 %.
        loss: at the image's code.
        loss_with_noise: averaged over N(code, I).
    """

    spread: Array
    code: Array
    beyond: float
    loss: float
    loss_with_noise: float


def shrink(model: LoadedModel, x: Array) -> Shrinking:
    """Loss and KL as q shrinks; a model without a q starts from stddev 1."""
    mean, stddev = model.network.encode(x[None])
    unit = stddev[0] if model.network.has_posterior else np.ones(2)
    stddevs = FACTORS[:, None] * unit
    return Shrinking(FACTORS, losses_at(model, x, stddevs), gaussian.kl(mean, stddevs))


def codes_of(model: LoadedModel, x: Array) -> Codes:
    """The codes of a model, and the loss around that of one image."""
    mean, _ = model.network.encode(x[None])
    noisy = expected_loss(
        model.network, model.grid, x[None], mean, np.ones((1, 2)), tolerance=TOLERANCE
    )
    return Codes(
        spread=model.mean.std(axis=0),
        code=mean[0],
        beyond=float(np.mean(np.hypot(*model.mean.T) > 3.0)),
        loss=float(model.network.reconstruction_loss(x, mean[0])),
        loss_with_noise=float(noisy.value[0]),
    )


def _lowest(factor: Array, values: Array) -> float:
    i = int(values.argmin())
    if not 0 < i < len(values) - 1:
        return float(factor[i])
    near = slice(i - 1, i + 2)
    a, b, _ = np.polyfit(np.log(factor[near]), values[near], 2)
    return float(np.exp(-b / (2 * a))) if a > 0 else float(factor[i])


def verdict(result: Shrinking, has_posterior: bool) -> str:
    """Where the bound and the loss alone would put c, from the curves."""
    kl = f"The KL rises by {abs(result.slope):.2f} nats for each factor e by which q shrinks"
    lowest = int(result.loss.argmin())
    if result.loss[0] - result.loss[lowest] < FLAT:
        loss = "the loss alone is least at c = 0"
    else:
        loss = f"the loss alone is least at c = {result.factor[lowest]:.2g}"
    if not has_posterior:
        return (
            f"{kl}; {loss}. This model was trained without the KL: **nothing stops c from going "
            "to 0, so its q is a point.**"
        )
    best = result.best
    if best >= result.factor[-1]:
        return (
            f"{kl}, {loss}, and −ELBO still falls at c = {best:.2g}. **Not here:** this encoder "
            "is more certain of the image's z than its bound asks for."
        )
    if NEAR_ONE[0] <= best <= NEAR_ONE[1]:
        return (
            f"{kl}, {loss}, and −ELBO is least at c = {best:.2f}: **the encoder's own σ is about "
            "the best, and a point would cost infinitely much.**"
        )
    return (
        f"{kl}, {loss}, and −ELBO is least at c = {best:.2g}. **Not here:** the σ that this "
        "encoder gives the image is not the one that its bound asks for."
    )


def show(subject: Subject) -> None:
    """Draws the experiment."""
    model = subject.model
    result = cached(shrink, model, x=subject.x)
    colours = symbols()
    st.markdown(verdict(result, model.network.has_posterior))
    curves, codes = st.columns([3, 2])
    with curves:
        target = figure("factor c on the stddev of q", "nats above the loss at c = 0", log_x=True)
        base = float(result.loss[0])  # c = 1e-4: the curves would hide below a loss of 150
        add_line(target, result.factor, result.loss - base, "expected loss", colours["sample"])
        add_line(target, result.factor, result.kl, "KL", colours["prior"])
        add_line(target, result.factor, result.negative_elbo - base, "−ELBO", colours["x"])
        lowest = float(result.negative_elbo.min())
        mark(target, np.array([result.best, lowest - base]), "least −ELBO", colours["x"])
        target.update_yaxes(range=[-1, 1.1 * float(result.kl[0])])
        draw(
            target,
            f"Expected loss, KL and minus ELBO against the factor c on a logarithmic axis; minus "
            f"ELBO is least, {lowest:.1f} nats, at c = {result.best:.2f}.",
            "figure-shrink",
        )
    with codes:
        _codes(subject)


def _codes(subject: Subject) -> None:
    """The figure is the same for every image, so that it stays where it is."""
    model = subject.other("autoencoder")
    found = cached(codes_of, model, x=subject.x)
    colours = symbols()
    target = figure("z₁", "z₂")
    target.add_scatter(
        x=model.mean[::25, 0].astype(np.float32),
        y=model.mean[::25, 1].astype(np.float32),
        mode="markers",
        marker={"size": 2, "color": colours["quiet"]},
        name="codes",
        hoverinfo="skip",
    )
    angle = np.linspace(0, 2 * np.pi, 97)
    add_line(target, 3 * np.cos(angle), 3 * np.sin(angle), "prior, 3σ", colours["prior"], "dash")
    low, high = np.quantile(model.mean, [0.005, 0.995], axis=0)
    link_axes(target, (low + high) / 2, 0.6 * float((high - low).max()))
    draw(
        target,
        f"Codes of the autoencoder: {100 * found.beyond:.0f} percent lie beyond three stddevs of "
        "the prior.",
        "figure-codes",
    )
    st.caption(
        f"`autoencoder`, no KL: codes spread with stddevs {found.spread[0]:.1f} and "
        f"{found.spread[1]:.1f}, {100 * found.beyond:.0f} % beyond 3 of the prior's. This image's "
        f"is {found.code[0]:.2f}, {found.code[1]:.2f}; noise of the prior's stddev 1 around it "
        f"would raise the loss from {found.loss:.1f} to {found.loss_with_noise:.1f} nats."
    )
