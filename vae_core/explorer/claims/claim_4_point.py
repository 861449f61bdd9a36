"""Claim 4: a q as narrow as a point has an infinite KL."""

import numpy as np
import streamlit as st

from ...experiments.claim_4_point import codes_of, codes_sentence, shrink, verdict
from ...experiments.phrases import bounded
from ...experiments.subject import Subject
from ..parts.figures import add_line, draw, figure, link_axes, mark, symbols
from .caching import cached
from .claim import Claim

__all__ = ["CLAIM"]


def show(subject: Subject) -> None:
    """Draws the experiment."""
    model = subject.model
    result = cached(shrink, model, x=subject.x)
    colours = symbols()
    st.markdown(verdict(result, model.has_posterior))
    curves, codes = st.columns([3, 2])
    with curves:
        target = figure(
            "factor c on the stddev of q", "nats above the loss at the mean", log_x=True
        )
        base = result.at_mean  # the curves would hide below a loss of 150
        add_line(target, result.factor, result.loss - base, "expected loss", colours["sample"])
        add_line(target, result.factor, result.kl, "KL", colours["prior"])
        add_line(target, result.factor, result.negative_elbo - base, "−ELBO", colours["x"])
        lowest = result.bound.value
        if result.bound.inside:
            mark(target, np.array([result.best, lowest - base]), "least −ELBO", colours["x"])
        target.update_yaxes(range=[-1, 1.1 * float(result.kl[0])])
        draw(
            target,
            f"Expected loss, KL and minus ELBO against the factor c on a logarithmic axis; minus "
            f"ELBO is least, {bounded(lowest, result.bound.error)} nats, at c = {result.best:.2g}"
            f"{'' if result.bound.inside else ' or beyond'}.",
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
    add_line(
        target,
        3 * np.cos(angle),
        3 * np.sin(angle),
        "3 stddevs of the prior",
        colours["prior"],
        "dash",
    )
    low, high = np.quantile(model.mean, [0.005, 0.995], axis=0)
    link_axes(target, (low + high) / 2, 0.6 * float((high - low).max()))
    draw(
        target,
        f"Codes of the autoencoder: {100 * found.beyond:.0f} percent lie beyond three stddevs of "
        "the prior.",
        "figure-codes",
    )
    st.caption(codes_sentence(found, model.name))


CLAIM = Claim(4, "4 A point", show)
