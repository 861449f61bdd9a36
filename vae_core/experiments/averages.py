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
    values = {
        "loss_at_mean": trained.test.get("reconstruction_loss_at_mean"),
        "price": trained.test.get("jensen_gap"),
        "kl": trained.test.get("kl"),
        "negative_elbo": trained.test.get("negative_elbo"),
        "negative_log_evidence": trained.test.get("negative_log_evidence"),
    }
    found = {key: float(value) for key, value in values.items() if value is not None}
    if not {"loss_at_mean", "price", "kl", "negative_elbo"} <= found.keys():
        return None
    rows = [KINDS[key].of(found.get(key, math.nan)) for key in values]
    return Averages(images, closed(rows))
