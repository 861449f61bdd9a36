"""Fields over the plane against sums that share no code with them."""

import math

import numpy as np
import pytest

from vae_core.explorer.parts.layers import LAYERS
from vae_core.inference import latent
from vae_core.inference.loaded_model import LoadedModel

from .explore_page import loaded

SIDE = 48  # of the layer
CELLS = ((5, 7), (24, 24), (20, 30), (33, 11), (40, 40), (10, 35))


def price(model: LoadedModel, z: np.ndarray, stddev: float) -> float:
    """E_ε[KL(p(·|z) ‖ p(·|z + σε))] by Bernoulli terms, on 61² points over ±6σ."""
    e = np.linspace(-6, 6, 61)
    points = np.stack(np.meshgrid(e, e), axis=-1).reshape(-1, 2)
    weight = np.exp(-0.5 * (points**2).sum(axis=1))
    here = model.network.decode(z[None]).astype(np.float64)[0]
    moved = model.network.decode(z + stddev * points).astype(np.float64)
    p = np.exp(-np.logaddexp(0, -here))
    # KL = Σ p (l - l') - softplus(l) + softplus(l'), with the logits l and l'.
    kl = p * (here - moved) - np.logaddexp(0, here) + np.logaddexp(0, moved)
    return float(weight @ kl.sum(axis=1) / weight.sum())


@pytest.mark.parametrize(
    ("name", "stddev"),
    [("sample", 0.02), ("sample", 0.05), ("sample", 0.1), ("sample", 0.15), ("mean", 1.0)],
)
def test_the_price_field_is_that_of_a_dense_sum(name: str, stddev: float) -> None:
    model = loaded(name)
    extent = latent.extent_of(model.mean)
    field = latent.price_field(model.network, stddev, extent, SIDE)
    places = latent.cell_centres(extent, SIDE)
    for cell in CELLS:
        expected = price(model, places[cell], stddev)
        assert field.values[cell] == pytest.approx(expected, rel=0.035, abs=1e-3), cell


def test_the_layer_shows_the_largest_price_of_the_median_stddev() -> None:
    # Three nodes a direction were off by up to a fifth at σ = 1.
    model = loaded("mean")
    drawn = LAYERS["gap"].of_model(model) if LAYERS["gap"].of_model else None
    assert drawn is not None
    extent = latent.extent_of(model.mean)
    field = latent.price_field(model.network, 1.0, extent, SIDE)
    place = np.unravel_index(field.values.argmax(), field.values.shape)
    largest = price(model, latent.cell_centres(extent, SIDE)[place], 1.0)
    rounded = f"{largest:.1e}"
    assert drawn["caption"] == f"strongest: price of σ ≈ {float(rounded):.0f} nats at σ = 1.0"


def test_no_split_of_the_cells_makes_a_step() -> None:
    """The number of points is chosen by σ: the field does not jump where it changes."""
    model, extent, side = loaded("sample"), (-4.0, 4.0, -4.0, 4.0), 40
    cell = 8.0 / side
    for split in range(1, latent.MOST_SPLIT + 1):
        edge = latent.POINTS_A_STDDEV * cell / split
        below, above = (
            latent.price_field(model.network, edge * factor, extent, side).values
            for factor in (1 - 1e-6, 1 + 1e-6)
        )
        allowed = 0.05 if split == latent.MOST_SPLIT else 0.02  # nodes below, a lattice above
        difference = float(np.abs(below - above).mean() / above.mean())
        assert difference < allowed, (split, difference)
        assert math.ceil(latent.POINTS_A_STDDEV * cell / (edge * (1 + 1e-6))) == split
