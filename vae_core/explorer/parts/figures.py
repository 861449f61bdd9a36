"""Plotly figures in the colours of the page, and the few other ways a claim shows something."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from ...arrays import Array
from ...inference.latent import Field
from ...maths.bernoulli import sigmoid
from ...models.network import Network
from ..frontend import theme

__all__ = [
    "add_band",
    "add_line",
    "draw",
    "ellipse",
    "figure",
    "heat_map",
    "link_axes",
    "mark",
    "show_pictures",
    "symbols",
    "table",
]

HEIGHT = 320


def symbols() -> dict[str, str]:
    """Colour of each symbol under the visitor's theme; also `quiet` curves and `label` text."""
    colours = theme()["dark" if st.context.theme.type == "dark" else "light"]
    return {**colours["symbol"], "quiet": colours["quiet"], "label": colours["label"]}


def figure(x_title: str, y_title: str, height: int = HEIGHT, log_x: bool = False) -> go.Figure:
    """An empty figure with axis titles."""
    result = go.Figure()
    result.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 24, "b": 10},
        # A click on it would hide a curve, which no key does.
        legend={
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "title": None,
            "itemclick": False,
            "itemdoubleclick": False,
        },
        hovermode="closest",
    )
    # Streamlit's own grey is too faint to read.
    font = {"color": symbols()["label"]}
    result.update_xaxes(title={"text": x_title, "font": font}, tickfont=font, automargin=True)
    result.update_yaxes(title={"text": y_title, "font": font}, tickfont=font, automargin=True)
    if log_x:
        result.update_xaxes(type="log", exponentformat="power", dtick=1)
    return result


def add_line(
    target: go.Figure, x: Array, y: Array, name: str, colour: str, dash: str = "solid"
) -> None:
    """A curve whose hover shows its name and two decimals."""
    target.add_scatter(
        x=np.asarray(x),
        y=np.asarray(y),
        name=name,
        mode="lines",
        line={"color": colour, "dash": dash, "width": 2},
        hovertemplate=f"{name}: %{{y:.2f}}<extra></extra>",
    )


def add_band(target: go.Figure, x: Array, low: Array, high: Array, name: str, colour: str) -> None:
    """The area between two curves."""
    target.add_scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([low, high[::-1]]),
        name=name,
        fill="toself",
        mode="none",
        fillcolor=colour,
        opacity=0.25,
        hoverinfo="skip",
    )


def mark(target: go.Figure, z: Array, name: str, colour: str) -> None:
    """One point of the plane."""
    target.add_scatter(
        x=[z[0]],
        y=[z[1]],
        name=name,
        mode="markers",
        marker={"color": colour, "size": 9, "symbol": "x-thin-open", "line": {"width": 2}},
        hovertemplate=f"{name}: %{{x:.2f}}, %{{y:.2f}}<extra></extra>",
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


def heat_map(field: Field, unit: str, title: str, largest: float | None = None) -> go.Figure:
    """A field of the plane, from the page's background to its text colour."""
    left, right, bottom, top = field.extent
    side = len(field.values)
    cell = (right - left) / side
    result = figure("z₁", "z₂")
    font = {"color": symbols()["label"]}
    result.add_heatmap(
        z=field.values[::-1].astype(np.float32),
        x0=left + cell / 2,
        dx=cell,
        y0=bottom + cell / 2,
        dy=cell,
        zmin=0,
        zmax=largest,
        colorscale="Cividis",
        colorbar={"title": {"text": unit, "font": font}, "tickfont": font, "thickness": 10},
        hovertemplate="z = %{x:.2f}, %{y:.2f}: %{z:.2f} " + unit + "<extra></extra>",
    )
    result.update_layout(title={"text": title, "font": {"size": 14}, "y": 0.99})
    result.update_xaxes(range=[left, right], constrain="domain")
    result.update_yaxes(range=[bottom, top], scaleanchor="x", constrain="domain")
    return result


def draw(target: go.Figure, alt: str, key: str) -> None:
    """Puts a figure on the page; `alt` says in words what it shows."""
    st.plotly_chart(target, key=key, alt=alt, config={"displayModeBar": False})


def show_pictures(network: Network, z: Array, columns: int, caption: str) -> None:
    """Decoded pictures in a grid."""
    pictures = np.round(255 * sigmoid(network.decode(z))).astype(np.uint8)
    rows = len(pictures) // columns
    height, width = network.config.image_shape
    cells = pictures.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    sheet = cells.reshape(rows * height, columns * width)
    alt = f"{len(pictures)} decoded pictures in {rows} rows; {caption}"
    st.image(np.kron(sheet, np.ones((2, 2), np.uint8)), caption=caption, width="stretch", alt=alt)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table of text; the first column names the row, the others are aligned as numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    st.markdown("\n".join("| " + " | ".join(line) + " |" for line in lines))
