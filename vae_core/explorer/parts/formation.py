"""A training run as it forms: the plane of some test images epoch by epoch, and the curves.

Epochs go to the browser in blocks, each a component of its own that draws nothing. Streamlit sends
a component again only when its data change, so only the last block of a growing run travels.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ...arrays import Array
from ...models.frames import Frame
from ..frontend import source
from .components import RINGS, plane_half

__all__ = ["BLOCK", "Measures", "formation_data", "mount_formation", "pack_block"]

Measures = Mapping[str, float | None]

BLOCK = 8  # epochs
STEPS = 32767  # the largest int16
FARTHEST = 1e6  # from the origin
MOST_HALF = 1e5  # that a plane shows
HIDDEN = """
<style>
div:has(> .st-key-formation-frames) { position: absolute; height: 0; overflow: hidden; }
</style>
"""


@cache
def _frames() -> Callable[..., Any]:
    return st.components.v2.component("vae_frames", js=source("frames_data.js"))


@cache
def _formation() -> Callable[..., Any]:
    # It carries its own code: once an epoch, and the panels of Explore need none of it.
    return st.components.v2.component(
        "vae_formation",
        html=source("formation.html"),
        css=source("formation.css"),
        js=source("formation_mount.js"),
    )


def pack_block(
    run: str,
    first: int,
    frames: Sequence[Frame],
    labels: NDArray[np.integer],
    marked: Sequence[int],
) -> bytes:
    """A block of frames: length of a JSON header, the header, labels, then int16 coordinates.

    Args:
        run: tells runs apart.
        first: index of the block's first frame in the run.
        frames: of the block.
        labels: classes of the points, `(points,)`.
        marked: points whose q is drawn.
    """
    packed = [_pack_points(frame.points) for frame in frames]
    header = json.dumps(
        {
            "run": run,
            "first": first,
            "points": len(labels),
            "marked": [int(point) for point in marked],
            "frames": [
                {
                    "epoch": frame.epoch,
                    "scale": scale,
                    "half": min(MOST_HALF, plane_half(_finite(frame.points))),
                    "stddev": _finite(frame.stddev).tolist(),
                }
                for frame, (scale, _) in zip(frames, packed, strict=True)
            ],
        }
    ).encode()
    header += b" " * (-len(header) % 4)
    classes = np.asarray(labels, np.uint8).tobytes()
    return b"".join(
        [
            np.array(len(header), "<u4").tobytes(),
            header,
            classes + bytes(-len(classes) % 4),
            *(coordinates for _, coordinates in packed),
        ]
    )


def _finite(values: Array) -> Array:
    """Values that JSON and int16 can hold: those of a diverged run are clipped."""
    values = np.asarray(values, np.float64)
    known = np.abs(values[np.isfinite(values)])
    # An infinite point goes to the farthest finite one, or it would spoil the scale of all.
    reach = min(float(known.max(initial=0.0)), FARTHEST)
    return np.clip(np.nan_to_num(values, nan=0.0), -reach, reach)


def _pack_points(points: Array) -> tuple[float, bytes]:
    """Scale and int16 bytes of coordinates: `int16 * scale` is a coordinate."""
    points = _finite(points)
    scale = max(float(np.abs(points).max(initial=0.0)), 1e-6) / STEPS
    return scale, np.rint(points / scale).astype("<i2").tobytes()


def formation_data(
    run: str,
    frames: int,
    epochs: int,
    live: bool,
    history: Mapping[str, Sequence[float]],
    measures: Sequence[Measures | None],
    note: str,
) -> bytes:
    """What changes with every epoch apart from the points, as JSON; not a number becomes null."""
    # As bytes: Streamlit looks for data frames in a dict, and imports 70 MB of pandas to do so.
    return json.dumps(
        {
            "run": run,
            "epochs": epochs,
            "frames": frames,
            "live": live,
            "half": RINGS,  # of a plane without a frame
            "history": {
                key: [_number(value) for value in values] for key, values in history.items()
            },
            "measures": [
                one and {key: _number(value) for key, value in one.items()} for one in measures
            ],
            "note": note,
        },
        allow_nan=False,
    ).encode()


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def mount_formation(
    run: str,
    frames: Sequence[Frame],
    labels: NDArray[np.integer],
    marked: Sequence[int],
    *,
    epochs: int,
    live: bool,
    history: Mapping[str, Sequence[float]],
    measures: Sequence[Measures | None],
    note: str = "",
) -> None:
    """Draws a run; called again and again while it grows.

    Args:
        run: tells runs apart; another one starts over at its newest frame.
        frames: of all epochs so far. Those of a complete block must not change any more.
        labels: classes of the points, `(points,)`.
        marked: points whose q is drawn.
        epochs: planned.
        live: whether more frames will come.
        history: values of each complete epoch, from epoch 1: `loss`, `reconstruction_loss`, `kl`,
            and the same of the test images as `test_loss`, …
        measures: of each frame: `loss_at_mean`, `sampled_loss`, `kl`, `stddev`, `price_stderr`.
        note: a short text below it all.
    """
    with st.container(key="formation-frames"):
        st.html(HIDDEN)
        for first in range(0, len(frames), BLOCK):
            block = frames[first : first + BLOCK]
            _frames()(
                data=pack_block(run, first, block, labels, marked),
                key=f"frames-{run}-{first // BLOCK}",
            )
    data = formation_data(run, len(frames), epochs, live, history, measures, note)
    _formation()(data=data, key="formation")
