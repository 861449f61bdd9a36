"""Two training runs side by side: planes, decoded samples and curves, epoch by epoch.

Epochs go to the browser in blocks, each a component of its own that draws nothing. Streamlit sends
a component again only when its data change, so only the last block of a growing run travels.
"""

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ...arrays import Array
from ...models.frames import Frame
from ..frontend import source
from .components import RINGS, plane_half

__all__ = [
    "BLOCK",
    "Lane",
    "Measures",
    "Words",
    "common_half",
    "formation_data",
    "mount_formation",
    "pack_block",
]

Measures = Mapping[str, float | None]

BLOCK = 8  # epochs
STEPS = 32767  # the largest int16
FARTHEST = 1e6  # from the origin
MOST_HALF = 1e5  # that a plane shows
SCALES = (1, 1.3, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8)  # of planes, between powers of ten
HIDDEN = """
<style>
div:has(> .st-key-formation-frames) { position: absolute; height: 0; overflow: hidden; }
</style>
"""


@dataclass(frozen=True)
class Lane:
    """One of the two runs.

    Attributes:
        run: tells runs apart; another one starts over at its newest frame.
        title: at its head.
        label: in charts, short.
        kind: `"yours"` or `"recorded"`.
        epochs: planned.
        live: whether more frames will come.
        frames: of all epochs so far. Those of a complete block must not change any more.
        measures: of each frame: `loss_at_mean`, `sampled_loss`, `kl`, `stddev`, `price_stderr`.
        objective: the loss that it was trained for, over the test images after each epoch.
        labels: classes of the points, `(points,)`.
        marked: points whose q is drawn.
    """

    run: str
    title: str
    label: str
    kind: str
    epochs: int
    live: bool
    frames: Sequence[Frame]
    measures: Sequence[Measures | None]
    objective: Sequence[float]
    labels: NDArray[np.integer]
    marked: Sequence[int]


@dataclass(frozen=True)
class Words:
    """What is said beside two runs.

    Attributes:
        image: what the image is called whose samples are decoded.
        pair: what the two have to say.
        comparable: whether their losses compare.
        note: a short text below it all.
    """

    image: str
    pair: str = ""
    comparable: str = ""
    note: str = ""


@cache
def _frames() -> Callable[..., Any]:
    return st.components.v2.component("vae_frames", js=source("frames_data.js"))


@cache
def _formation() -> Callable[..., Any]:
    # It carries its own code: once an epoch, and the panels of Explore need none of it.
    return st.components.v2.component(
        "vae_formation",
        html=source("formation.html"),
        css=source("formation.css") + source("symbols.css"),
        js=source("formation_mount.js"),
    )


def pack_block(
    run: str,
    first: int,
    frames: Sequence[Frame],
    labels: NDArray[np.integer],
    marked: Sequence[int],
) -> bytes:
    """A block of frames: length of a JSON header, the header, labels, int16 coordinates, pictures.

    Args:
        run: tells runs apart.
        first: index of the block's first frame in the run.
        frames: of the block.
        labels: classes of the points, `(points,)`.
        marked: points whose q is drawn.
    """
    packed = [_pack_points(frame.points) for frame in frames]
    portraits = [frame.portrait for frame in frames if frame.portrait is not None]
    pixels = portraits[0].pictures.shape[1] if portraits else 0
    header = json.dumps(
        {
            "run": run,
            "first": first,
            "points": len(labels),
            "marked": [int(point) for point in marked],
            "pixels": pixels,
            "width": math.isqrt(pixels),
            "frames": [
                {
                    "epoch": frame.epoch,
                    "scale": scale,
                    "half": _half(frame),
                    "stddev": _finite(frame.stddev).tolist(),
                    "portrait": frame.portrait
                    and {
                        "places": _finite(frame.portrait.places).tolist(),
                        "losses": [_number(loss) for loss in frame.portrait.losses],
                    },
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
            *(portrait.pictures.tobytes() for portrait in portraits),
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


_halves: WeakKeyDictionary[Frame, float] = WeakKeyDictionary()


def _half(frame: Frame) -> float:
    """How far a plane reaches that shows a frame; looked up again at every poll."""
    if frame not in _halves:
        _halves[frame] = min(MOST_HALF, plane_half(_finite(frame.points)))
    return _halves[frame]


def common_half(runs: Sequence[Sequence[Frame]], least: float = RINGS) -> float:
    """How far both planes reach, at all epochs: to every frame, rounded up to steps.

    Args:
        runs: the frames of each.
        least: what it reaches anyway.
    """
    reach = max([least, *(_half(frame) for frames in runs for frame in frames)])
    if reach <= RINGS:
        return RINGS
    power = 10.0 ** math.floor(math.log10(reach))
    # A run under way seldom goes beyond a step: the scale stays as it is for most of them.
    return next((s * power for s in SCALES if s * power >= reach), 10 * power)


def formation_data(
    lanes: Sequence[Lane | None], half: float, x: NDArray[np.uint8], words: Words
) -> bytes:
    """What changes with every epoch apart from the points, as JSON; not a number becomes null.

    Args:
        lanes: the two runs; None where there is none.
        half: how far both planes reach.
        x: the image whose samples are decoded, `(height, width)`.
        words: what is said beside them.
    """
    # As bytes: Streamlit looks for data frames in a dict, and imports 70 MB of pandas to do so.
    return json.dumps(
        {
            "lanes": [lane and _lane_data(lane) for lane in lanes],
            "half": half,
            "image": {
                "name": words.image,
                "width": x.shape[1],
                "picture": base64.b64encode(x.tobytes()).decode(),
            },
            "pair": words.pair,
            "comparable": words.comparable,
            "note": words.note,
        },
        allow_nan=False,
    ).encode()


def _lane_data(lane: Lane) -> dict[str, Any]:
    return {
        "run": lane.run,
        "title": lane.title,
        "label": lane.label,
        "kind": lane.kind,
        "epochs": lane.epochs,
        "frames": len(lane.frames),
        "live": lane.live,
        "objective": [_number(value) for value in lane.objective],
        "measures": [
            one and {key: _number(value) for key, value in one.items()} for one in lane.measures
        ],
    }


def _number(value: float | np.floating[Any] | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def mount_formation(
    lanes: Sequence[Lane | None], half: float, x: NDArray[np.uint8], words: Words
) -> None:
    """Draws two runs; called again and again while one grows. Arguments as of `formation_data`."""
    _formation()(data=formation_data(lanes, half, x, words), key="formation")
    with st.container(key="formation-frames"):  # below: until its style is there it takes room
        st.html(HIDDEN)
        for lane in lanes:
            if lane is None:
                continue
            for first in range(0, len(lane.frames), BLOCK):
                block = lane.frames[first : first + BLOCK]
                _frames()(
                    data=_packed(lane, first, block), key=f"frames-{lane.run}-{first // BLOCK}"
                )


_blocks: WeakKeyDictionary[Frame, bytes] = WeakKeyDictionary()  # of recorded runs


def _packed(lane: Lane, first: int, block: Sequence[Frame]) -> bytes:
    """A block; one of a recorded run is packed once for all visitors."""
    if lane.kind != "recorded":
        return pack_block(lane.run, first, block, lane.labels, lane.marked)
    if block[0] not in _blocks:
        _blocks[block[0]] = pack_block(lane.run, first, block, lane.labels, lane.marked)
    return _blocks[block[0]]
