"""Digits drawn on the pad are digits to the encoder: their posterior means fall where theirs do.

24 test images of MNIST, chosen by a seed, are traced to pen strokes and drawn with the mouse, each
at another place of the pad and in another size.
"""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from vae_core.models import checkpoint
from vae_core.models.data import ASSETS, Dataset, pixels
from vae_core.models.drawn_digit import unpack

from .conftest import StartServer
from .pages import OpenPage
from .server import Server
from .test_pad import Pad

pytestmark = pytest.mark.long  # two dozen digits

Array = NDArray[np.floating]
Cell = tuple[int, int]

DIGITS = 24
LEAST = 20
FINER = 4  # pixels of the traced picture per pixel of MNIST
# Neighbours in the order of a clock from the top: row, column.
AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


# --- from a picture to strokes --------------------------------------------------------------------


def skeleton(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Lines of one pixel in the middle of the ink, after Zhang and Suen (1984)."""
    inked = np.pad(inked, 1)
    before = inked.sum() + 1
    while inked.sum() < before:
        before = inked.sum()
        for first in (True, False):
            around = [np.roll(inked, (-dy, -dx), (0, 1)) for dy, dx in AROUND]
            top, right, bottom, left = around[::2]
            count = np.sum(around, axis=0)
            steps = np.sum(
                [~a & b for a, b in zip(around, [*around[1:], around[0]], strict=True)], axis=0
            )
            if first:
                edge = ~(top & right & bottom) & ~(right & bottom & left)
            else:
                edge = ~(top & right & left) & ~(top & bottom & left)
            inked = inked & ~(edge & (count >= 2) & (count <= 6) & (steps == 1))
    return inked[1:-1, 1:-1]


def walks(cells: set[Cell]) -> Iterator[list[Cell]]:
    """Paths along the skeleton, straight on at crossings, until every step is made."""
    steps = {
        (y, x): {(y + dy, x + dx) for dy, dx in AROUND if (y + dy, x + dx) in cells}
        for y, x in cells
    }
    for start in sorted(cells, key=lambda cell: (len(steps[cell]) != 1, cell)):
        while steps[start]:
            path = [start]
            while ahead := steps[path[-1]]:
                here, earlier = np.array(path[-1]), np.array(path[max(0, len(path) - 5)])
                straight = here - earlier

                def fit(cell: Cell, here: Array = here, straight: Array = straight) -> float:
                    step = np.array(cell) - here
                    return float(straight @ step / np.hypot(*step) - 1e-3 * np.abs(step).sum())

                following = max(sorted(ahead), key=fit)
                ahead.discard(following)
                steps[following].discard(path[-1])
                path.append(following)
            yield path


def trace(digit: NDArray[np.uint8]) -> list[Array]:
    """Strokes `(points, 2)`, x and y in pixels of MNIST, that a pen draws the digit with."""
    centre = (np.arange(28 * FINER) + 0.5) / FINER - 0.5
    below = np.clip(np.floor(centre).astype(int), 0, 26)
    share = np.clip(centre - below, 0, 1)
    finer = np.zeros((28 * FINER, 28))
    finer[np.arange(28 * FINER), below] = 1 - share
    finer[np.arange(28 * FINER), below + 1] += share
    thin = skeleton(finer @ digit @ finer.T > 127)
    strokes = []
    for path in walks({(int(y), int(x)) for y, x in np.argwhere(thin)}):
        if len(path) < FINER:
            continue  # a corner between two neighbours
        line = (np.array(path, float)[:, ::-1] + 0.5) / FINER
        for _ in range(3):  # without the stairs of the pixels
            line[1:-1] = (line[:-2] + 2 * line[1:-1] + line[2:]) / 4
        strokes.append(line[sorted({*range(0, len(line), 5), len(line) - 1})])
    return strokes


def placed(strokes: list[Array], random: np.random.Generator) -> list[list[tuple[float, float]]]:
    """Strokes somewhere on the pad, the longest side of the digit 0.35 to 0.9 of the pad's."""
    every = np.concatenate(strokes)
    low, extent = every.min(axis=0), np.ptp(every, axis=0)
    size = random.uniform(0.35, 0.9) / extent.max()
    corner = random.uniform(0.04, 0.96 - extent * size)
    return [list(map(tuple, ((line - low) * size + corner).tolist())) for line in strokes]


# --- where the class lives ------------------------------------------------------------------------


def distances(mean: Array, points: Array) -> Array:
    """Squared Mahalanobis distances of means from the centre of a class's points."""
    gap = mean - points.mean(axis=0)
    return np.einsum("ni,ij,nj->n", gap, np.linalg.inv(np.cov(points.T)), gap)


@pytest.fixture(scope="module")
def server(browser: Browser, start_server: StartServer) -> Iterator[Server]:
    with start_server(script="tests/browser/pad_app.py") as server:
        yield server


def test_the_encoder_takes_drawn_digits_for_what_they_are(
    open_page: OpenPage, server: Server
) -> None:
    data = Dataset()
    images, labels = data.images("test"), data.labels("test")
    random = np.random.default_rng(24)
    chosen = random.choice(len(images), DIGITS, replace=False)
    assert len(set(labels[chosen])) >= 8
    pad = Pad(open_page(url=server.url))
    pictures = []
    for index in chosen:
        strokes = placed(trace(images[index]), random)
        pad.draw(strokes)
        pad.wait_sent(len(strokes))
        picture = unpack(pad.text)
        assert picture is not None
        pictures.append(picture)
        pad.button("Clear the pad").click()
        pad.wait_sent(0)
    network, _ = checkpoint.load(ASSETS / "models" / "sample")
    means = network.encode(pixels(images))[0]
    drawn = network.encode(pixels(np.array(pictures)))[0]
    inside = 0
    for mean, label in zip(drawn, labels[chosen], strict=True):
        points = means[labels == label]
        limit = np.quantile(distances(points, points), 0.95)
        inside += int(distances(mean[None], points)[0] <= limit)
    assert inside >= LEAST, f"{inside} of {DIGITS}"
