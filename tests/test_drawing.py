"""Drawn digits: ink against the distance to each line, MNIST's frame, pictures in addresses."""

import time
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from vae_core.models.data import Dataset
from vae_core.models.drawn_digit import (
    MAX_POINTS,
    MAX_STROKES,
    Strokes,
    normalize,
    pack,
    rasterize,
    strokes_from_json,
    unpack,
)

Array = NDArray[np.floating]

LINES = (((0.1, 0.2), (0.8, 0.9), (0.9, -0.3)), ((0.5, 0.3),), ((1.2, 0.5), (1.5, 1.5)))
LIMIT = 524


@pytest.fixture(scope="module")
def digits() -> NDArray[np.uint8]:
    return Dataset().images("test")


def spiral(points: int) -> Strokes:
    turn = np.linspace(0, 9, points)
    x, y = 0.5 + 0.04 * turn * np.cos(turn), 0.5 + 0.04 * turn * np.sin(turn)
    return Strokes((tuple(zip(x.tolist(), y.tolist(), strict=True)),))


def slow_ink(strokes: Strokes, side: int) -> Array:
    """Ink by the distance of every pixel to every piece of every line."""
    y, x = np.mgrid[:side, :side]
    distance = np.full((side, side), np.inf)
    for line in strokes.lines:
        places = np.array(line) * side - 0.5
        for a, b in pairwise([places[0], *places]):
            along = b - a
            t = ((x - a[0]) * along[0] + (y - a[1]) * along[1]) / max(along @ along, 1e-12)
            t = np.clip(t, 0, 1)
            gap = np.hypot(x - a[0] - t * along[0], y - a[1] - t * along[1])
            distance = np.minimum(distance, gap)
    return np.clip(strokes.width * side / 2 + 0.5 - distance, 0, 1)


@pytest.mark.parametrize("width", [0.001, 0.095, 0.4])
@pytest.mark.parametrize("side", [28, 112])
def test_ink_is_the_distance_to_the_lines(width: float, side: int) -> None:
    strokes = Strokes(LINES, width)
    ink = rasterize(strokes, side)
    assert ink.shape == (side, side)
    np.testing.assert_allclose(ink, slow_ink(strokes, side), atol=1e-4)


def test_ink_of_one_dot_and_of_one_line() -> None:
    dot = rasterize(Strokes((((0.5, 0.5),),), width=0.25), side=112)
    assert dot.sum() == pytest.approx(np.pi * 14**2, rel=1e-2)
    np.testing.assert_array_equal(dot, dot[::-1, ::-1])
    np.testing.assert_array_equal(dot, dot.T)
    line = rasterize(Strokes((((0.25, 0.5), (0.75, 0.5)),), width=0.25), side=112)
    assert line.sum() == pytest.approx(np.pi * 14**2 + 56 * 28, rel=1e-2)


def test_without_lines_there_is_no_ink() -> None:
    for lines in ((), (((1.5, 1.5),),), (((-0.5, -0.4), (-0.4, 1.5)),)):
        ink = rasterize(Strokes(lines))
        assert not ink.any()
        assert not normalize(ink).any()


def test_more_points_on_a_line_change_nothing() -> None:
    ends = (np.array([0.1, 0.3]), np.array([0.9, 0.6]))
    many = tuple(tuple(ends[0] + t * (ends[1] - ends[0])) for t in np.linspace(0, 1, 400))
    few = (tuple(ends[0]), tuple(ends[1]))
    np.testing.assert_allclose(rasterize(Strokes((many,))), rasterize(Strokes((few,))), atol=1e-4)


def test_it_keeps_up_with_the_pen() -> None:
    def milliseconds(strokes: Strokes) -> float:
        start = time.process_time()
        pack(normalize(rasterize(strokes)))
        return 1000 * (time.process_time() - start)

    assert min(milliseconds(spiral(500)) for _ in range(10)) < 15
    # The worst that is let in: every line crosses the whole pad.
    points = np.random.default_rng(0).uniform(-0.5, 1.5, (MAX_POINTS, 2)).tolist()
    worst = strokes_from_json([points])
    assert worst is not None
    assert milliseconds(worst) < 3000


# --- normalize ----------------------------------------------------------------------------------


def box(picture: Array) -> tuple[int, int]:
    """Height and width of what is not black."""
    inked = picture > 0
    rows, columns = (np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0))
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


def centre(picture: Array) -> Array:
    return (
        np.array([picture.sum(1) @ np.arange(28), picture.sum(0) @ np.arange(28)]) / picture.sum()
    )


