"""A digit in a visitor's PNG or JPEG file; read with Pillow, which comes with Streamlit.

The file may be hostile: what it costs is bounded by its header, before a pixel is decoded.
"""

import math
from io import BytesIO
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, PngImagePlugin

from ...arrays import Array
from ...errors import InputError
from ...models.drawn_digit import normalize

__all__ = ["MAX_BYTES", "MAX_SIDE", "digit_from_file"]


MAX_BYTES = 4 * 2**20
MAX_SIDE = 4000
# A progressive JPEG: all of it is held, two bytes a number, and each scan goes over the whole.
MAX_COEFFICIENTS = 48_000_000
MAX_SCANS = 64  # ten are usual
MAX_PARTS = 10_000  # of a file, each with a header of its own

DAMAGED = "The picture is damaged or cut off."
PNG, JPEG, SCAN, EXIF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xda", b"Exif\0\0"
# The other parts of a PNG inflate (texts, profiles) or belong to an animation's frames.
CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
# What applications add to a JPEG, but for JFIF (E0) and Adobe (EE), and comments.
METADATA = {bytes([0xE0 + n]) for n in (*range(1, 14), 15)} | {b"\xfe"}
ORIENTATION = 0x0112  # the tag in EXIF, and what undoes each of its values
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

WORKING = 480  # pixels of the longest side of what is looked at
DIGIT = 120  # the same of the digit itself
LEAST_CONTRAST = 24 / 255
PEN = 2.2 / 20  # of a digit's longest side; a thinner one is made as wide
SPECK = 0.05  # of the largest spot's ink


def digit_from_file(payload: bytes) -> NDArray[np.uint8]:
    """The digit in a picture as one of MNIST's, white on black, `(28, 28)`.

    Args:
        payload: of a PNG or JPEG file: a photo, a scan or a drawing of one digit on a background
            that is lighter or darker.

    Raises:
        InputError: the file is none, is too large or damaged, or shows no digit.
    """
    if len(payload) > MAX_BYTES:
        raise InputError("The file is larger than 4 MB.")
    ink = _ink(_grey(payload))
    if ink is None:
        raise InputError("There is no ink in the picture.")
    return normalize(_thickened(ink))


# --- from bytes to grey levels ------------------------------------------------------------------


def _grey(payload: bytes) -> Array:
    """The picture upright in [0, 1], its longest side at most `WORKING` pixels."""
    reader: type[Image.Image]
    if payload.startswith(PNG):
        reader, (content, exif) = PngImagePlugin.PngImageFile, _png_parts(payload)
    elif payload.startswith(JPEG):
        reader, (content, exif) = JpegImagePlugin.JpegImageFile, _jpeg_parts(payload)
    else:
        raise InputError("The file is no PNG or JPEG picture.")
    # Whatever Pillow raises (OSError, SyntaxError, ValueError, struct.error, …): the file's fault.
    try:
        image = reader(BytesIO(content))  # Image.open would warn the log of a size
        width, height = image.size
    except Exception as error:
        raise InputError(DAMAGED) from error
    if max(width, height) > MAX_SIDE:
        raise InputError("The picture is larger than 4000 x 4000 pixels.")
    scans = content.count(SCAN) if payload.startswith(JPEG) else 0
    coefficients = width * height * len(image.getbands())
    if scans > MAX_SCANS or (scans > 1 and coefficients > MAX_COEFFICIENTS):
        raise InputError("The picture is too large for a progressive JPEG.")
    try:
        share = min(1, WORKING / max(width, height))
        image.draft("L", (math.ceil(share * width), math.ceil(share * height)))
        image.load()
        grey = _small(image)
    except Exception as error:
        raise InputError(DAMAGED) from error
    turn = UPRIGHT.get(_orientation(exif))
    return np.asarray(grey if turn is None else grey.transpose(turn), np.float32) / 255


def _png_parts(payload: bytes) -> tuple[bytes, bytes]:
    """What the pixels of a PNG need, and its EXIF data."""
    kept, exif, place = [PNG], b"", len(PNG)
    while place < len(payload) and len(kept) <= MAX_PARTS:
        kind = payload[place + 4 : place + 8]
        end = place + 12 + int.from_bytes(payload[place : place + 4], "big")
        if kind in CHUNKS:
            kept.append(payload[place:end])
        elif kind == b"eXIf":
            exif = payload[place + 8 : end]
        place = end
    return b"".join(kept), exif


def _jpeg_parts(payload: bytes) -> tuple[bytes, bytes]:
    """What the pixels of a JPEG need, and its EXIF data."""
    kept, exif, place = [payload[:2]], b"", 2
    while payload[place : place + 1] == b"\xff" and len(kept) <= MAX_PARTS:
        kind = payload[place + 1 : place + 2]
        if kind == SCAN[1:]:
            return b"".join(kept) + payload[place:], exif
        # More than one FF is padding.
        size = 1 if kind == b"\xff" else 2 + int.from_bytes(payload[place + 2 : place + 4], "big")
        part = payload[place : place + size]
        if kind not in METADATA:
            kept.append(part)
        elif kind == b"\xe1" and part[4:10] == EXIF:
            exif = part[10:]
        place += size
    return b"".join(kept), exif  # without a picture


def _orientation(exif: bytes) -> int:
    """Read here: Pillow would warn of a broken one in the log."""
    order: Literal["little", "big"] = "little" if exif.startswith(b"II") else "big"

    def number(place: int, size: int = 2) -> int:
        return int.from_bytes(exif[place : place + size], order)

    first = number(4, 4)
    for entry in range(first + 2, min(first + 2 + 12 * number(first), len(exif)), 12):
        if number(entry) == ORIENTATION:
            return number(entry + 8)
    return 1


