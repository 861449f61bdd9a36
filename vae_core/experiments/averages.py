"""Test-set averages beside an image's numbers, from a model's metadata."""

import math
from dataclasses import dataclass

from ..models.checkpoint import Metadata
from .quantity import KINDS, Quantity, closed

__all__ = ["Averages", "averages_of"]


@dataclass(frozen=True)
class Averages:
    """The terms of -ELBO, averaged over all test images.

    Attributes:
        images: how many there are.
        rows: loss at the mean, price, KL and -ELBO, which close in the digits shown.
    """

    images: int
    rows: list[Quantity]

    def row(self, key: str) -> Quantity:
        """One of the averages, as it is shown."""
        return next(row for row in self.rows if row.key == key)


def averages_of(trained: Metadata, images: int) -> Averages | None:
    """The averages that `evaluate` found; None for a model that has none, or has no q.

    Args:
        trained: of the model.
        images: number of test images.
    """
    test = trained.test
    at_mean, expected = test.get("reconstruction_loss_at_mean"), test.get("reconstruction_loss")
    if at_mean is None or expected is None or test.get("negative_elbo") is None:
        return None
    values: dict[str, float | None] = {
        "loss_at_mean": at_mean,
        "price": expected - at_mean,
        "kl": test.get("kl"),
        "negative_elbo": test.get("negative_elbo"),
        "negative_log_evidence": test.get("negative_log_evidence"),
    }
    found = {key: math.nan if value is None else float(value) for key, value in values.items()}
    rows = [KINDS[key].of(value) for key, value in found.items()]
    return Averages(images, closed(rows))
