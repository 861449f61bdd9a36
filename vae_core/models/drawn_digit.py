"""A digit drawn by hand: strokes to ink, ink to a picture like MNIST's, a picture in an address."""

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby, islice

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array

__all__ = [
    "MAX_POINTS",
    "MAX_STROKES",
    "PEN_WIDTH",
    "SIDE",
    "Strokes",
    "normalize",
    "pack",
    "rasterize",
    "strokes_from_json",
    "unpack",
]

Point = tuple[float, float]

PEN_WIDTH = 0.095  # a digit 0.7 of the pad high gets strokes as thick as MNIST's
SIDE = 112
MAX_STROKES, MAX_POINTS = 200, 5000
FARTHEST = (-0.5, 1.5)  # a captured pointer leaves the pad

BOX = 20  # pixels of the longest side of a digit of MNIST
FAINT = 0.1  # ink below does not belong to the digit's box
AT_ONCE = 2048  # pieces whose distances are held in memory

BLACK, WHITE = 0, 15  # 16 grey levels, 17 steps of 255 apart
PIXELS = 28 * 28
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# What each of them stands for: so many pixels of black, of white, or one of a level between.
RUNS = [(BLACK, n) for n in range(1, 31)] + [(WHITE, n) for n in range(1, 21)]
RUNS += [(level, 1) for level in range(BLACK + 1, WHITE)]
LETTER_OF = dict(zip(RUNS, LETTERS, strict=True))
PIXELS_OF = {letter: [level] * n for (level, n), letter in LETTER_OF.items()}
LONGEST = dict(sorted(RUNS))  # of each level
AS_RUNS, AS_LEVELS = "r", "p"  # the first letter says how the others are read
LIMIT = 1 + math.ceil(PIXELS * 4 / 6)


@dataclass(frozen=True)
class Strokes:
    """What a pen drew on a square pad: lines from (0, 0), top left, to (1, 1).

    Attributes:
        lines: points of each line; a single point is a dot.
        width: of the round pen, as a share of the pad's side.
    """

    lines: tuple[tuple[Point, ...], ...]
    width: float = PEN_WIDTH


def strokes_from_json(value: object) -> Strokes | None:
    """Strokes as a browser sends them, `[[[x, y], ...], ...]`; None for anything else."""
    if not isinstance(value, list) or len(value) > MAX_STROKES:
        return None
    if not all(isinstance(line, list) and line for line in value):
        return None
    points = [point for line in value for point in line]
    if len(points) > MAX_POINTS or not all(map(_is_point, points)):
        return None
    return Strokes(tuple(tuple((float(x), float(y)) for x, y in line) for line in value))


def _is_point(value: object) -> bool:
    low, high = FARTHEST
    return (
        isinstance(value, list)
        and len(value) == 2
        # No bool either; and no comparison lets "not a number" pass.
        and all(type(number) in (int, float) and low <= number <= high for number in value)
    )


# --- strokes to ink -----------------------------------------------------------------------------


def rasterize(strokes: Strokes, side: int = SIDE) -> Array:
    """Ink of the pad, `(side, side)`: 1 along the lines, falling to 0 over a pixel at the edge."""
    radius = strokes.width * side / 2
    reach = math.ceil(radius) + 1  # pixels around a line that may be inked
    step = max(2 * radius, 4)  # longer pieces have more pixels around them that they do not touch
    window = math.ceil(step) + 2 * reach + 1
    starts, ends = _pieces(strokes, side, step, reach)
    margin = window + reach  # spares clipping the windows
    whole = side + 2 * margin
    squares = np.full(whole * whole, (radius + 1) ** 2, np.float32)  # nothing there
    cells = np.arange(window)
    for first in range(0, len(starts), AT_ONCE):
        a, b = starts[first : first + AT_ONCE], ends[first : first + AT_ONCE]
        corner = np.floor(np.minimum(a, b)).astype(np.intp) - reach  # (pieces, 2)
        x, y = ((corner - a).T[..., None] + cells).astype(np.float32)  # from a, (pieces, window)
        dx, dy = (b - a).T[..., None].astype(np.float32)
        # The nearest point of the piece is a + t (b - a), t in [0, 1].
        length = np.maximum(dx * dx + dy * dy, 1e-9)
        t = (x * dx / length)[:, None, :] + (y * dy / length)[:, :, None]
        np.clip(t, 0, 1, out=t)
        square = (x[:, None, :] - t * dx[..., None]) ** 2 + (y[:, :, None] - t * dy[..., None]) ** 2
        column, row = (corner + margin).T[..., None] + cells
        index = (row * whole)[:, :, None] + column[:, None, :]
        np.minimum.at(squares, index.ravel(), square.ravel())
    gap = np.sqrt(squares.reshape(whole, whole)[margin:-margin, margin:-margin])
    return np.clip(radius + 0.5 - gap, 0, 1)


