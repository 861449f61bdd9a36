"""Files that nobody means well with, and some that only look so: pictures, and models as zips."""

import gzip
import io
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from numpy.random import Generator
from PIL import Image

from vae_core.models.archive import KERAS_FILE, MAX_BYTES

from .test_archive import CASES, NETWORKS, Parts, tampered, zipped
from .test_image_files import BOMBS, chunk, encoded, paper, png

__all__ = ["Upload", "pictures", "zips"]

SIDE = 20_000
FLIPS = 40
CUTS = 12  # of each kind of file
MARKUP = (
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"
)
# How a camera stores what a viewer turns upright, by the orientation in its EXIF data.
TURNED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


Fate = Literal["read", "refused", "either"]


class Upload(NamedTuple):
    """A file, and what has to become of it: read right, refused, or either."""

    name: str
    payload: bytes
    fate: Fate


@cache
def _good() -> dict[str, bytes]:
    """Honest pictures of a seven."""
    small = paper(120)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = small.transpose(Image.Transpose.ROTATE_90)
    frames = [Image.new("L", small.size, 0), Image.new("L", small.size, 128)]
    return {
        "PNG": encoded(small),
        "RGBA PNG": encoded(small.convert("RGBA")),
        "JPEG": encoded(small, "JPEG"),
        "progressive JPEG": encoded(small, "JPEG", progressive=True),
        "CMYK JPEG": encoded(small.convert("CMYK"), "JPEG"),
        "progressive CMYK JPEG": encoded(small.convert("CMYK"), "JPEG", progressive=True),
        "turned JPEG": encoded(turned, "JPEG", exif=exif),
        "animated PNG": encoded(small, save_all=True, append_images=frames, default_image=False),
        "MPO": encoded(small, "MPO", save_all=True, append_images=frames),
    }


def pictures(random: Generator) -> Iterator[Upload]:
    """Uploads for a digit's picture.

    Args:
        random: for the places of cuts and damage.
    """
    for name, payload in _good().items():
        yield Upload(name, payload, "read")
    yield from _turned()
    yield from _huge()
    for name, payload in _renamed().items():
        yield Upload(f"{name} as PNG", payload, "refused")
    for name, payload in BOMBS.items():
        yield Upload(f"bomb {name}", payload, "either")
    for size in (0, 1, 2, 8, 57, 10_000, 4 * 2**20, 4 * 2**20 + 1):
        yield Upload(f"{size} zero bytes", bytes(size), "refused")
    for size in (1, 100, 100_000):
        yield Upload(f"{size} random bytes", random.bytes(size), "refused")
        for start in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"):
            yield Upload(
                f"{start!r} and {size} random bytes", start + random.bytes(size), "refused"
            )
    for name, payload in _good().items():
        # Of the two that hold more than one picture the first may be whole.
        fate: Fate = "either" if name in ("animated PNG", "MPO") else "refused"
        for end in random.integers(0, len(payload) - 30, CUTS):
            yield Upload(f"{name} cut at {end}", payload[:end], fate)
        yield Upload(f"{name} without its beginning", payload[9:], "refused")
        yield Upload(f"{name} before markup", payload + MARKUP, "either")
    for number in range(FLIPS):
        name, payload = [*_good().items()][number % len(_good())]
        yield Upload(f"{name}, damage {number}", _damaged(payload, random), "either")


def _turned() -> Iterator[Upload]:
    wide = Image.new("L", (450, 250), 255)
    wide.paste(paper(200), (150, 30))
    for orientation, transpose in TURNED.items():
        stored = wide if transpose is None else wide.transpose(transpose)
        exif = Image.Exif()
        exif[0x0112] = orientation
        for kind in ("PNG", "JPEG"):
            payload = encoded(stored, kind, exif=exif)
            yield Upload(f"{kind}, EXIF orientation {orientation}", payload, "read")


