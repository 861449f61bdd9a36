"""Digits in files of visitors: any honest picture gives the same digit, no hostile one hurts."""

import struct
import subprocess
import sys
import time
import warnings
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vae_core.errors import InputError
from vae_core.explorer.server.image_files import MAX_BYTES, MAX_SIDE, digit_from_file
from vae_core.models.data import Dataset
from vae_core.models.drawn_digit import Strokes, normalize, rasterize

Array = NDArray[np.floating]
Picture = NDArray[np.uint8]

ROOT = Path(__file__).resolve().parent.parent
# A seven with a bar and a hook: no symmetry hides a rotation.
SEVEN = (
    ((0.25, 0.2), (0.4, 0.16), (0.72, 0.2), (0.5, 0.5), (0.42, 0.85)),
    ((0.3, 0.5), (0.66, 0.52)),
)
NO_PICTURE = "no PNG or JPEG"
DAMAGED = "damaged or cut off"
NO_INK = "no ink"
TOO_LARGE = "4000 x 4000"


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def paper(side: int = 400, width: float = 0.095) -> Image.Image:
    """Black on white."""
    ink = rasterize(Strokes(SEVEN, width), side)
    return Image.fromarray(np.rint(255 * (1 - ink)).astype(np.uint8))


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(width: int, height: int, data: bytes = b"", extra: bytes = b"", depth: int = 8) -> bytes:
    """A grey PNG with this in its header, whatever its data are."""
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def refusal(payload: bytes) -> str:
    with pytest.raises(InputError) as caught:
        digit_from_file(payload)
    return str(caught.value)


EXPECTED = normalize(rasterize(Strokes(SEVEN), 400))


def assert_seven(picture: Picture, tolerance: float = 12, expected: Picture = EXPECTED) -> None:
    assert picture.dtype == np.uint8
    assert picture.shape == (28, 28)
    inked = picture > 25
    rows, columns = (np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    shifts = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]  # a centre between two pixels
    gaps = [np.abs(np.roll(picture, s, (0, 1)).astype(int) - expected).mean() for s in shifts]
    assert min(gaps) < tolerance


# --- honest pictures ----------------------------------------------------------------------------


MODES = [("PNG", mode) for mode in ("1", "L", "P", "RGB", "LA", "RGBA", "I;16", "inverted")]
MODES += [("JPEG", mode) for mode in ("1", "L", "RGB", "CMYK", "YCbCr", "inverted")]


@pytest.mark.parametrize(("kind", "mode"), MODES)
def test_any_mode_gives_the_digit(kind: str, mode: str) -> None:
    image = paper()
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    elif mode == "inverted":
        image = Image.eval(image, lambda level: 255 - level)
    else:
        image = image.convert(mode)
    assert_seven(digit_from_file(encoded(image, kind)), 4)


@pytest.mark.parametrize("hidden", [(0, 0, 0), (255, 255, 255), (0, 0, 255)])
def test_what_is_transparent_is_white(hidden: tuple[int, int, int]) -> None:
    ink = 255 - np.asarray(paper())
    drawn = np.zeros((400, 400, 4), np.uint8)
    drawn[..., 3] = ink
    drawn[ink == 0, :3] = hidden
    assert_seven(digit_from_file(encoded(Image.fromarray(drawn))), 4)
    two = Image.fromarray((ink > 127).astype(np.uint8))
    two.putpalette([*hidden, 0, 0, 0])
    assert_seven(digit_from_file(encoded(two, transparency=0)), 8)


def test_one_transparent_level() -> None:
    levels = np.asarray(paper()) // 2  # paper at 127
    assert_seven(digit_from_file(encoded(Image.fromarray(levels), transparency=127)), 12)
    deep = Image.fromarray(levels.astype(np.uint16) * 257)
    payload = encoded(deep)
    place = payload.index(b"IDAT") - 4
    marked = payload[:place] + chunk(b"tRNS", struct.pack(">H", 127 * 257)) + payload[place:]
    assert_seven(digit_from_file(marked), 12)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_turned_camera_changes_nothing(kind: str, orientation: int) -> None:
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # what the camera stored; a viewer turns it back
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    wide = Image.new("L", (900, 500), 255)
    wide.paste(paper(), (300, 60))
    stored = wide.transpose(turned[orientation]) if orientation > 1 else wide
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_seven(digit_from_file(encoded(stored, kind, exif=exif)), 6)


def test_a_broken_orientation_is_none(recwarn: pytest.WarningsRecorder) -> None:
    head = b"MM\x00\x2a\x00\x00\x00\x08"
    for data in (
        b"",
        b"MM",
        b"XX" + bytes(30),
        b"MM\x00\x2a\xff\xff\xff\xff" + bytes(20),
        head + b"\xff\xff" + bytes(20),
        head + b"\x00\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 77, 0),
        head + b"\x00\x01" + struct.pack(">HHI", 0x0112, 3, 1),
    ):
        assert_seven(digit_from_file(encoded(paper(), "JPEG", exif=b"Exif\x00\x00" + data)), 4)
        payload = encoded(paper())
        place = payload.index(b"IDAT") - 4
        marked = payload[:place] + chunk(b"eXIf", data) + payload[place:]
        assert_seven(digit_from_file(marked), 4)
    assert not recwarn.list  # nor does the log hear of it


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [Image.new("L", (400, 400), 0), Image.new("L", (400, 400), 128)]
    animation = encoded(paper(), save_all=True, append_images=frames, default_image=False)
    assert b"acTL" in animation
    assert_seven(digit_from_file(animation), 4)
    camera = encoded(paper(), "MPO", save_all=True, append_images=frames)
    assert_seven(digit_from_file(camera), 4)