def _small(image: Image.Image) -> Image.Image:
    """The picture in grey, band by band: a whole copy in colours would take 64 MB."""
    factor = math.ceil(max(image.size) / WORKING)
    width, height = (math.ceil(side / factor) for side in image.size)
    grey = Image.new("L", (width, height))
    band = 64 * factor
    for top in range(0, image.height, band):
        part = image.crop((0, top, image.width, min(top + band, image.height)))
        grey.paste(_flat(part).reduce(factor), (0, top // factor))
    return grey


def _flat(part: Image.Image) -> Image.Image:
    """In grey, over white where it is transparent."""
    if part.mode.startswith("I"):  # 16 bits, which Pillow would clip
        levels = np.asarray(part).astype(np.int64)
        levels[levels == part.info.get("transparency")] = 0xFFFF
        return Image.fromarray((levels >> 8).clip(0, 255).astype(np.uint8))
    if not part.has_transparency_data:
        return part.convert("RGB").convert("L")
    colours = part.convert("RGBA")
    white = Image.new("RGBA", colours.size, "white")
    return Image.alpha_composite(white, colours).convert("L")


# --- from grey levels to ink --------------------------------------------------------------------


def _ink(grey: Array) -> Array | None:
    """Ink in [0, 1] on a background of 0; None without any."""
    contrast = grey - _background(grey)
    border = np.abs(contrast[_frame(contrast.shape)])
    noise = 1.5 * float(np.median(border))  # the stddev, for Gaussian noise
    if -contrast.min() > contrast.max():
        contrast = -contrast  # dark on light
    # The shade of the ink is not that of its darkest pixel: a mean over what is clearly ink.
    strong = contrast[contrast > np.quantile(contrast, 0.999) / 2]
    if not strong.size or strong.mean() < max(LEAST_CONTRAST, 6 * noise):
        return None
    low = max(0.15, 4 * noise / float(strong.mean()))
    ink = np.clip((contrast / strong.mean() - low) / (0.9 - low), 0, 1)
    return _without_specks(ink)


def _frame(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The border of a picture."""
    frame = np.ones(shape, bool)
    edge = max(1, round(0.03 * min(shape)))
    frame[edge:-edge, edge:-edge] = False
    return frame


def _background(grey: Array) -> Array:
    """A plane through the border's levels: paper is seldom lit evenly."""
    frame = _frame(grey.shape)
    rows, columns = (np.linspace(-1, 1, side) for side in grey.shape)
    basis = np.stack(
        np.broadcast_arrays(np.ones(()), rows[:, None], columns[None, :]), axis=-1
    )  # (rows, columns, 3)
    known = grey[frame]
    plane = np.full(grey.shape, np.median(known), np.float64)
    for _ in range(3):  # each time without what lies off it, such as ink that reaches the border
        gap = np.abs(known - plane[frame])
        kept = gap <= max(0.05, 2.5 * float(np.median(gap)))
        if kept.sum() < 16:
            break
        plane = basis @ np.linalg.lstsq(basis[frame][kept], known[kept], rcond=None)[0]
    return plane


def _without_specks(ink: Array) -> Array:
    """The ink without spots that have next to nothing of it."""
    block = math.ceil(max(ink.shape) / 60)
    rows, columns = (math.ceil(side / block) for side in ink.shape)
    padded = np.zeros((rows * block, columns * block))
    padded[: ink.shape[0], : ink.shape[1]] = ink
    mass = padded.reshape(rows, block, columns, block).sum(axis=(1, 3))
    # Cells that touch take over each other's larger number, until each spot has one.
    spots = np.pad(np.where(mass > 0, np.arange(1, mass.size + 1).reshape(mass.shape), 0), 1)
    while True:
        across = np.maximum(np.maximum(spots[:, :-2], spots[:, 2:]), spots[:, 1:-1])
        larger = np.maximum(np.maximum(across[:-2], across[2:]), across[1:-1]) * (mass > 0)
        if (larger == spots[1:-1, 1:-1]).all():
            break
        spots[1:-1, 1:-1] = larger
    total = np.bincount(larger.ravel(), mass.ravel())
    kept = (total >= SPECK * total.max())[larger]
    return ink * np.kron(kept, np.ones((block, block)))[: ink.shape[0], : ink.shape[1]]


def _thickened(ink: Array) -> Array:
    """The ink as a pen leaves it that is not too thin for 28 x 28 pixels."""
    rows, columns = (np.flatnonzero(ink.max(axis=axis)) for axis in (1, 0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shrink = max(1, max(digit.shape) / DIGIT)
    if shrink > 1:
        height, width = (max(1, round(side / shrink)) for side in digit.shape)
        large = Image.fromarray(digit.astype(np.float32))
        digit = np.asarray(large.resize((width, height), Image.Resampling.BOX))
    longest = max(digit.shape)
    margin = math.ceil(PEN * longest) + 1
    digit = np.pad(digit, margin)
    # A line has twice its length as circumference, which is what its ink changes by in all.
    change = np.hypot(np.diff(digit, axis=0)[:, :-1], np.diff(digit, axis=1)[:-1]).sum()
    pen = 2 * digit.sum() / change
    radius = (PEN * longest - pen) / (2 * (1 - PEN))  # the digit grows with its lines
    if radius < 0.5:
        return digit
    reach = range(-margin + 1, margin)
    disc = {(dy, dx): radius + 0.5 - math.hypot(dy, dx) for dy in reach for dx in reach}
    thick = digit.copy()
    for shift, share in disc.items():
        if share > 0:
            np.maximum(thick, min(share, 1) * np.roll(digit, shift, axis=(0, 1)), out=thick)
    return thick
