"""Orders of the test images: by what sampling costs, by how wide q is, by the bound's slack."""

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, in_parts
from ..inference.integrals import expected_loss, rough_expected_loss
from ..inference.loaded_model import LoadedModel
from ..maths import gaussian
from ..models.test_images import TestImages

__all__ = ["ORDERS", "sorted_images"]


ORDERS: dict[str, str] = {
    "index": "in the order of the data set",
    "price": "largest price of σ first",
    "stddev": "widest q first",
    "slack": "largest slack of the bound first",
}
AT_ONCE = 500
COARSE_AT_ONCE = 64  # each image has a number for each of 16,384 cells
SHORTLIST = 200  # images whose slack is computed exactly: nobody steps through more
SLACK_TOLERANCE = 0.05  # nats


def sorted_images(order: str, model: LoadedModel) -> NDArray[np.intp]:
    """Indices of all test images in one of `ORDERS`."""
    if order == "index" or not model.has_posterior:
        return np.arange(len(model.mean))
    return model.once(("order", order), lambda: _sorted(order, model))


def _sorted(order: str, model: LoadedModel) -> NDArray[np.intp]:
    """Largest first."""
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
    """Price of σ, to the precision that an order needs."""

    def prices(part: slice) -> Array:
        x, mean, stddev = test.pixels(part), model.mean[part], model.stddev[part]
        loss = rough_expected_loss(model.network, model.grid, x, mean, stddev)
        return loss - model.network.reconstruction_loss(x, mean)

    return in_parts(prices, len(test.images), AT_ONCE)


def _slacks(model: LoadedModel, test: TestImages) -> Array:
    """Slack with the evidence of the coarse lattice: good to a few nats, enough for a shortlist."""

    def loss_and_evidence(part: slice) -> Array:
        x, mean = test.pixels(part), model.mean[part]
        joint = model.grid.log_joint(x)
        peak = joint.max(axis=1)
        evidence = peak + np.log(np.exp(joint - peak[:, None]).sum(axis=1))
        return model.network.reconstruction_loss(x, mean) + evidence

    rest = in_parts(loss_and_evidence, len(test.images), COARSE_AT_ONCE)
    return _prices(model, test) + rest + gaussian.kl(model.mean, model.stddev)


def _exact_slacks(model: LoadedModel, test: TestImages, chosen: NDArray[np.intp]) -> Array:
    x, mean, stddev = test.pixels(chosen), model.mean[chosen], model.stddev[chosen]
    loss = expected_loss(model.network, model.grid, x, mean, stddev, tolerance=SLACK_TOLERANCE)
    evidence = in_parts(
        lambda part: model.grid(x[part], SLACK_TOLERANCE).log_evidence, len(x), AT_ONCE // 10
    )
    slack = loss.value + gaussian.kl(mean, stddev) + evidence
    return np.where(np.isnan(slack), -np.inf, slack)  # refused: nothing to show
