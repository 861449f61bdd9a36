"""What the claims find by search or by counting, against own searches and finer counts."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from vae_core.experiments.claim_4_point import codes_of, shrink
from vae_core.experiments.claim_6_prior import COMPARED, RADIUS, generation
from vae_core.experiments.claim_7_recipe import settled

from ..seldom import seldom
from .claims import IMAGES, PAIRS, READ, Claims, picture
from .judging import HALF_A_UNIT, loaded
from .reference import kl, net, pictures
from .searches import READINGS, hole_share, printed, shrunk

STORED = Claims()
NUMBERS = tuple(range(len(PAIRS)))
SHARE_OFF = 0.0005
OFTEN_4, OFTEN_7 = (2, 7), (3,)  # of `PAIRS` and `IMAGES`: fashion and sample; one image


def off(stated: float, bound: float, own: Sequence[float]) -> str:
    """Nothing where a stated value is as near to an own one as it says, or half a unit."""
    value, error = own
    if abs(stated - value) <= max(bound, 0.0) + HALF_A_UNIT + error:
        return ""
    return f"{stated:.4f} ± {bound:.4f}, but {value:.4f} ± {error:.4f}"


@pytest.mark.parametrize("i", seldom(NUMBERS, often=OFTEN_4))
def test_claim_4_finds_the_least_bound_over_c(i: int) -> None:
    name, image = PAIRS[i]
    x = picture(name, image)
    found = shrink(loaded(name), x)
    wrong = off(found.bound.value, found.bound.error, STORED.bound[i])
    assert not wrong, f"least -ELBO of {name}, image {image}: {wrong}"
    curve = shrunk(net(name), x)
    there = curve(found.bound.at, False)
    wrong = off(found.bound.value, found.bound.error, there)
    assert not wrong, f"-ELBO at c = {math.exp(found.bound.at):.4f} of {name}, {image}: {wrong}"
    wrong = off(*found.at_one, curve(0.0, False))
    assert not wrong, f"-ELBO at c = 1 of {name}, image {image}: {wrong}"


@pytest.mark.parametrize("i", seldom(NUMBERS, often=OFTEN_4))
def test_claim_4_knows_what_noise_does_to_a_code(i: int) -> None:
    found = codes_of(loaded("autoencoder"), picture("autoencoder", IMAGES[i]))
    wrong = off(found.loss_with_noise, found.error, STORED.noisy[i])
    assert not wrong, f"image {IMAGES[i]}: {wrong}"


@pytest.mark.parametrize("i", seldom(range(READ), often=OFTEN_7))
def test_claim_7_settles_where_what_is_printed_is_least(i: int) -> None:
    x, model = picture("blog", IMAGES[i]), net("blog")
    found, prints = settled(loaded("blog"), x), printed(model, x)
    assert len(found) == len(READINGS)
    mean, _ = model.encode(x)
    for (name, one), reading, own in zip(found.items(), READINGS, STORED.printed[i], strict=True):
        where = f"{name}, image {IMAGES[i]}, σ = {one.sampled:.4f}"
        error = float(getattr(one, "error", 0.0))  # of what it prints, where it says so
        assert not off(one.printed, error, own), f"{where}: {off(one.printed, error, own)}"
        value, own_error = prints(reading)(math.log(one.sampled), False)
        wrong = off(one.printed, error, (value, own_error))
        assert not wrong, f"{where}, there: {wrong}"
        assert value <= own[0] + own[1] + own_error + error + HALF_A_UNIT, where
        assert one.described == pytest.approx(reading.described(one.sampled), rel=1e-6)
        both = kl(mean, np.full(2, one.sampled)) - kl(mean, np.full(2, one.described))
        wrong = off(one.negative_elbo, error, (value + both, own_error))
        assert not wrong, f"-ELBO of {where}: {wrong}"


@pytest.mark.parametrize("name", COMPARED)
def test_claim_6_counts_the_holes(name: str) -> None:
    found = generation(loaded(name), picture(name, IMAGES[0]))
    codes, _ = net(name).encode(pictures(name) / 255)
    assert found.holes == pytest.approx(hole_share(codes, RADIUS), abs=SHARE_OFF)


def test_claim_6_counts_the_holes_of_as_many_draws_of_the_prior() -> None:
    found = generation(loaded("sample"), picture("sample", IMAGES[0]))
    draws = np.random.default_rng(0).standard_normal((len(pictures("sample")), 2))
    assert found.chance == pytest.approx(hole_share(draws, RADIUS), abs=SHARE_OFF)
