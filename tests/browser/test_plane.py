"""What the plane paints lies where NumPy says."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

from vae_core.experiments.choices import Choices
from vae_core.experiments.view import draw_epsilon
from vae_core.explorer.frontend import theme

from ..explore_page import choices, loaded, mnist
from .pages import OpenPage
from .panel import Panel, query_of, rgb

Array = NDArray[np.floating]

# A sample near the mean: its dot has the colour of the ellipse and must not touch it.
SEED = next(seed for seed in range(1000) if np.abs(draw_epsilon(seed, 1)).max() < 0.3)


def outermost(coloured: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Middles of the first and the last run of a row's coloured pixels."""
    places = np.flatnonzero(coloured)
    if not len(places):
        return None
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return runs[0].mean() + 0.5, runs[-1].mean() + 0.5


def crossings(
    coloured: NDArray[np.bool_], centre: Array, radius: Array, labels: bool
) -> Iterator[tuple[float, float]]:
    """Where an ellipse crosses the middles of rows: as painted and as computed.

    Args:
        coloured: pixels of the stroke's colour.
        centre: of the ellipse, x and y in pixels.
        radius: half axes, x and y in pixels.
        labels: whether the letter q, of the same colour, may stand beside the ellipse.
    """
    size = len(coloured)
    for row in range(size):
        dy = row + 0.5 - centre[1]
        # The cross of the mean covers the middle; at the ends a row runs along the stroke.
        if abs(dy) < 4 or abs(dy) > 0.85 * radius[1]:
            continue
        reach = radius[0] * np.sqrt(1 - (dy / radius[1]) ** 2)
        painted = outermost(coloured[row])
        for side, sign in enumerate((-1, 1)):
            expected = centre[0] + sign * reach
            if labels and abs(dy) < 10 and (sign > 0 or centre[0] + radius[0] > size - 30):
                continue
            if reach > 5 and 3 < expected < size - 3:
                yield (np.inf if painted is None else painted[side]), expected


def check_ellipse(panel: Panel, chosen: Choices) -> None:
    """The outer ellipse is q at 2 stddev, to within a pixel all around."""
    name = chosen.model
    mean, stddev = (a[chosen.image] for a in (loaded(name).mean, loaded(name).stddev))
    corner = panel.to_canvas(mean + 2 * chosen.scale * stddev)
    centre = panel.to_canvas(mean)
    radius = np.abs(corner - centre)
    colour = rgb(theme()["light"]["symbol"]["stddev"])
    coloured = np.abs(panel.pixels() - colour).max(axis=-1) < 40
    if panel.inset:
        left, top, side, _ = panel.inset
        coloured[max(0, top - 2) : top + side + 2, max(0, left - 2) : left + side + 2] = False
    rows = list(crossings(coloured, centre, radius, labels=True))
    columns = list(crossings(coloured.T, centre[::-1], radius[::-1], labels=False))
    assert len(rows) >= 4
    assert len(columns) >= 4
    for painted, expected in rows + columns:
        assert abs(painted - expected) <= 1


@pytest.mark.parametrize("name", ["sample", "mean"])
def test_the_ellipse_is_two_stddev_wide_at_every_zoom(open_page: OpenPage, name: str) -> None:
    # The widest q of the model within the prior's rings, so that it is more than a dot.
    model = loaded(name)
    near = np.flatnonzero(np.abs(model.mean).max(axis=1) < 2)
    image = int(near[model.stddev[near].min(axis=1).argmax()])
    chosen = choices(model=name, versus="none", image=image, k=1, seed=SEED, layer="tiles")
    panel = Panel(open_page(query_of(chosen), 1920, 1080))
    panel.wait_shown(f"image={image},", "k=1,")
    if not panel.inset:  # else it is of a few pixels, and the inset shows it
        check_ellipse(panel, chosen)  # the whole plane
    half = np.diff(panel.view)[0] / 2
    panel.find("button.zoom").click()
    assert np.diff(panel.view)[0] / 2 == pytest.approx(4 * model.stddev[image].max())
    check_ellipse(panel, chosen)
    panel.wheel(model.mean[image] + model.stddev[image], -200)
    panel.wheel(model.mean[image] - model.stddev[image], 80)
    check_ellipse(panel, chosen)
    panel.find("button.whole").click()
    assert np.diff(panel.view)[0] / 2 == pytest.approx(half)
    panel.wheel(model.mean[image], -150)
    check_ellipse(panel, chosen)


