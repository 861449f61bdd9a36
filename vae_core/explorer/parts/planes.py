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
from .figures import FONT, add_line, ellipse, figure, symbols

__all__ = ["BAR", "MAP", "Outline", "heat_map", "outlines", "show_pictures"]

MAP = 340  # side of a map, in pixels
BAR = 74  # room for a colour bar beside it
LEFT, TOP, BOTTOM, RIGHT = 46, 30, 44, 8
PLANE, INSET = 0.56, 0.36  # shares of a figure's width
PART = 0.6  # of the plane's side: that of the inset


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


def outlines(shown: Sequence[Outline], half: float, magnified: Sequence[Outline]) -> go.Figure:
    """Gaussians over the prior on the plane, and those too small to be seen in an inset.

    Args:
        shown: drawn in the plane.
        half: how far the plane reaches from the origin.
        magnified: those that the inset holds, each about its own mean; none for no inset.
    """
    colours = symbols()
    target = figure("z₁", "z₂", height=MAP + TOP + BOTTOM)
    prior = ellipse(np.zeros(2), np.eye(2), 2.0)
    add_line(target, prior[:, 0], prior[:, 1], "prior", colours["prior"], "dash")
    for one in shown:
        line = ellipse(one.mean, np.diag(one.stddev**2), 2.0)
        add_line(target, line[:, 0], line[:, 1], one.name, one.colour, one.dash, one.symbol)
    target.update_xaxes(range=[-half, half], constrain="domain", zeroline=False)
    target.update_yaxes(range=[-half, half], scaleanchor="x", constrain="domain", zeroline=False)
    target.update_layout(margin={"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM})
    if not magnified:
        return target
    wanted = PART * half / (1.25 * 2 * max(float(one.stddev.max()) for one in magnified))
    power = 10.0 ** np.floor(np.log10(wanted))
    factor = power * max(step for step in (1, 2, 5) if step * power <= wanted)
    reach = PART * half / factor
    for one in magnified:
        line = ellipse(np.zeros(2), np.diag(one.stddev**2), 2.0)
        x, y = line.T
        add_line(target, x, y, one.name, one.colour, one.dash, one.symbol, xaxis="x2", yaxis="y2")
    font = {"color": colours["label"], "size": FONT}
    frame = {
        "showgrid": False,
        "zeroline": False,
        "showline": True,
        "mirror": True,
        "linecolor": colours["label"],
        "range": [-reach, reach],
        "constrain": "domain",
        "nticks": 4,
        "tickfont": font,
    }
    # The scale of the inset is tied to that of the plane: the factor is what is drawn.
    tied = {"scaleanchor": "x", "scaleratio": factor}
    target.update_xaxes(domain=[0, PLANE])
    target.update_layout(
        xaxis2={"domain": [1 - INSET, 1], "anchor": "y2", **frame, **tied},
        yaxis2={
            "domain": [0.06, 1],
            "anchor": "x2",
            **frame,
            "scaleanchor": "x2",
            "constraintoward": "middle",
        },
    )
    target.add_annotation(
        xref="x2",
        yref="y2",
        x=0,
        y=reach,
        xanchor="center",
        yanchor="bottom",
        showarrow=False,
        text=f"magnified × {factor:.0f}, about μ",
        font=font,
    )
    return target


def show_pictures(network: Network, z: Array, columns: int, caption: str) -> None:
    """Decoded pictures in a grid."""
    pictures = np.round(255 * sigmoid(network.decode(z))).astype(np.uint8)
    rows = len(pictures) // columns
    height, width = network.config.image_shape
    cells = pictures.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    sheet = cells.reshape(rows * height, columns * width)
    alt = f"{len(pictures)} decoded pictures in {rows} rows; {caption}"
    st.image(np.kron(sheet, np.ones((2, 2), np.uint8)), caption=caption, width="stretch", alt=alt)
