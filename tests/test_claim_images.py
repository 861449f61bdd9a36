"""No experiment raises, whatever the image: the extremes and others of `sample`, some elsewhere.

Run: all claims but the fifth, which has its own file, on a hundred random test images and on those
with the ten widest and the ten narrowest q of `sample`; those that follow the visitor's model also
under each other model on four images.
"""

import numpy as np
import pytest

from vae_core.experiments import claim_1_expectation as expectation
from vae_core.experiments import claim_2_one_sample as one_sample
from vae_core.experiments import claim_3_mean_objective as mean_objective
from vae_core.experiments import claim_4_point as point
from vae_core.experiments import claim_6_prior as prior
from vae_core.experiments import claim_7_recipe as recipe

from .claim_inputs import OTHERS, RANDOM, extremes, holds, pixels
from .explore_page import loaded

pytestmark = pytest.mark.long  # a hundred images


def run_under_a_model(name: str, image: int) -> None:
    """Computes and judges what the claims show of an image under a model."""
    model, x = loaded(name), pixels(image)
    if model.network.has_posterior:
        average = expectation.running_average(model, x, 0)
        assert np.isfinite(average.average).all()
        assert np.isfinite(average.error[1:]).all()
        holds(expectation.verdict(average))
        spread = one_sample.spread(model, x, 0)
        assert np.isfinite([spread.within_stddev, spread.between_stddev, spread.score]).all()
        assert spread.pathwise > 0
        holds(one_sample.verdict(spread))
    shrinking = point.shrink(model, x)
    assert np.isfinite(shrinking.negative_elbo).all()
    assert shrinking.slope == pytest.approx(-2, rel=0.01)
    holds(point.verdict(shrinking, model.network.has_posterior))


def run_comparisons(image: int) -> None:
    """Computes and judges what the claims with models of their own show of an image."""
    x = pixels(image)
    views = mean_objective.compare(*(loaded(name) for name in mean_objective.COMPARED), x=x)
    assert all(np.isfinite(view.slack) for view in views)
    holds(mean_objective.verdict(*views))
    codes = point.codes_of(loaded("autoencoder"), x)
    assert np.isfinite([codes.loss, codes.loss_with_noise]).all()
    found = [prior.generation(loaded(name), x) for name in prior.COMPARED]
    assert np.isfinite([(one.holes, one.test_evidence, one.evidence) for one in found]).all()
    prior.verdict(found[0], found[-1])
    terms = recipe.printed(loaded("blog"), x)
    assert np.isfinite([terms.printed, terms.negative_elbo]).all()
    holds(recipe.verdict(terms))
    settled = recipe.settled(loaded("blog"), x)
    assert all(np.isfinite([one.printed, one.negative_elbo]).all() for one in settled.values())


def test_claims_1_2_and_4() -> None:
    for image in (*extremes(), *RANDOM):
        run_under_a_model("sample", image)


def test_claims_3_6_and_7() -> None:
    for image in (*extremes(), *RANDOM):
        run_comparisons(image)


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_model(name: str) -> None:
    for image in (*extremes()[9:11], *RANDOM[:2]):
        run_under_a_model(name, image)