@pytest.mark.parametrize("dark", [False, True], ids=["on white", "on black"])
@pytest.mark.parametrize("pen", [0.012, 0.03, 0.095])
def test_a_photo_of_a_sheet(pen: float, dark: bool) -> None:
    """Light that falls off, noise, dust, a digit off the centre, as a JPEG."""
    random = np.random.default_rng(5)
    y, x = np.mgrid[:1500, :1100]
    levels = 205 - 60 * x / 1100 + 40 * y / 1500
    part = levels[800:1400, 350:950]
    part += rasterize(Strokes(SEVEN, pen), 600) * (60 - part)
    levels += random.normal(0, 6, levels.shape)
    for top, left in random.integers(0, 1090, (20, 2)):
        levels[top : top + 5, left : left + 5] -= 80
    levels = 255 - levels if dark else levels
    photo = Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
    expected = normalize(rasterize(Strokes(SEVEN, max(pen, 0.068)), 600))
    assert_seven(digit_from_file(encoded(photo, "JPEG", quality=80)), 14, expected)


def test_digits_of_mnist_come_back() -> None:
    digits = Dataset().images("test")[:100]
    for digit in digits:
        for levels in (digit, 255 - digit):
            picture = digit_from_file(encoded(Image.fromarray(levels)))
            assert np.corrcoef(picture.ravel(), digit.ravel())[0, 1] > 0.6
            assert abs(int(picture.sum()) / int(digit.sum()) - 1) < 0.2
    gaps = [
        np.abs(digit_from_file(encoded(Image.fromarray(digit))).astype(int) - digit).mean()
        for digit in digits
    ]
    assert np.median(gaps) < 4


def test_the_largest_that_is_let_in() -> None:
    """Within 2 seconds; in memory, see below."""
    for mode, kind in (("RGBA", "PNG"), ("CMYK", "JPEG"), ("RGB", "JPEG")):
        payload = encoded(paper().resize((MAX_SIDE, MAX_SIDE)).convert(mode), kind)
        assert len(payload) < MAX_BYTES
        start = time.process_time()
        assert_seven(digit_from_file(payload))
        assert time.process_time() - start < 2


# --- hostile files ------------------------------------------------------------------------------


def test_what_is_no_picture_is_refused() -> None:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("digit.png", encoded(paper()))
    markup = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for payload in (
        b"",
        b"\x00",
        b"digit.png",
        markup,
        archive.getvalue(),
        b"\x89PNG",
        b"\xff\xd8",
    ):
        assert NO_PICTURE in refusal(payload)
    for kind in ("GIF", "BMP", "TIFF", "WEBP", "ICO", "PPM"):
        assert NO_PICTURE in refusal(encoded(paper(), kind))


def test_a_false_beginning_is_refused() -> None:
    for start in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"):
        for rest in (b"", bytes(100), b"\xff" * 5000, b"<script>alert(1)</script>" * 99):
            assert DAMAGED in refusal(start + rest)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "progressive"])
def test_a_file_cut_off_anywhere_is_refused(kind: str) -> None:
    options = {"progressive": True} if kind == "progressive" else {}
    payload = encoded(paper(120), "PNG" if kind == "PNG" else "JPEG", **options)
    for end in {*range(0, 400, 3), *range(400, len(payload) - 20, 41)}:
        message = refusal(payload[:end])
        assert DAMAGED in message or (end < 8 and NO_PICTURE in message)