def test_the_multiplier_scales_the_ellipse(open_page: OpenPage) -> None:
    chosen = choices(versus="none", image=18, k=1, seed=SEED, scale=2.5, layer="tiles")
    panel = Panel(open_page(query_of(chosen), 1920, 1080))
    panel.wait_shown("image=18,", "scale=2.5")
    panel.find("button.zoom").click()
    panel.wheel(loaded("sample").mean[18], 600)
    check_ellipse(panel, chosen)


def isolated(panel: Panel, reach: float) -> list[int]:
    """Test images whose points have `reach` pixels around them to themselves."""
    model = loaded("sample")
    places = panel.to_canvas(model.mean)
    unit = panel.box[2] / np.diff(panel.view)[0]
    medians = [np.median(model.mean[mnist().labels == label], axis=0) for label in range(10)]
    names = panel.to_canvas(np.array(medians))
    inside = ((places > 24) & (places < panel.box[2] - 24)).all(axis=1)
    if panel.inset:
        left, top, side, _ = panel.inset
        corner = np.array([left, top])
        inside &= ~((places > corner - 12) & (places < corner + side + 12)).all(axis=1)
    found = []
    for i in np.flatnonzero(inside):
        distance = np.abs(places - places[i]).max(axis=1)
        distance[i] = np.inf
        ring = np.abs(np.hypot(*model.mean[i]) - np.array([1, 2, 3])).min() * unit
        name = np.abs(names - places[i]).max(axis=1).min()
        if distance.min() > reach and ring > reach + 2 and name > reach + 12:
            found.append(int(i))
    return found


def check_points(panel: Panel, images: list[int]) -> None:
    """Each of these points is painted in its class's colour where its mean of q is."""
    colours = theme()["light"]
    picture = panel.pixels().astype(np.float64)
    for image in images:
        x, y = panel.to_canvas(loaded("sample").mean[image])
        rows, columns = (slice(int(v) - 5, int(v) + 6) for v in (y, x))
        window = picture[rows, columns]
        # What lies below: the page, or a grid line of the axes along a whole row or column.
        below = [np.quantile(window, 0.8, axis=axis, keepdims=True) for axis in (0, 1)]
        ink = 255 - rgb(colours["classes"][mnist().labels[image]])
        share = (np.minimum(*below) - window) @ ink / (ink @ ink) / colours["pointAlpha"]
        share[share < 0.1] = 0
        assert 1 < share.sum() < 40
        assert np.average(np.arange(11), weights=share.sum(axis=0)) + int(x) - 4.5 == (
            pytest.approx(x, abs=1)
        )
        assert np.average(np.arange(11), weights=share.sum(axis=1)) + int(y) - 4.5 == (
            pytest.approx(y, abs=1)
        )


@pytest.fixture
def far_away(open_page: OpenPage) -> Page:
    """A page whose posterior lies outside of the cloud and has no width: it covers no point."""
    image = int(np.abs(loaded("sample").mean).max(axis=1).argmax())
    page = open_page(query_of(choices(versus="none", image=image, k=1, scale=0.0)), 1920, 1080)
    Panel(page).wait_shown(f"image={image},")
    return page


def test_points_lie_at_the_means_of_q_at_every_zoom(far_away: Page) -> None:
    panel = Panel(far_away)
    images = isolated(panel, 8)
    assert len(images) >= 3  # the outskirts
    check_points(panel, images)
    anchor = loaded("sample").mean[images[0]]
    for delta in (-700, -700):
        panel.wheel(anchor, delta)
        images = isolated(panel, 9)[:20]
        assert len(images) >= 5
        check_points(panel, images)
