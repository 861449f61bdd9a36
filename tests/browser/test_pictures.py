"""The pictures of a panel are those that NumPy decodes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from vae_core.experiments.view import compute_view
from vae_core.explorer.frontend import theme
from vae_core.maths.bernoulli import sigmoid

from ..explore_page import choices, loaded, mnist
from .pages import OpenPage
from .panel import Panel, query_of, rgb

Array = NDArray[np.floating]
K = 20


def grey(values: Array) -> Array:
    return np.clip(255 * values, 0, 255)


@pytest.fixture(params=["model", "versus"])
def side(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_pictures_and_losses_are_those_of_numpy(open_page: OpenPage, side: str) -> None:
    chosen = choices(image=18, k=K, seed=1)
    panel = Panel(open_page(query_of(chosen)), side)
    panel.wait_shown("image=18,")
    network = loaded(getattr(chosen, side)).network
    x = mnist().pixels(slice(18, 19))[0]
    view = compute_view(loaded(getattr(chosen, side)), chosen)
    samples = sigmoid(network.decode(view.z).astype(np.float64))
    at_mean = sigmoid(network.decode(view.mean).astype(np.float64))

    expected = {
        "x": grey(x),
        "mean": grey(at_mean),
        "sample": grey(samples[0]),
        "average": grey(samples.mean(axis=0)),
        "stddev": grey(2 * samples.std(axis=0)),
    }
    for name, picture in expected.items():
        assert panel.picture(f"figure.{name} canvas") == pytest.approx(picture, abs=1), name

    # Towards the colour of the sample where it has more ink, of the mean where it has less.
    colours = theme()["light"]
    zero, *ends = map(rgb, (colours["zero"], *(colours["symbol"][s] for s in ("mean", "sample"))))
    difference = (samples[0] - at_mean)[:, None]
    end = np.where(difference > 0, ends[1], ends[0])
    assert panel.pixels("figure.difference canvas").reshape(-1, 3) == pytest.approx(
        zero + np.abs(difference) * (end - zero), abs=1.5
    )

    rows = [panel.pixels(f".samples canvas >> nth={row}") for row in range(-(-K // 16))]
    for i in range(K):
        row, column = divmod(i, 16)
        cell = rows[row][1:29, column * 30 + 1 : column * 30 + 29]  # one pixel of margin
        assert (cell == cell[..., :1]).all()
        assert cell[..., 0].ravel() == pytest.approx(grey(samples[i]), abs=1)
    captions = [float(text) for text in panel.find(".samples span").all_inner_texts()]
    assert len(captions) == K
    losses = (np.logaddexp(0, network.decode(view.z)) - x * network.decode(view.z)).sum(axis=1)
    assert captions == pytest.approx(losses, abs=0.06)