def test_digits_of_mnist_stay_as_they_are(digits: NDArray[np.uint8]) -> None:
    # The frame is theirs: 20 pixels, the centre of mass in the middle. Only faint pixels at the
    # edge of the box may go, and a centre that lies between two pixels goes to either.
    same = 0
    for digit in digits[:1000]:
        firm = np.where(digit > 26, digit, 0).astype(int)
        assert max(box(firm)) == 20
        picture = normalize(digit / 255).astype(int)
        same += np.abs(picture - firm).max() <= 26
    assert same >= 990


@pytest.mark.parametrize("size", [(0.8, 0.4), (0.2, 0.7), (0.1, 0.05), (0.9, 0.9)])
@pytest.mark.parametrize("corner", [(0.05, 0.05), (0.03, 0.1)])
def test_any_size_and_place_give_the_same_frame(
    size: tuple[float, float], corner: tuple[float, float]
) -> None:
    shape = np.array([[0, 0], [1, 0.1], [0.3, 0.6], [0.9, 1]]) * size + corner
    strokes = Strokes((tuple(map(tuple, shape.tolist())),))
    picture = normalize(rasterize(strokes))
    assert picture.dtype == np.uint8
    assert max(box(picture)) == 20
    assert np.abs(centre(picture) - 14).max() <= 0.5 + 1e-9


def test_a_larger_drawing_is_the_same_picture() -> None:
    small = Strokes(spiral(200).lines, 0.1)
    half = Strokes((tuple((x / 2, y / 2) for x, y in small.lines[0]),), 0.05)
    difference = normalize(rasterize(small)).astype(int) - normalize(rasterize(half))
    assert np.abs(difference).mean() < 6


def test_resampling_keeps_the_share_of_ink() -> None:
    random = np.random.default_rng(1)
    for shape in ((10, 7), (40, 40), (33, 90), (257, 100)):
        ink = random.uniform(0.2, 1, shape)
        picture = normalize(ink) / 255
        assert max(box(picture)) == 20
        scale = max(shape) / 20
        assert picture.sum() * scale**2 == pytest.approx(ink.sum(), rel=5e-3)


def test_a_lopsided_digit_stays_within_the_picture() -> None:
    ink = np.zeros((60, 60))
    ink[:10, :10] = 1
    ink[-1, :] = ink[:, -1] = 0.15
    picture = normalize(ink)
    assert box(picture) == (20, 20)
    assert picture[8:, 8:].any()
    assert picture[-1].any()  # as far as it can go