def test_damage_is_refused_or_read(recwarn: pytest.WarningsRecorder) -> None:
    sentences: set[str] = set()
    random = np.random.default_rng(6)
    for kind, options in (("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True})):
        payload = encoded(paper(120), kind, **options)
        for _ in range(250):
            altered = bytearray(payload)
            for place in random.integers(0, len(payload), 3):
                altered[place] = random.integers(256)
            start = time.process_time()
            try:
                assert digit_from_file(bytes(altered)).shape == (28, 28)
            except InputError as error:
                sentences.add(str(error))
            assert time.process_time() - start < 2
    assert sentences <= {
        "The picture is damaged or cut off.",
        "The picture is larger than 4000 x 4000 pixels.",
        "There is no ink in the picture.",
        "The picture is too large for a progressive JPEG.",
        "The file is no PNG or JPEG picture.",
    }
    assert not recwarn.list


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (png(20_000, 20_000), TOO_LARGE),
        (png(4001, 1), TOO_LARGE),
        (png(1, 4001), TOO_LARGE),
        (png(2**31 - 1, 2**31 - 1), TOO_LARGE),
        (png(0, 0), DAMAGED),
        (png(0, 10), DAMAGED),
        (png(4000, 4000), DAMAGED),
        (png(4000, 4000, zlib.compress(bytes(1000))), DAMAGED),
        (png(28, 28, zlib.compress(bytes(29 * 28)), depth=3), DAMAGED),
        (bytes(MAX_BYTES + 1), "4 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_a_hostile_header_is_refused(payload: bytes, message: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start = time.process_time()
        assert message in refusal(payload)
        assert time.process_time() - start < 0.5


def test_a_large_jpeg_is_refused_by_its_header() -> None:
    payload = encoded(Image.new("L", (4008, 8)), "JPEG")
    large = payload.replace(struct.pack(">HH", 8, 4008), struct.pack(">HH", 20_000, 20_000))
    assert large != payload
    assert TOO_LARGE in refusal(large)
    assert TOO_LARGE in refusal(payload)


def test_a_jpeg_of_many_scans_is_refused() -> None:
    payload = encoded(paper(120), "JPEG", progressive=True)
    first = payload.index(b"\xff\xda")
    end = payload.index(b"\xff", first + 14)
    many = payload[:end] + payload[first:end] * 70 + payload[end:]
    assert "progressive" in refusal(many)
    large = Image.new("CMYK", (MAX_SIDE, MAX_SIDE))
    assert "progressive" in refusal(encoded(large, "JPEG", progressive=True))


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (2, 2), (28, 28), (500, 300)])
@pytest.mark.parametrize("level", [0, 127, 255])
def test_one_shade_has_no_ink(size: tuple[int, int], level: int) -> None:
    for kind in ("PNG", "JPEG"):
        assert NO_INK in refusal(encoded(Image.new("L", size, level), kind))


def test_what_can_hardly_be_seen_is_no_ink() -> None:
    faint = Image.eval(paper(), lambda level: 200 + level // 16)
    assert NO_INK in refusal(encoded(faint))
    noise = np.random.default_rng(7).normal(128, 30, (300, 300)).clip(0, 255).astype(np.uint8)
    assert NO_INK in refusal(encoded(Image.fromarray(noise)))
    assert NO_INK in refusal(encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 0))))


def test_lines_of_one_pixel_are_read() -> None:
    for size in ((1, 4000), (4000, 1), (3, 90)):
        image = Image.new("L", size, 255)
        image.paste(0, (0, 0, max(1, size[0] // 3), max(1, size[1] // 3)))
        picture = digit_from_file(encoded(image))
        assert picture.max() > 100


# What would inflate: data beyond the picture, texts, a colour profile; and endless small chunks.
BOMB = zlib.compress(bytes(200_000_000), 9)
TEXTS = b"".join(
    chunk(b"zTXt", b"k%d\0\0" % i + zlib.compress(bytes(1_000_000))) for i in range(60)
)
ROWS = zlib.compress(bytes(29 * 28))
BOMBS = {
    "data": png(28, 28, BOMB),
    "texts": png(28, 28, ROWS, TEXTS),
    "profile": png(28, 28, ROWS, chunk(b"iCCP", b"k\0\0" + BOMB)),
    "segments": b"\xff\xd8" + b"\xff\xfe\x00\x02" * 1_000_000 + b"\xff\xd9",
    "tables": b"\xff\xd8" + b"\xff\xdb\x00\x02" * 1_000_000 + b"\xff\xd9",
    "padding": b"\xff\xd8" + b"\xff" * 4_000_000,
    "chunks": png(28, 28, ROWS, b"")[:-12] + chunk(b"IDAT", b"") * 340_000,
}

PEAK = """
import sys, time
from vae_core.errors import InputError
from vae_core.explorer.server.image_files import digit_from_file

def status(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key))

payload = sys.stdin.buffer.read()
before, start = status("VmRSS"), time.process_time()
try:
    digit_from_file(payload)
except InputError:
    pass
print((status("VmHWM") - before) / 1024, time.process_time() - start)
"""


@pytest.mark.long  # measures time and memory
@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory's peak from /proc")
@pytest.mark.parametrize("name", [*BOMBS, "RGBA", "LA", "I;16", "RGB JPEG", "CMYK JPEG"])
def test_no_file_takes_more_than_100_mb_or_2_seconds(name: str) -> None:
    if name in BOMBS:
        payload = BOMBS[name]
    else:
        mode, _, jpeg = name.partition(" ")
        large = paper().resize((MAX_SIDE, MAX_SIDE))
        if mode == "I;16":
            large = Image.fromarray(np.asarray(large).astype(np.uint16) * 257)
        options = {"progressive": True, "subsampling": 0} if jpeg else {}
        payload = encoded(
            large if mode == "I;16" else large.convert(mode), jpeg or "PNG", **options
        )
    assert len(payload) < MAX_BYTES
    process = subprocess.run(
        [sys.executable, "-c", PEAK], cwd=ROOT, input=payload, capture_output=True, check=True
    )
    megabytes, seconds = map(float, process.stdout.split())
    assert megabytes < 105
    assert seconds < 2
