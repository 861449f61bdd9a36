"""Claim 6: an autoencoder's objective defines no p(x); a prior before its decoder does."""

import numpy as np
import streamlit as st

from ...experiments.claim_6_prior import (
    COMPARED,
    HALF,
    RADIUS,
    SIDE,
    generation,
    verdict,
)
from ...experiments.phrases import bounded
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
            add_line(target, circle[:, 0], circle[:, 1], "2 stddevs of the prior", colour, "dash")
            target.update_layout(showlegend=False)
            draw(
                target,
                f"Aggregate posterior of {model.name}; {100 * one.holes:.1f} percent of the "
                f"prior's mass lies farther than {RADIUS} from every code.",
                f"figure-aggregate-{model.name}",
            )
    table(
        ["", *(f"`{one.name}`" for one in found)],
        [
            [
                f"prior mass farther than {RADIUS} from every code",
                *(f"{100 * one.holes:.1f} %" for one in found),
            ],
            [
                f"−log p(x), average of {found[0].images:,} test images / nats",
                *(bounded(one.test_evidence, one.test_error) for one in found),
            ],
            [
                "−log p(x), this image / nats",
                *(bounded(one.evidence, one.error) for one in found),
            ],
        ],
    )
    st.caption(
        f"Codes are the means of q of the {found[0].images:,} test images; as many draws of the "
        f"prior in their place would leave {100 * found[0].chance:.1f} %. −log p(x) takes the "
        "prior N(0, I) before each decoder, also where training had none. Drawn: q(z), the average "
        "of q(z|x) over the test images, with a stddev of a third of a cell, "
        f"{2 * HALF / SIDE / 3:.3f}, where q is narrower or there is none; dashed, 2 stddev of the "
        f"prior, whose density at 0 is {1 / (2 * np.pi):.2f}."
    )
    st.button("Draw again", key="resample-claim", on_click=resample)


CLAIM = Claim(6, "6 Generating", show, COMPARED)
