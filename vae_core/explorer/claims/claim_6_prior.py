"""Claim 6: an autoencoder has no p(x), and cannot generate."""

import numpy as np
import streamlit as st

from ...experiments.claim_6_prior import COMPARED, HALF, SIDE, generation, verdict
from ...experiments.quantity import nats
from ...experiments.subject import Subject
from ..parts.figures import add_line, draw, ellipse, heat_map, show_pictures, table
from ..visitor.session import resample
from .caching import cached
from .claim import Claim

__all__ = ["CLAIM"]

DRAWS = 64


def show(subject: Subject) -> None:
    """Draws the experiment."""
    models = [subject.other(name) for name in COMPARED]
    found = [cached(generation, model, x=subject.x) for model in models]
    st.markdown(verdict(found[0], found[-1]))
    colour = "#e6edf3"  # the heat map is dark in both themes
    z = np.random.default_rng(subject.seed).standard_normal((DRAWS, 2))
    largest = 1 / np.pi  # twice the peak of the prior: what is denser may as well be cut
    for column, model, one in zip(st.columns(3), models, found, strict=True):
        with column:
            show_pictures(model.network, z, 8, f"{model.name}: the same 64 draws from the prior")
            target = heat_map(one.aggregate, "per unit²", f"q(z) of {model.name}", largest)
            circle = ellipse(np.zeros(2), np.eye(2), 2.0)
            add_line(target, circle[:, 0], circle[:, 1], "prior, 2σ", colour, "dash")
            target.update_layout(showlegend=False)
            draw(
                target,
                f"Aggregate posterior of {model.name}; {100 * one.holes:.0f} percent of the "
                "prior's mass falls in holes.",
                f"figure-aggregate-{model.name}",
            )
    table(
        ["", *(f"`{name}`" for name in COMPARED)],
        [
            ["prior mass in holes", *(f"{100 * one.holes:.1f} %" for one in found)],
            [
                f"−log p(x), {len(models[0].mean):,} test images / nats",
                *(nats(one.test_evidence) for one in found),
            ],
            ["−log p(x), this image / nats", *(nats(one.evidence) for one in found)],
        ],
    )
    st.caption(
        f"Dashed: 2 stddev of the prior, whose density at 0 is {1 / (2 * np.pi):.2f}. q(z) is the "
        "average of q(z|x) over the test images; a hole is a place where it is below a tenth of "
        "the prior's density. Codes without a q are widened to a third of a cell, "
        f"{2 * HALF / SIDE / 3:.3f}."
    )
    st.button("Draw again", key="resample-claim", on_click=resample)


CLAIM = Claim(6, "6 Generating", show)
