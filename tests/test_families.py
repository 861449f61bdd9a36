"""Families of q: densities and their KLs, and fits against closed forms and against each other."""

from functools import cache

import numpy as np
import pytest

from tests.oracles import LinearGaussian
from vae_core.errors import InputError
from vae_core.inference.evidence import EvidenceGrid
from vae_core.inference.families import (
    FAMILIES,
    Fit,
    TruePosterior,
    fit,
    fit_all,
    laplace_kl,
    uniform_kl,
)
from vae_core.inference.integrals import expected_loss
from vae_core.maths import gaussian
from vae_core.models import checkpoint
from vae_core.models.data import ASSETS, Dataset, pixels
from vae_core.models.network import Network

from .seldom import seldom

PARAMETERS = {
    "isotropic": {"mean": np.array([0.3, -0.2]), "stddev": np.array(0.5)},
    "diagonal": {"mean": np.array([0.3, -0.2]), "stddev": np.array([0.5, 0.2])},
    "full": {"mean": np.array([1.0, -0.5]), "covariance": np.array([[0.5, 0.3], [0.3, 0.4]])},
    "laplace": {"mean": np.array([0.7, 0.1]), "scale": np.array([0.3, 0.4])},
    "uniform": {"mean": np.array([0.7, 0.1]), "half_width": np.array([0.6, 0.8])},
    "flow": {
        "mean": np.array([0.3, -0.2]),
        "stddev": np.array([0.5, 0.4]),
        "w": np.array([2.0, -1.0]),
        "u": np.array([0.3, 1.4]),  # w·u = -0.8
        "b": np.array(0.4),
    },
}
MODELS = ["sample", "mean", "blog", "large"]
# Narrow posteriors (stddev 0.02 by 0.02), broad ones (0.06 by 0.9), bent ones, ones with several
# modes, and plain ones.
IMAGES = {
    "sample": [590, 171, 3794, 165, 8955, 9449, 4134, 8344],
    "mean": [9101, 8626, 2996],
    "blog": [5424, 5022, 8458],
    "large": [335, 8626],
}
PAIRS = [(name, i) for name in MODELS for i in IMAGES[name]]


@cache
def images() -> np.ndarray:
    return pixels(Dataset().images("test"))


@cache
def model(name: str) -> tuple[Network, EvidenceGrid]:
    network, _ = checkpoint.load(ASSETS / "models" / name)
    return network, EvidenceGrid(network)


@cache
def posterior(name: str, i: int) -> TruePosterior:
    network, grid = model(name)
    x = images()[i]
    return TruePosterior(lambda z: network.reconstruction_loss(x, z), grid(x[None], 1e-4))


@cache
def fits(name: str, i: int) -> dict[str, Fit]:
    mean, stddev = model(name)[0].encode(images()[i, None])
    return fit_all(posterior(name, i), start=(mean[0], stddev[0]))


def linear_posterior(decoder: LinearGaussian, seed: int) -> TruePosterior:
    x = decoder.draw(np.random.default_rng(seed).normal(size=(1, 2)), seed)
    evidence = EvidenceGrid(decoder)(x, tolerance=1e-8)
    return TruePosterior(lambda z: decoder.loss(x[0], z), evidence)


def plane(half_width: float, side: int) -> tuple[np.ndarray, float]:
    axis = (np.arange(side) + 0.5) / side * 2 * half_width - half_width
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), -1), (axis[1] - axis[0]) ** 2


def test_laplace_kl() -> None:
    assert laplace_kl(np.array([0.7]), np.array([0.3])) == pytest.approx(0.76476, abs=1e-5)
    assert laplace_kl(np.zeros(2), np.full(2, 0.5**0.5)) == pytest.approx(2 * 0.0724, abs=1e-4)
    scales = np.linspace(0.5, 1.0, 501)[:, None]
    assert scales[laplace_kl(np.zeros(1), scales).argmin()] == pytest.approx(0.5**0.5, abs=1e-3)