def test_one_pixel_fills_the_frame() -> None:
    for side in (1, 5, 300):
        ink = np.zeros((side, side))
        ink[side // 2, side // 3] = 1
        assert box(normalize(ink)) == (20, 20)


def test_drawn_ink_resembles_that_of_mnist(digits: NDArray[np.uint8]) -> None:
    """A figure as large as people draw has MNIST's share of ink and of full white."""
    # Without closed forms: an eight, 0.7 of the pad high.
    turn = np.linspace(0, 2 * np.pi, 80)
    figure = np.stack([0.5 + 0.18 * np.sin(2 * turn), 0.5 - 0.3 * np.cos(turn)], axis=-1)
    drawn = normalize(rasterize(Strokes((tuple(map(tuple, figure.tolist())),)))) / 255
    eights = digits[Dataset().labels("test") == 8] / 255
    low, high = np.quantile(eights.mean(axis=(1, 2)), [0.1, 0.9])
    assert low < drawn.mean() < high
    low, high = np.quantile((eights > 0.98).sum((1, 2)) / (eights > 0).sum((1, 2)), [0.1, 0.9])
    assert low < (drawn > 0.98).sum() / (drawn > 0).sum() < high


# --- pack and unpack ----------------------------------------------------------------------------


def quantised(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (17 * np.rint(picture / 17)).astype(np.uint8)


@pytest.mark.long  # ten thousand
def test_all_test_images_fit_an_address(digits: NDArray[np.uint8]) -> None:
    lengths = []
    for digit in digits:
        text = pack(digit)
        back = unpack(text)
        assert back is not None
        np.testing.assert_array_equal(back, quantised(digit))
        assert pack(back) == text
        lengths.append(len(text))
    assert np.median(lengths) < 160
    assert max(lengths) < 240


def test_any_picture_fits_an_address() -> None:
    random = np.random.default_rng(2)
    pictures = [np.full((28, 28), level, np.uint8) for level in range(0, 256, 5)]
    for share in np.linspace(0, 1, 40):
        inked = random.random((28, 28)) < share
        pictures += [inked * random.integers(0, 256, (28, 28), np.uint8), inked * np.uint8(255)]
    kinds = set()
    for picture in pictures:
        text = pack(picture)
        assert len(text) <= LIMIT
        assert text.isascii()
        assert text.replace("-", "").replace("_", "").isalnum()
        back = unpack(text)
        assert back is not None
        np.testing.assert_array_equal(back, quantised(picture))
        kinds.add(text[0])
    assert len(kinds) == 2


def test_levels_end_at_black_and_white() -> None:
    picture = np.arange(784, dtype=np.uint16).reshape(28, 28) % 256
    back = unpack(pack(picture.astype(np.uint8)))
    assert back is not None
    assert set(back.ravel().tolist()) == set(range(0, 256, 17))
    assert np.abs(back.astype(int) - picture).max() <= 8


def test_hostile_texts_are_no_pictures(digits: NDArray[np.uint8]) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (28, 28), np.uint8)
    texts: list[object] = [None, 7, b"rAAA", ["r"], "", "r", "p", "rA", "é" * 40, "\x00" * 200]
    texts += ["r" * 8192, "p" * 8192, "A" * 8192, "😀" * 200, "r٣٣٣", "r" + "x" * 523, "p" * 524]
    for good in (pack(digits[0]), pack(noise), pack(np.zeros((28, 28), np.uint8))):
        body = good[1:]
        texts += [body, "x" + body, "R" + body, "rp"["rp".index(good[0]) - 1] + body]
        texts += [good + end for end in ("A", "=", "==", " ", "\n", "\x00", "é", good)]
        texts += [f" {good}", good.upper(), good.lower(), good.replace("A", "=")]
        texts += [good[:cut] for cut in range(len(good))]
    for text in texts:
        back = unpack(text)
        assert back is None or pack(back) == text
    assert sum(unpack(text) is not None for text in texts) <= 2  # "AAA" may be told in upper case


def test_only_one_text_tells_a_picture(digits: NDArray[np.uint8]) -> None:
    good = pack(digits[0])
    assert good[1] == "d"  # thirty pixels of black
    assert unpack(good.replace("d", "cA", 1)) is None
    noise = np.random.default_rng(3).integers(0, 256, (28, 28), np.uint8)
    last = pack(noise)[-1]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = letters[letters.index(last) + 1]  # 3136 bits leave two bits of the last letter
    assert unpack(pack(noise)[:-1] + spare) is None
    black = unpack(pack(np.zeros((28, 28), np.uint8)))
    assert black is not None
    assert not black.any()
    assert unpack("p" + "A" * 523) is None


def test_random_texts_are_answered_or_refused() -> None:
    random = np.random.default_rng(4)
    letters = list("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    for _ in range(3000):
        length = int(random.integers(1, 600))
        text = str(random.choice(["r", "p"])) + "".join(random.choice(letters, length))
        back = unpack(text)
        assert back is None or pack(back) == text


# --- strokes_from_json --------------------------------------------------------------------------


def test_strokes_come_as_lists() -> None:
    assert strokes_from_json([]) == Strokes(())
    value = [[[0, 0.5], [1, 1.5]], [[-0.5, 0.125]]]
    assert strokes_from_json(value) == Strokes((((0.0, 0.5), (1.0, 1.5)), ((-0.5, 0.125),)))
    assert strokes_from_json([[[0.5, 0.5]]] * MAX_STROKES) is not None
    assert strokes_from_json([[[0.5, 0.5]] * MAX_POINTS]) is not None


@pytest.mark.parametrize(
    "value",
    [
        *(None, 3, "[]", {}, {"0": [[0, 0]]}, ((0, 0),), [None], [3], ["ab"], [[]], [[[]]]),
        *([[[0.5]]], [[[0.5, 0.5, 0.5]]], [[["0.5", 0.5]]], [[[None, 0.5]]], [[[True, 0.5]]]),
        *([[{"x": 0, "y": 0}]], [[(0.5, 0.5)]], [[[[0.5], 0.5]]], [[[0.5, 0.5]], []]),
        *([[[float("nan"), 0]]], [[[0, float("inf")]]], [[[0, -1e300]]], [[[10**400, 0]]]),
        *([[[1.501, 0]]], [[[0, -0.501]]]),
        [[[0.5, 0.5]]] * (MAX_STROKES + 1),
        [[[0.5, 0.5]] * (MAX_POINTS + 1)],
        [[[0.5, 0.5]] * 101] * 50,
    ],
    ids=lambda value: str(value)[:30],
)
def test_anything_else_is_no_strokes(value: object) -> None:
    assert strokes_from_json(value) is None