def _pieces(strokes: Strokes, side: int, step: float, reach: int) -> tuple[Array, Array]:
    """Both ends of the lines' pieces near the pad, `(pieces, 2)`, at most `step` pixels apart."""
    lines = [np.array(line if len(line) > 1 else line * 2) for line in strokes.lines if line]
    lines.append(np.zeros((1, 2)))  # of no piece, but of a shape
    starts, ends = (
        np.concatenate([line[part] for line in lines]) * side - 0.5
        for part in (slice(-1), slice(1, None))
    )
    length = np.hypot(*(ends - starts).T)
    count = np.maximum(np.ceil(length / step).astype(np.intp), 1)
    owner = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(owner)) - (np.cumsum(count) - count)[owner]
    share = np.stack([number, number + 1]) / count[owner]
    starts, ends = (starts[owner] + one[:, None] * (ends - starts)[owner] for one in share)
    outside = (np.minimum(starts, ends) > side + reach) | (np.maximum(starts, ends) < -reach)
    return starts[~outside.any(axis=1)], ends[~outside.any(axis=1)]


# --- ink to a picture ---------------------------------------------------------------------------


def normalize(ink: Array) -> NDArray[np.uint8]:
    """A picture of the ink as the digits of MNIST were made, `(28, 28)`.

    The longest side of the ink's bounding box becomes 20 pixels; the centre of mass comes to
    the centre of the picture, as far as the digit stays within it.

    Args:
        ink: `(height, width)` in [0, 1], any size.
    """
    picture = np.zeros((28, 28), np.uint8)
    inked = ink > FAINT
    if not inked.any():
        return picture
    ranges = [np.flatnonzero(inked.any(axis=axis))[[0, -1]] + (0, 1) for axis in (1, 0)]
    scale = max(high - low for low, high in ranges) / BOX
    rows, columns = (
        _averaging(low, high, scale, n) for (low, high), n in zip(ranges, ink.shape, strict=True)
    )
    digit = rows @ ink @ columns.T
    top, left = (_first_pixel(digit.sum(axis=axis)) for axis in (1, 0))
    picture[top : top + digit.shape[0], left : left + digit.shape[1]] = np.rint(255 * digit)
    return picture


def _averaging(low: int, high: int, scale: float, size: int) -> Array:
    """Each row averages `scale` of `size` pixels; together they cover [low, high], centred."""
    count = math.ceil((high - low) / scale - 1e-9)
    edges = (low + high - count * scale) / 2 + scale * np.arange(count + 1)
    pixel = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return np.maximum(overlap, 0) / scale


def _first_pixel(mass: Array) -> int:
    """Where the mass begins if its centre is at 14: MNIST's lie in [13.5, 14.5]."""
    centre = mass @ np.arange(len(mass)) / mass.sum()
    return int(np.clip(round(14 - centre), 0, 28 - len(mass)))


# --- a picture in an address --------------------------------------------------------------------


def pack(picture: NDArray[np.uint8]) -> str:
    """A picture of 28 x 28 pixels in 16 grey levels as at most 524 letters of an address.

    A digit of MNIST needs half or less: runs of equal pixels are one letter. A picture without
    runs, such as noise, is written as four bits a pixel.
    """
    levels = np.rint(picture.ravel() / 17).astype(np.uint8)
    runs = AS_RUNS + "".join(_letters(levels.tolist()))
    if len(runs) <= LIMIT:
        return runs
    halves = levels[::2] << 4 | levels[1::2]
    return AS_LEVELS + base64.urlsafe_b64encode(halves.tobytes()).decode().rstrip("=")


def _letters(levels: list[int]) -> Iterator[str]:
    for level, group in groupby(levels):
        count = sum(1 for _ in group)
        while count > 0:
            step = min(count, LONGEST[level])
            yield LETTER_OF[level, step]
            count -= step


def unpack(text: object) -> NDArray[np.uint8] | None:
    """The picture that `pack` made this text of, `(28, 28)`; None for any other text."""
    if not isinstance(text, str) or not 1 < len(text) <= LIMIT or not set(text) <= PIXELS_OF.keys():
        return None
    if text[0] == AS_RUNS:
        pixels = chain.from_iterable(map(PIXELS_OF.__getitem__, text[1:]))
        levels = list(islice(pixels, PIXELS + 1))
    elif len(text) == LIMIT:
        halves = base64.urlsafe_b64decode(text[1:] + "=")
        levels = [level for byte in halves for level in divmod(byte, 16)]
    else:
        return None
    if len(levels) != PIXELS:
        return None
    picture = (17 * np.array(levels, np.uint8)).reshape(28, 28)
    # One text for one picture: runs cut in two, spare bits and another first letter end here.
    return picture if pack(picture) == text else None