def test_uniform_kl() -> None:
    assert uniform_kl(np.array([0.7]), np.array([0.6])) == pytest.approx(1.04162, abs=1e-5)
    assert uniform_kl(np.zeros(2), np.full(2, 3**0.5)) == pytest.approx(2 * 0.1765, abs=1e-4)
    widths = np.linspace(1.0, 2.5, 1501)[:, None]
    assert widths[uniform_kl(np.zeros(1), widths).argmin()] == pytest.approx(3**0.5, abs=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_densities_integrate_to_one_and_give_their_kl(family: str) -> None:
    z, area = plane(6.0, 1200)
    log_prob = FAMILIES[family].log_prob(PARAMETERS[family], z)
    q = np.exp(log_prob) * area
    assert q.sum() == pytest.approx(1, abs=2e-3)
    with np.errstate(invalid="ignore"):
        terms = np.where(q > 0, q * (log_prob - gaussian.log_prob(z)), 0.0)
    assert FAMILIES[family].kl(PARAMETERS[family]) == pytest.approx(terms.sum(), abs=5e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_pushed_points_have_the_density_of_the_base_over_the_stretch(family: str) -> None:
    epsilon, _ = FAMILIES[family].rule(6)
    z, log_det = FAMILIES[family].push(PARAMETERS[family], epsilon)
    base = {
        "laplace": -np.abs(epsilon).sum(axis=-1) - 2 * np.log(2),
        "uniform": np.full(len(epsilon), -2 * np.log(2)),
    }.get(family, gaussian.log_prob(epsilon))
    received = FAMILIES[family].log_prob(PARAMETERS[family], z)
    np.testing.assert_allclose(received, base - log_det, rtol=0, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_stretch_is_the_determinant_of_the_jacobian(family: str) -> None:
    epsilon = np.random.default_rng(0).uniform(-0.9, 0.9, size=(10, 2))
    _, log_det = FAMILIES[family].push(PARAMETERS[family], epsilon)
    columns = [
        (
            FAMILIES[family].push(PARAMETERS[family], epsilon + e)[0]
            - FAMILIES[family].push(PARAMETERS[family], epsilon - e)[0]
        )
        / 2e-5
        for e in 1e-5 * np.eye(2)
    ]
    expected = np.log(np.linalg.det(np.stack(columns, axis=-1)))
    np.testing.assert_allclose(np.broadcast_to(log_det, 10), expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("noise", [2.0, 0.5, 0.1, 0.03])
@pytest.mark.parametrize("seed", range(2))
def test_linear_decoder(seed: int, noise: float) -> None:
    decoder = LinearGaussian.random(seed, noise)
    true = linear_posterior(decoder, seed)
    found = fit_all(true, ("isotropic", "diagonal", "full"))
    covariance = decoder.posterior_covariance()
    assert found["full"].slack == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(
        found["full"].parameters["covariance"], covariance, rtol=0, atol=5e-3 * covariance.max()
    )
    g = decoder.weight.T @ decoder.weight / noise**2
    square = g[0, 1] ** 2 / ((1 + g[0, 0]) * (1 + g[1, 1]))
    assert found["diagonal"].slack == pytest.approx(-0.5 * np.log(1 - square), abs=1e-4)
    precision = np.linalg.inv(covariance)
    np.testing.assert_allclose(
        found["diagonal"].parameters["stddev"], np.diagonal(precision) ** -0.5, rtol=5e-3
    )
    # The best isotropic precision is the mean of the precisions: AM against GM.
    isotropic = np.log(np.trace(precision) / 2) - 0.5 * np.linalg.slogdet(precision)[1]
    assert found["isotropic"].slack == pytest.approx(isotropic, abs=1e-4)


def test_flow_at_a_gaussian_posterior() -> None:
    found = fit_all(linear_posterior(LinearGaussian.random(0, 0.3), 0), ("diagonal", "flow"))
    assert -1e-4 < found["flow"].slack < 0.8 * found["diagonal"].slack


def test_laplace_and_uniform_at_a_round_posterior() -> None:
    # KL to a Gaussian N(m, σ² I) does not depend on m and σ: that to the prior at its least.
    decoder = LinearGaussian(np.eye(2), np.zeros(2), 0.2)
    true = linear_posterior(decoder, 0)
    found = fit_all(true, ("laplace", "uniform"))
    stddev = np.sqrt(decoder.posterior_covariance()[0, 0])
    assert found["laplace"].slack == pytest.approx(2 * 0.07236, abs=1e-4)
    assert found["uniform"].slack == pytest.approx(2 * 0.17648, abs=1e-4)
    scale, width = found["laplace"].parameters["scale"], found["uniform"].parameters["half_width"]
    np.testing.assert_allclose(scale, stddev * 0.5**0.5, rtol=5e-3)
    np.testing.assert_allclose(width, stddev * 3**0.5, rtol=5e-3)


@pytest.mark.parametrize("pair", seldom(PAIRS, PAIRS[:2]))
def test_order_of_the_families(pair: tuple[str, int]) -> None:
    name, i = pair
    found = fits(name, i)
    network, _ = model(name)
    x = images()[i]
    mean, stddev = network.encode(x[None])
    loss = expected_loss(network, model(name)[1], x[None], mean, stddev, 1e-3)
    encoder = float(loss.value[0] + gaussian.kl(mean, stddev)[0] + posterior(name, i).log_evidence)

    for one in found.values():
        assert one.error < 0.02
        assert one.slack > -one.error
        assert one.slack < 2.5  # no fit has run away

    def no_worse(larger: Fit, slack: float, error: float) -> bool:
        return larger.slack <= slack + error + larger.error

    isotropic, diagonal = found["isotropic"], found["diagonal"]
    assert no_worse(diagonal, isotropic.slack, isotropic.error)
    assert no_worse(found["full"], diagonal.slack, diagonal.error)
    assert no_worse(found["flow"], diagonal.slack, diagonal.error)
    assert no_worse(diagonal, encoder, loss.error[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_figures_are_those_of_the_density(family: str) -> None:
    true, one = posterior("sample", 165), fits("sample", 165)[family]
    rng = np.random.default_rng(1)
    epsilon = {
        "laplace": lambda: rng.laplace(size=(20_000, 2)),
        "uniform": lambda: rng.uniform(-1, 1, size=(20_000, 2)),
    }.get(family, lambda: rng.normal(size=(20_000, 2)))()
    z, _ = FAMILIES[family].push(one.parameters, epsilon)
    terms = one.log_prob(z) - true.log_joint(z)
    spread = terms.std() / np.sqrt(len(z))
    assert one.negative_elbo == pytest.approx(terms.mean(), abs=4 * spread + one.error)
    assert one.slack == pytest.approx(one.negative_elbo + true.log_evidence, abs=1e-9)
    prior = one.log_prob(z) - gaussian.log_prob(z)
    assert one.kl == pytest.approx(prior.mean(), abs=4 * prior.std() / np.sqrt(len(z)) + 1e-6)


def test_interpolated_loss_and_its_slope() -> None:
    true = posterior("sample", 165)
    u = np.random.default_rng(2).uniform(-9, 9, size=(300, 2))  # also outside the lattice
    z = true.to_plane(u)
    value, slope = true.interpolated_loss(z)
    bulk = np.abs(u).max(axis=1) < 3
    np.testing.assert_allclose(value[bulk], true.loss(z[bulk]), rtol=0, atol=0.1)
    for j, e in enumerate(1e-6 * np.eye(2)):
        step = true.interpolated_loss(z + e)[0] - true.interpolated_loss(z - e)[0]
        np.testing.assert_allclose(slope[:, j], step / 2e-6, rtol=1e-3, atol=1e-2)


def test_one_family_is_that_of_all() -> None:
    true = posterior("sample", 165)
    one, of_all = fit("full", true), fit_all(true, ("laplace", "full"))
    assert list(of_all) == ["laplace", "full"]
    assert one.negative_elbo == of_all["full"].negative_elbo


def test_unknown_family() -> None:
    with pytest.raises(InputError, match=r"Expected one of isotropic, .* Received: 'cauchy'"):
        fit("cauchy", posterior("sample", 165))


def test_evidence_of_several_images() -> None:
    network, grid = model("sample")
    with pytest.raises(InputError, match="Expected that of one image"):
        TruePosterior(lambda z: network.reconstruction_loss(images()[0], z), grid(images()[:2]))


def test_evidence_that_was_refused() -> None:
    decoder = LinearGaussian(np.eye(2), np.zeros(2), 0.05)
    x = np.array([[12.0, 0.0]])
    with pytest.raises(InputError, match="Expected a finite log p"):
        TruePosterior(lambda z: decoder.loss(x[0], z), EvidenceGrid(decoder)(x))