def _huge() -> Iterator[Upload]:
    """Pictures of 20,000 x 20,000 pixels, all of them there, in files of at most 2 MB."""
    for depth in (1, 8):
        rows, row = zlib.compressobj(9), bytes(1 + SIDE * depth // 8)
        data = b"".join(rows.compress(row) for _ in range(SIDE)) + rows.flush()
        yield Upload(f"huge PNG, {depth} bits", png(SIDE, SIDE, data, depth=depth), "refused")
    # A flat grey: each block takes two bits, all of them zero.
    flat = encoded(Image.new("L", (4000, 4000), 128), "JPEG", optimize=True)
    frame = flat.index(b"\xff\xc0") + 5
    grown = flat[:frame] + struct.pack(">HH", SIDE, SIDE) + flat[frame + 4 :]
    body = bytes(SIDE * SIDE // 64 * 2 // 8)
    yield Upload("huge JPEG", grown[:-2] + body + b"\xff\xd9", "refused")
    yield Upload("long PNG", png(SIDE, 1, zlib.compress(bytes(1 + SIDE))), "refused")
    yield Upload("high PNG", png(1, SIDE, zlib.compress(bytes(2 * SIDE))), "refused")
    yield Upload("endless PNG", png(2**31 - 1, 2**31 - 1), "refused")
    yield Upload("empty PNG", png(0, 0), "refused")


def _renamed() -> dict[str, bytes]:
    """Files of other kinds, each sound."""
    small, archive = paper(120), io.BytesIO()
    later = [Image.new("L", small.size, 0)] * 5
    with tarfile.open(fileobj=archive, mode="w:gz") as file:
        file.addfile(tarfile.TarInfo("digit.png"))
    kinds = ("GIF", "BMP", "TIFF", "WEBP", "ICO", "PPM", "PDF", "TGA", "JPEG2000", "EPS")
    return {
        **{kind: encoded(small, kind) for kind in kinds},
        "animated GIF": encoded(small, "GIF", save_all=True, append_images=later),
        "animated WebP": encoded(small, "WEBP", save_all=True, append_images=later),
        "SVG": MARKUP,
        "HTML": b"<!doctype html><script>alert(1)</script>",
        "text": "Ceci n'est pas une pipe. \u202e\u0000".encode() * 99,
        "zip": zipped({"digit.png": encoded(small)}),
        "tar": archive.getvalue(),
        "gzip": gzip.compress(encoded(small)),
        "pickle": pickle.dumps({"digit": [1, 2, 3]}),
        "NumPy": zipped({"digit.npy": b"\x93NUMPY"}),
        "program": b"\x7fELF" + bytes(200),
        "script": b"#!/bin/sh\necho evil\n",
    }


def _damaged(payload: bytes, random: Generator) -> bytes:
    """With one to four other bits."""
    damaged = bytearray(payload)
    for place in random.integers(0, len(payload), random.integers(1, 5)):
        damaged[place] ^= 1 << int(random.integers(8))
    return bytes(damaged)


def _fate_with_odd(name: str) -> Fate:
    """Of a zip of which one file is something else: a network is discarded unread."""
    return "read" if name == KERAS_FILE else "refused"


def zips(parts: Parts, random: Generator) -> Iterator[Upload]:
    """Uploads for a model.

    Args:
        parts: the files of a model that is accepted.
        random: for the places of cuts and damage.
    """
    good = zipped(parts)
    yield Upload("a model", good, "read")
    for name, case in CASES.items():
        yield Upload(name, case(parts), "refused")
    for name, payload in NETWORKS.items():
        yield Upload(f"{name} as network", zipped({**parts, KERAS_FILE: payload}), "read")
    for name, payload in (_renamed() | _good()).items():
        yield Upload(f"{name} as zip", payload, "refused")
    for size in (0, 1, 22, 10_000, 64 * 2**20 + 1):
        yield Upload(f"{size} zero bytes", bytes(size), "refused")
    for end in random.integers(0, len(good), 3 * CUTS):
        yield Upload(f"cut at {end}", good[:end], "refused")
    nested = good
    for depth in range(1, 6):
        nested = zipped({"model.zip": nested})
        yield Upload(f"{depth} zips around it", nested, "refused")
        for name in ("weights.npz", "model.keras", "metadata.json"):
            inside = zipped({**parts, name: nested})
            yield Upload(f"{depth} zips in {name}", inside, _fate_with_odd(name))
    bomb = zipped({f"{n}.zip": zipped({"0": bytes(2**24)}) for n in range(16)})
    yield Upload("zips of zips of zeros", bomb, "refused")
    for name in ("metadata.json", "model.keras"):
        for size in (65 * 2**20, 100):
            inflating = tampered({**parts, name: bytes(65 * 2**20)}, name, file_size=size)
            fate = "refused" if size > MAX_BYTES else _fate_with_odd(name)
            yield Upload(f"bomb {name}, declared {size}", inflating, fate)
    polyglot = encoded(paper(60)) + chunk(b"teXt", MARKUP)
    yield Upload("picture and zip", zipped(parts, before=polyglot), "refused")
    yield Upload("zip and markup", good + MARKUP, "refused")
    stored = zipped(parts, zipfile.ZIP_STORED)
    for number in range(FLIPS):
        damaged = _damaged(stored if number % 2 else good, random)
        yield Upload(f"damage {number}", damaged, "either")
