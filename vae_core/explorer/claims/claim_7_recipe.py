"""Claim 7: the recipe as the blog prints it."""

import numpy as np
import streamlit as st

from ...arrays import Array
from ...experiments.claim_7_recipe import printed, settled, verdict
from ...experiments.phrases import bounded, remainder
from ...experiments.quantity import nats
from ...experiments.subject import Subject
from ..parts.figures import add_line, draw, ellipse, figure, link_axes, mark, symbols, table
from .caching import cached
from .claim import Claim

__all__ = ["CLAIM"]


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
        sums = (found.printed, found.negative_elbo)
        table(
            ["nats", "what it prints", "−ELBO of the sampled q"],
            [
                ["expected loss", *[bounded(found.loss, found.error)] * 2],
                ["KL", *(nats(remainder(total, found.loss)) for total in sums)],
                ["sum", *(bounded(total, found.error) for total in sums)],
                ["σ in the KL", _pair(found.described), _pair(found.sampled)],
            ],
        )
        st.markdown(
            f"**Each slip alone**, with `{model.name}`'s decoder and mean and with s, one for both "
            "directions, where the printed loss is least:"
        )
        table(
            ["reading of the head s", "σ sampled", "σ in the KL", "prints", "−ELBO", "off by"],
            [
                [
                    name,
                    f"{one.sampled:.3f}" + ("" if one.inside else " or beyond"),
                    f"{one.described:.3f}",
                    bounded(one.printed, one.error),
                    bounded(one.negative_elbo, one.error),
                    nats(one.off),
                ]
                for name, one in cached(settled, model, x=subject.x).items()
            ],
        )


def _pair(stddev: Array) -> str:
    return ", ".join(f"{value:.3f}" for value in stddev)


CLAIM = Claim(7, "7 The blog", show, ("blog",))
