"""Orders of the test images: each a permutation, largest first, by an exact number."""

import numpy as np
import pytest

from vae_core.experiments import orders
from vae_core.experiments.orders import ORDERS, sorted_images
from vae_core.inference.integrals import expected_loss
from vae_core.inference.loaded_model import LoadedModel
from vae_core.maths import gaussian

from .explore_page import loaded, mnist

CHOSEN = np.random.default_rng(11).choice(10_000, 300, replace=False)


def exact_slacks(model: LoadedModel, chosen: np.ndarray) -> np.ndarray:
    x, mean, stddev = mnist().pixels(chosen), model.mean[chosen], model.stddev[chosen]
    loss = expected_loss(model.network, model.grid, x, mean, stddev, tolerance=0.01)
    return loss.value + gaussian.kl(mean, stddev) + model.grid(x, 0.01).log_evidence


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_is_a_permutation(order: str) -> None:
    indices = sorted_images(order, loaded("sample"))
    assert np.array_equal(np.sort(indices), np.arange(10_000))


@pytest.mark.parametrize("order", ORDERS)
def test_without_a_posterior_there_is_only_the_order_of_the_data_set(order: str) -> None:
    assert np.array_equal(sorted_images(order, loaded("autoencoder")), np.arange(10_000))


def test_the_widest_q_comes_first() -> None:
    areas = loaded("sample").stddev.prod(axis=1)
    assert (np.diff(areas[sorted_images("stddev", loaded("sample"))]) <= 0).all()


def test_the_largest_slack_comes_first() -> None:
    model = loaded("sample")
    indices = sorted_images("slack", model)
    first = exact_slacks(model, indices[:20])
    assert (np.diff(first) <= 0.1).all()  # sorted by slacks good to 0.05 nat
    others = exact_slacks(model, CHOSEN)
    assert first[0] >= others.max()
    # Nor does the shortlist miss what belongs among its first.
    better = CHOSEN[others > first[-1] + 0.1]
    assert set(better) <= set(indices[:20])
    # The rest is ordered, if roughly: by the coarse lattice.
    place = np.argsort(indices)[CHOSEN]
    rank = np.corrcoef(np.argsort(np.argsort(place)), np.argsort(np.argsort(-others)))[0, 1]
    assert rank > 0.9


def test_an_image_without_evidence_comes_last_of_the_shortlist(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = loaded("sample")
    real = expected_loss

    def refused(*args: object, **settings: object) -> object:
        result = real(*args, **settings)  # type: ignore[arg-type]
        result.value[0] = np.nan
        return result

    monkeypatch.setattr(orders, "expected_loss", refused)
    slacks = orders._exact_slacks(model, mnist(), CHOSEN[:3])
    assert slacks[0] == -np.inf
    assert np.isfinite(slacks[1:]).all()
