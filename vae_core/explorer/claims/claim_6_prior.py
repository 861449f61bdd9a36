"""Claim 6: an autoencoder's objective defines no p(x); a prior before its decoder does."""

import numpy as np
import streamlit as st

from ...experiments.claim_6_prior import (
    COMPARED,
    HALF,
    RADIUS,
    REACH,
    SIDE,
    Gains,
    Generation,
    gains,
    generation,
    rule,
    verdict,
)
from ...experiments.phrases import bounded
from ...experiments.subject import Subject
from ...inference.loaded_model import LoadedModel
from ...models.naming import called, heading
from ..parts.equations import Step
from ..parts.figures import (
    add_line,
    draw,
    ellipse,
    figure,
    label,
    log_axis,
    mark,
    symbols,
    vertical,
)
from ..parts.planes import heat_map, show_pictures
from ..parts.symbol_links import say
from ..parts.verdicts import show_here, show_rule, table
from ..visitor.session import resample
from .caching import cached, of_model
from .claim import Claim

__all__ = ["CLAIM"]

DRAWS = 64
DENSEST = 0.32  # per unit²: twice the peak of the prior; what is denser may as well be cut
TICKS = (0, 0.08, 0.16, 0.24, 0.32)
EQUATION = (
    Step(
        "p(x) = & ∫ p(x|z) p(z) dz , & p(z) = N(0, I)",
        "A decoder becomes a model of images only together with a distribution of z.",
    ),
    Step(
        "loss(μ)",
        "An autoencoder's objective: no p(z) in it, so that the codes may lie anywhere.",
    ),
    Step(
        "z ∼ N(0, I) , & x̂ = D(z)",
        "Generating: draw z from the prior and decode it, D being the decoder.",
    ),
)


def show(subject: Subject) -> None:
    """Draws the experiment."""
    models = [subject.other(name) for name in COMPARED]
    found = [cached(generation, model, x=subject.x) for model in models]
    compared = of_model(lambda one: gains(one, models[-1]), models[0])
    ruled = rule(compared)
    left, right = st.columns(2, gap="large")
    with left:
        _worse(compared, found)
    with right:
        show_here(verdict(found[0], found[-1], ruled.usual))
        show_rule(ruled.sentence)
    with st.container(horizontal=True, vertical_alignment="center", key="draws-head"):
        st.markdown(f"**The same {DRAWS} draws from the prior, decoded**")
        st.button("Draw again", key="resample-claim", on_click=resample)
    z = np.random.default_rng(subject.seed).standard_normal((DRAWS, 2))
    with st.container(key="draws"):
        for column, model in zip(st.columns(3), models, strict=True):
            with column:
                show_pictures(model.network, z, 16, heading(model.metadata))
    st.markdown("**Where the codes lie: q(z), the average of q(z|x) over the test images**")
    with st.container(horizontal=True, gap="small", key="maps"):
        for model, one in zip(models, found, strict=True):
            _map(model, one, bar=one is found[-1])
    _table(models, found)


def _map(model: LoadedModel, one: Generation, bar: bool) -> None:
    target, width = heat_map(
        one.aggregate, heading(model.metadata), "per unit²", (0, DENSEST), TICKS, bar=bar
    )
    circle = ellipse(np.zeros(2), np.eye(2), 2.0)
    light = "#e6edf3"  # the map is dark in both themes
    add_line(target, circle[:, 0], circle[:, 1], "2 stddevs of the prior", light, "dash")
    draw(
        target,
        f"Aggregate posterior of the network {called(model.metadata)}; {100 * one.holes:.1f} "
        f"percent of the prior's mass lies farther than {RADIUS} from every code.",
        f"figure-aggregate-{model.name}",
        width,
    )


def _worse(compared: Gains, found: list[Generation]) -> None:
    colours = symbols()
    target = figure(
        "radius of the autoencoder's code / stddevs of the prior",
        "−log p(x): autoencoder less VAE / nats",
    )
    target.add_scatter(
        x=compared.radius,
        y=compared.worse,
        mode="markers",
        marker={"size": 5, "color": colours["second"], "opacity": 0.6},
        name="test images",
        hovertemplate="radius %{x:.1f}: %{y:.1f} nats<extra></extra>",
    )
    low, high = np.quantile(compared.worse, [0.01, 0.99])
    right = float(np.quantile(compared.radius, 0.99))
    own, x = found[-1].evidence - found[0].evidence, found[-1].radius
    if np.isfinite(own):
        low, high, right = min(low, own), max(high, own), max(right, x)
    margin = 0.08 * (high - low)
    near = min(0.1, x) if np.isfinite(own) else 0.1
    log_axis(target, near, 1.2 * right)
    target.update_yaxes(range=[low - margin, high + margin], zeroline=True)
    vertical(target, REACH, colours["prior"], dash="dash")
    label(
        target,
        REACH,
        high + margin,
        "98.9 % of the prior lies left",
        colours["prior"],
        xanchor="right",
        yanchor="top",
        shift=(-4, -2),
    )
    label(
        target,
        1.2 * right,
        0,
        "above: the autoencoder is worse",
        colours["label"],
        xanchor="right",
        yanchor="bottom",
        shift=(-4, 2),
    )
    if np.isfinite(own):
        mark(target, x, own, "this image", colours["x"])
        label(
            target,
            x,
            own,
            "this image",
            colours["x"],
            xanchor="left" if x < 3 else "right",
            shift=(8 if x < 3 else -8, 0),
        )
    draw(
        target,
        f"How much worse the autoencoder explains {len(compared.worse)} test images, against the "
        "distance of their codes from the origin.",
        "figure-worse",
    )


def _table(models: list[LoadedModel], found: list[Generation]) -> None:
    table(
        ["", *(called(model.metadata) for model in models)],
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
    say(
        f"Codes are the means of q of the {found[0].images:,} test images; as many draws of the "
        f"prior in their place would leave {100 * found[0].chance:.1f} %. −log p(x) takes the "
        "prior N(0, I) before each decoder, also where training had none. The maps have a stddev "
        f"of a third of a cell, {2 * HALF / SIDE / 3:.3f}, where q is narrower or there is none; "
        f"dashed, 2 stddevs of the prior, whose density at 0 is {1 / (2 * np.pi):.2f}."
    )


CLAIM = Claim(6, "6 Generating", show, COMPARED, EQUATION, follows_model=False, follows_seed=True)
