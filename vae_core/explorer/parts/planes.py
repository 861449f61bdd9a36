"""Pieces of the plane as figures: maps that fill their frame, small q's magnified, pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from ...arrays import Array
from ...inference.latent import Field
from ...maths.bernoulli import sigmoid
from ...models.network import Network
from .figures import FONT, add_line, ellipse, figure, label, symbols

__all__ = ["BAR", "MAP", "Outline", "heat_map", "outlines", "show_pictures"]

MAP = 340  # side of a map, in pixels
BAR = 74  # room for a colour bar beside it
LEFT, TOP, BOTTOM, RIGHT = 46, 30, 44, 8
OUTLINE = 280  # side of a plane with outlines: two fit beside each other, one on a phone


def heat_map(
    field: Field,
    title: str,
    unit: str,
    range_: tuple[float, float],
    ticks: Sequence[float],
    logarithmic: bool = False,
    bar: bool = True,
) -> tuple[go.Figure, int]:
    """A field of the plane on a scale that stays, and how many pixels wide the figure is.

    Args:
        field: to be drawn.
        title: above it.
        unit: of the values, beside the colour bar.
        range_: of the values; beyond it the colours stay those of its ends.
        ticks: values at the colour bar.
        logarithmic: whether equal steps of colour are equal factors.
        bar: whether it has a colour bar of its own, at its right edge.
    """
    left, right, bottom, top = field.extent
    side = len(field.values)
    cell = (right - left) / side
    values = np.clip(field.values[::-1], *range_)
    low, high = range_
    at = list(ticks)
    if logarithmic:
        values, low, high = np.log10(values), float(np.log10(low)), float(np.log10(high))
        at = [float(np.log10(tick)) for tick in ticks]
    result = figure("z₁", "z₂", height=MAP + TOP + BOTTOM)
    font = {"color": symbols()["label"], "size": FONT}
    result.add_heatmap(
        z=values.astype(np.float32),
        customdata=field.values[::-1].astype(np.float32),
        x0=left + cell / 2,
        dx=cell,
        y0=bottom + cell / 2,
        dy=cell,
        zmin=low,
        zmax=high,
        colorscale="Cividis",
        showscale=bar,
        colorbar={
            "title": {"text": unit, "font": font},
            "tickfont": font,
            "tickvals": at,
            "ticktext": [f"{tick:g}" for tick in ticks],
            "thickness": 12,
            "x": 1,
            "xpad": 6,
            "ypad": 0,
            "len": 1,
        },
        hovertemplate="z = %{x:.2f}, %{y:.2f}: %{customdata:.3g} " + unit + "<extra></extra>",
    )
    room = BAR if bar else RIGHT
    result.update_layout(
        title={"text": title, "font": font | {"weight": 600}, "y": 0.985, "x": 0.02},
        margin={"l": LEFT, "r": room, "t": TOP, "b": BOTTOM},
    )
    # Where the frame is narrower than meant, the map stays at its colour bar.
    result.update_xaxes(
        range=[left, right], constrain="domain", constraintoward="right", automargin=False
    )
    result.update_yaxes(range=[bottom, top], scaleanchor="x", constrain="domain", automargin=False)
    return result, MAP + LEFT + room


@dataclass(frozen=True)
class Outline:
    """A Gaussian to be drawn at two stddevs.

    Attributes:
        name: in words.
        mean: `(2,)`.
        stddev: `(2,)`.
        colour: of the line.
        symbol: key of the symbol that it is.
        dash: of the line.
    """

    name: str
    mean: Array
    stddev: Array
    colour: str
    symbol: str = ""
    dash: str = "solid"


def outlines(
    shown: Sequence[Outline], half: float, magnified: Sequence[Outline]
) -> list[tuple[go.Figure, int]]:
    """Gaussians over the prior on the plane; beside it those too small to be seen there.

    Both have one size in pixels, so that the factor between their scales is what is drawn.

    Args:
        shown: drawn in the plane.
        half: how far the plane reaches from the origin.
        magnified: those that the second figure holds, about their own means; none for no figure.

    Returns:
        Figures with their widths in pixels.
    """
    colours = symbols()
    plane = _square("z₁", "z₂", half, "the plane")
    x, y = ellipse(np.zeros(2), np.eye(2), 2.0).T
    add_line(plane, x, y, "prior", colours["prior"], "dash")
    for one in shown:
        x, y = ellipse(one.mean, np.diag(one.stddev**2), 2.0).T
        add_line(plane, x, y, one.name, one.colour, one.dash, one.symbol)
    label(plane, 0.0, -2.0, "the prior", colours["prior"], xanchor="center", yanchor="top")
    found = [plane]
    if magnified:
        wanted = half / (1.25 * 2 * max(float(one.stddev.max()) for one in magnified))
        power = 10.0 ** np.floor(np.log10(wanted))
        factor = power * max(step for step in (1, 2, 5) if step * power <= wanted)
        name = f"the same, magnified × {factor:.0f}"
        inset = _square("z₁ − μ₁", "z₂ − μ₂", half / factor, name)
        for one in magnified:
            x, y = ellipse(np.zeros(2), np.diag(one.stddev**2), 2.0).T
            add_line(inset, x, y, one.name, one.colour, one.dash, one.symbol)
        found.append(inset)
    return [(one, OUTLINE + LEFT + RIGHT) for one in found]


def _square(x_title: str, y_title: str, half: float, title: str) -> go.Figure:
    """An empty plane of a fixed size about the origin."""
    result = figure(x_title, y_title, height=OUTLINE + TOP + BOTTOM)
    font = {"color": symbols()["label"], "size": FONT, "weight": 600}
    result.update_layout(
        title={"text": title, "font": font, "y": 0.985, "x": 0.02},
        margin={"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM},
    )
    for update in (result.update_xaxes, result.update_yaxes):
        update(
            range=[-half, half],
            constrain="domain",
            zeroline=False,
            automargin=False,
            showline=True,
            mirror=True,
            linecolor=symbols()["quiet"],
            nticks=6,
        )
    result.update_yaxes(scaleanchor="x")
    return result


def show_pictures(network: Network, z: Array, columns: int, caption: str) -> None:
    """Decoded pictures in a grid."""
    pictures = np.round(255 * sigmoid(network.decode(z))).astype(np.uint8)
    rows = len(pictures) // columns
    height, width = network.config.image_shape
    cells = pictures.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    sheet = cells.reshape(rows * height, columns * width)
    alt = f"{len(pictures)} decoded pictures in {rows} rows; {caption}"
    st.image(np.kron(sheet, np.ones((2, 2), np.uint8)), caption=caption, width="stretch", alt=alt)
