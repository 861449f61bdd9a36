"""What a model's own objective predicts of the price of σ, and where it predicts anything."""

import math

import numpy as np

from ..arrays import Array
from ..maths import estimators
from ..models.checkpoint import Metadata

__all__ = ["predicted_price", "predicts_price", "sigma_set_by"]


def sigma_set_by(trained: Metadata) -> str:
    """What in a model's objective holds its σ.

    Returns:
        `"price"`: the price of σ against the KL, both read the same σ; `"recipe"`: the same with
        the blog's two readings of one head; `"kl"`: the KL alone, which is least at 1;
        `"nothing"`: neither.
    """
    objective, beta = trained.training.trained_for, trained.training.beta
    if objective.points == "mean":
        return "kl" if objective.has_kl and beta > 0 else "nothing"
    return "price" if objective.head == "log_var" else "recipe"


def predicts_price(trained: Metadata) -> bool:
    """Whether the price of σ is predicted by (2 - tr Σ)/2: the price trained σ, at β = 1."""
    return sigma_set_by(trained) == "price" and trained.training.beta == 1


def predicted_price(trained: Metadata, stddev: Array, scale: float = 1.0) -> float:
    """What the optimum of a model's own objective predicts of the price, in nats.

    The price is taken to rise as σ², so that its slope in ln σ is twice itself. At the least
    price + β KL the slopes balance, d by d: price = β (1 - σ²)/2. The blog's head s enters the
    noise as σ = 0.1 eˢ and the KL as ln σ² = s, whose slope in s is (eˢ - 1)/2: there
    price = β (1 - eˢ)/4.

    Args:
        trained: of the model.
        stddev: of q as the model gives it, `(2,)`.
        scale: multiplier of `stddev`, which enters squared.

    Returns:
        NaN where the price had no part in training σ.
    """
    beta, kind = trained.training.beta, sigma_set_by(trained)
    if kind == "price":
        return scale**2 * beta * float(estimators.predicted_price(stddev))
    if kind == "recipe":
        return float(scale**2 * beta * np.sum(1 - stddev / 0.1) / 4)
    return math.nan
