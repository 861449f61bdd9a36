"""The coarse lattice: its joint density, and that no cell which may matter is left out."""

import numpy as np
import pytest

from tests.oracles import LinearGaussian, random_network
from vae_core.inference.coarse_lattice import RISE, CoarseLattice, Likelihood
from vae_core.maths import gaussian
from vae_core.models.settings import ModelConfig

SIDE = 64
BELOW = 30.0  # nats


def everywhere(joint: np.ndarray) -> np.ndarray:
    """How far each cell may rise, by parabolas over the whole plane, `(side, side)`."""
    field, rise = joint.reshape(SIDE, SIDE).astype(np.float64), np.zeros((SIDE, SIDE))
    for turned, above in ((field, rise), (field.T, rise.T)):
        before, here, after = turned[:-2], turned[1:-1], turned[2:]
        slope, bend = 0.5 * np.abs(after - before), 2 * here - before - after
        with np.errstate(divide="ignore", invalid="ignore"):
            top = np.where(2 * slope < bend, slope**2 / (2 * bend), 0.5 * slope - bend / 8)
        above[1:-1] += top
    return rise.ravel()


def decoders() -> list[Likelihood]:
    network = random_network(ModelConfig(image_shape=(6, 5), hidden=(16,)), seed=3)
    return [network, *(LinearGaussian.random(seed=2, noise=noise) for noise in (1.0, 0.1, 0.02))]


@pytest.mark.parametrize("decoder", decoders(), ids=["network", "wide", "narrow", "very narrow"])
def test_no_cell_that_may_matter_is_left_out(decoder: Likelihood) -> None:
    if isinstance(decoder, LinearGaussian):
        x = decoder.draw(np.random.default_rng(4).normal(size=(6, 2)), 5)
    else:
        x = np.random.default_rng(4).uniform(size=(6, 30)).astype(np.float32)
    lattice = CoarseLattice(decoder, 8.0, SIDE)
    joint = lattice.log_joint(x)
    (image, cell), rise = lattice.near(joint, np.full(len(x), BELOW))
    for i, row in enumerate(joint):
        expected = everywhere(row)
        of_image = image == i
        high = row > row.max() - BELOW
        assert set(np.flatnonzero(high)) <= set(cell[of_image])
        assert rise[of_image] == pytest.approx(RISE * expected[cell[of_image]], rel=1e-6, abs=1e-6)
        # What else the parabolas would let through lies so far below that no neighbour is near.
        rest = set(np.flatnonzero(row + RISE * expected > row.max() - BELOW)) - set(cell[of_image])
        for one in rest:
            p, q = divmod(one, SIDE)
            around = row.reshape(SIDE, SIDE)[max(p - 1, 0) : p + 2, max(q - 1, 0) : q + 2]
            assert around.max() < row.max() - BELOW


def test_some_cells_alone_have_the_joint_density_of_all() -> None:
    decoder = LinearGaussian.random(seed=3, noise=0.5)
    x = decoder.draw(np.zeros((2, 2)), 1)
    lattice = CoarseLattice(decoder, 6.0, SIDE)
    chosen = np.array([0, 17, 2000])
    z = lattice.centres(lattice.cells[chosen], 0)
    found = lattice.log_joint(x, chosen) + decoder.base(x)[:, None]
    np.testing.assert_allclose(found, lattice.log_joint(x)[:, chosen] + decoder.base(x)[:, None])
    features = decoder.features(z)
    likelihood = decoder.statistics(x) @ features.T - decoder.offset(features)
    expected = likelihood + decoder.base(x)[:, None] + gaussian.log_prob(z)
    np.testing.assert_allclose(found, expected + 2 * np.log(lattice.spacing), rtol=1e-10)


def test_images_are_ordered_by_where_they_lie() -> None:
    decoder = LinearGaussian.random(seed=4, noise=0.1)
    z = np.random.default_rng(6).normal(size=(50, 2))
    order = CoarseLattice(decoder, 8.0, SIDE).order(decoder.draw(z, 7), at_once=16)
    assert sorted(order) == list(range(50))
    ordered, drawn = (np.hypot(*np.diff(rows, axis=0).T).mean() for rows in (z[order], z))
    assert ordered < 0.6 * drawn
