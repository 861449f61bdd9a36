"""Plotly figures in the colours of the page: named where the curves are, one size of letters.

Curves and labels that are a symbol of the page carry its key (`symbol=`): pointing at any of its
occurrences lights them up.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from ...arrays import Array
from ..frontend import theme

__all__ = [
    "FONT",
    "HEIGHT",
    "add_band",
    "add_bars",
    "add_histogram",
    "add_line",
    "draw",
    "ellipse",
    "figure",
    "label",
    "link_axes",
    "log_axis",
    "mark",
    "symbols",
    "vertical",
]

HEIGHT = 380
FONT = 12


def symbols() -> dict[str, str]:
    """Colour of each symbol under the visitor's theme; also of what is no symbol.

    `quiet` for what a figure holds back, `label` for text, `halo` behind it, and `first` and
    `second` for two models.
    """
    colours = theme()["dark" if st.context.theme.type == "dark" else "light"]
    first, second = colours["models"]
    other = {key: colours[key] for key in ("quiet", "label", "halo")}
    return {**colours["symbol"], **other, "first": first, "second": second}


def figure(x_title: str, y_title: str, height: int = HEIGHT) -> go.Figure:
    """An empty figure with axis titles; its curves are named beside them, by `label`."""
    result = go.Figure()
    # Streamlit's own grey is too faint to read.
    font = {"color": symbols()["label"], "size": FONT}
    result.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 12, "b": 8},
        font=font,
        showlegend=False,
        hovermode="closest",
        hoverlabel={"font": {"size": FONT}},
    )
    for update, title in ((result.update_xaxes, x_title), (result.update_yaxes, y_title)):
        update(title={"text": title, "font": font, "standoff": 6}, tickfont=font, automargin=True)
    return result


def log_axis(target: go.Figure, low: float, high: float, axis: str = "x") -> None:
    """Makes an axis logarithmic, from `low` to `high`, with ticks that are written out."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    length = np.log10(high / low)
    steps = (1, 2, 5) if length < 2.3 else (1, 3) if length < 3.3 else (1,)
    values = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    values = [value for value in values if low * 0.999 <= value <= high * 1.001]
    update = target.update_xaxes if axis == "x" else target.update_yaxes
    update(
        type="log",
        range=[np.log10(low), np.log10(high)],
        tickvals=values,
        ticktext=[f"{value:,.10g}" for value in values],
    )


def label(
    target: go.Figure,
    x: float,
    y: float,
    text: str,
    colour: str,
    symbol: str = "",
    xanchor: str = "left",
    yanchor: str = "middle",
    shift: tuple[float, float] = (0, 0),
    **axes: str,
) -> None:
    """Names something where it is drawn.

    Args:
        target: its axes must have their types by now.
        x, y: in the units of the axes.
        text: of the label.
        colour: of the text.
        symbol: key of the symbol that is named.
        xanchor, yanchor: which side of the text lies there.
        shift: in pixels, to the right and up.
        axes: `xref` and `yref`, where they are not the first.
    """
    across, up = ("xaxis", "yaxis")
    if target.layout[across].type == "log" and "xref" not in axes:
        x = float(np.log10(x))
    if target.layout[up].type == "log" and "yref" not in axes:
        y = float(np.log10(y))
    target.add_annotation(
        x=x,
        y=y,
        text=text,
        name=symbol or None,
        showarrow=False,
        xanchor=xanchor,
        yanchor=yanchor,
        xshift=shift[0],
        yshift=shift[1],
        font={"color": colour, "size": FONT},
        # On dark its colour would not be quite that of the page.
        bgcolor=None if st.context.theme.type == "dark" else symbols()["halo"],
        borderpad=1,
        align="left",
        **axes,
    )


def add_line(
    target: go.Figure,
    x: Array,
    y: Array,
    name: str,
    colour: str,
    dash: str = "solid",
    symbol: str = "",
    width: float = 2,
    **more: object,
) -> None:
    """A curve whose hover shows its name and two decimals."""
    target.add_scatter(
        x=np.asarray(x),
        y=np.asarray(y),
        name=name,
        meta=symbol or None,
        line={"color": colour, "dash": dash, "width": width},
        hovertemplate=f"{name}: %{{y:.2f}}<extra></extra>",
        **{"mode": "lines", **more},
    )


def add_band(
    target: go.Figure, x: Array, low: Array, high: Array, colour: str, symbol: str = ""
) -> None:
    """The area between two curves."""
    target.add_scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([low, high[::-1]]),
        meta=symbol or None,
        fill="toself",
        mode="none",
        fillcolor=_faint(colour, 0.22),
        hoverinfo="skip",
    )


def add_histogram(
    target: go.Figure, values: Array, edges: Array, name: str, colour: str, symbol: str = ""
) -> None:
    """How many of the values lie in each interval, as a share; those beyond in the last ones."""
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    share = 100 * counts / max(len(values), 1)
    target.add_scatter(
        x=np.repeat(edges, 2),
        y=np.concatenate([[0], np.repeat(share, 2), [0]]),
        name=name,
        meta=symbol or None,
        fill="tozeroy",
        fillcolor=_faint(colour, 0.3),
        mode="lines",
        line={"color": colour, "width": 1},
        hovertemplate=f"{name}<br>%{{x:.3g}}: %{{y:.0f}} %<extra></extra>",
    )


def add_bars(target: go.Figure, where: Sequence[str], values: Sequence[float], colour: str) -> None:
    """Bars with their values beside them."""
    target.add_bar(
        y=list(where),
        x=list(values),
        orientation="h",
        marker={"color": colour},
        text=[f"{value:.2f}" for value in values],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )


def _faint(colour: str, share: float) -> str:
    """A colour `#rrggbb` that lets through what lies behind."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {share})"


def vertical(target: go.Figure, x: float, colour: str, symbol: str = "", dash: str = "dot") -> None:
    """A line across the whole height."""
    target.add_vline(x=x, line={"color": colour, "width": 1.5, "dash": dash}, name=symbol or None)


def mark(
    target: go.Figure,
    x: float,
    y: float,
    name: str,
    colour: str,
    symbol: str = "",
    shape: str = "circle",
    **more: object,
) -> None:
    """One point."""
    target.add_scatter(
        x=[x],
        y=[y],
        name=name,
        meta=symbol or None,
        mode="markers",
        marker={"color": colour, "size": 9, "symbol": shape, "line": {"width": 2}},
        hovertemplate=f"{name}: %{{x:.3g}}, %{{y:.2f}}<extra></extra>",
        **more,
    )


def link_axes(target: go.Figure, centre: Array, half: float) -> None:
    """Shows centre ± half, with one scale for both axes."""
    target.update_xaxes(range=[centre[0] - half, centre[0] + half], constrain="domain")
    target.update_yaxes(
        range=[centre[1] - half, centre[1] + half], scaleanchor="x", constrain="domain"
    )


def ellipse(mean: Array, covariance: Array, stddevs: float = 1.0, points: int = 97) -> Array:
    """Outline of a Gaussian at so many stddevs, `(points, 2)`."""
    angle = np.linspace(0, 2 * np.pi, points)
    values, vectors = np.linalg.eigh(covariance)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return mean + stddevs * circle * np.sqrt(np.maximum(values, 0)) @ vectors.T


def draw(
    target: go.Figure, alt: str, key: str, width: int | Literal["stretch"] = "stretch"
) -> None:
    """Puts a figure on the page; `alt` says in words what it shows."""
    st.plotly_chart(target, key=key, alt=alt, width=width, config={"displayModeBar": False})
