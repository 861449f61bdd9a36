"""Orders of the test images: by what sampling costs, by how wide q is, by the bound's slack."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from .. import gaussian
from ..evaluation import expected_loss
from .models import LoadedModel, TestImages, load_model

__all__ = ["ORDERS", "sorted_images"]

Array = NDArray[np.floating]

ORDERS: dict[str, str] = {
    "index": "in the order of the data set",
    "price": "largest price of sampling first",
    "stddev": "widest q first",
    "slack": "largest slack of the bound first",
}
AT_ONCE = 500
COARSE_AT_ONCE = 64  # each image has a number for each of 16,384 cells
SHORTLIST = 200  # images whose slack is computed exactly: nobody steps through more
SLACK_TOLERANCE = 0.05  # nats


def sorted_images(order: str, model: LoadedModel) -> NDArray[np.intp]:
    """Indices of all test images in one of `ORDERS`."""
    if order == "index" or not model.network.has_posterior:
        return np.arange(len(model.mean))
    return _sorted(order, model.name, model.fingerprint)


@st.cache_data(max_entries=16, show_spinner="Sorting the test images …")
def _sorted(order: str, name: str, fingerprint: str) -> NDArray[np.intp]:
    """Largest first; `fingerprint` is there for the cache."""
    model = load_model(name)
    test = model.test
    values = {"price": _prices, "stddev": _areas, "slack": _slacks}[order](model, test)
    indices = np.argsort(-values, kind="stable")
    if order == "slack":
        first = indices[:SHORTLIST]
        exact = _exact_slacks(model, test, first)
        indices[:SHORTLIST] = first[np.argsort(-exact, kind="stable")]
    return indices


def _areas(model: LoadedModel, test: TestImages) -> Array:
    return model.stddev.prod(axis=1)


def _prices(model: LoadedModel, test: TestImages) -> Array:
    """Price of sampling, to the precision that an order needs."""
    prices = np.zeros(len(test.images))
    for start in range(0, len(prices), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        x, mean, stddev = test.pixels(part), model.mean[part], model.stddev[part]
        loss = expected_loss(model.network, model.grid, x, mean, stddev, max_order=4)
        prices[part] = loss.value - model.network.reconstruction_loss(x, mean)
    return prices


def _slacks(model: LoadedModel, test: TestImages) -> Array:
    """Slack with the evidence of the coarse lattice: good to a few nats, enough for a shortlist."""
    loss = _prices(model, test)
    for start in range(0, len(loss), COARSE_AT_ONCE):
        part = slice(start, start + COARSE_AT_ONCE)
        x, mean = test.pixels(part), model.mean[part]
        joint = model.grid.log_joint(x)
        peak = joint.max(axis=1)
        evidence = peak + np.log(np.exp(joint - peak[:, None]).sum(axis=1))
        loss[part] += model.network.reconstruction_loss(x, mean) + evidence
    return loss + gaussian.kl(model.mean, model.stddev)


def _exact_slacks(model: LoadedModel, test: TestImages, chosen: NDArray[np.intp]) -> Array:
    x, mean, stddev = test.pixels(chosen), model.mean[chosen], model.stddev[chosen]
    loss = expected_loss(
        model.network, model.grid, x, mean, stddev, tolerance=SLACK_TOLERANCE, max_order=16
    )
    evidence = np.concatenate(
        [
            model.grid(x[i : i + AT_ONCE // 10], SLACK_TOLERANCE).log_evidence
            for i in range(0, len(x), AT_ONCE // 10)
        ]
    )
    slack = loss.value + gaussian.kl(mean, stddev) + evidence
    return np.where(np.isnan(slack), -np.inf, slack)  # refused: nothing to show
