"""Claim 5 raises on no image: the extremes and others of `sample`, some of the other models.

Run: the five simple families on a hundred random test images and on those with the ten widest and
the ten narrowest q of `sample`; the flow, which takes a second an image, on these twenty and ten
others; all six under each other model on two images.
"""

import numpy as np
import pytest

from vae_core.experiments import claim_5_families_of_q as families_of_q
from vae_core.inference.families import fit

from .claim_inputs import OTHERS, RANDOM, extremes, holds, pixels
from .explore_page import loaded

pytestmark = pytest.mark.long  # some two hundred images


def run_simple_families(name: str, image: int) -> families_of_q.Fits:
    """Computes and judges the fits of claim 5 but for the flow."""
    model = loaded(name)
    found = families_of_q.fit_simple(model, pixels(image))
    fits = found.fits
    assert set(fits) == set(families_of_q.SIMPLE)
    for one in fits.values():
        assert one.slack >= -one.error
    assert np.isfinite(found.density.values).all()
    if model.network.has_posterior:
        # One encoder for all images is no better than the best q of its kind for this one.
        allowed = fits["diagonal"].error + float(found.view.expected_loss.error[0])
        assert found.view.slack >= fits["diagonal"].slack - allowed
        holds(families_of_q.verdict(found.view, fits["diagonal"], fits["full"]))
    return found


def run_flow(found: families_of_q.Fits) -> None:
    start = (found.view.mean, found.view.stddev) if found.view.stddev.any() else None
    flow, diagonal = fit("flow", found.posterior, start), found.fits["diagonal"]
    assert flow.slack >= -flow.error
    assert flow.slack <= diagonal.slack + diagonal.error + flow.error


def test_simple_families() -> None:
    for image in RANDOM[10:]:
        run_simple_families("sample", image)


def test_with_the_flow() -> None:
    for image in (*extremes(), *RANDOM[:10]):
        run_flow(run_simple_families("sample", image))


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_model(name: str) -> None:
    found = [run_simple_families(name, image) for image in (extremes()[0], RANDOM[0])]
    run_flow(found[0])
