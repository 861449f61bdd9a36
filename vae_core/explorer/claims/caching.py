"""Results of experiments, shared by all who look at the same thing."""

from collections.abc import Callable
from typing import Any, TypeVar

from ...arrays import Array
from ...inference.loaded_model import LoadedModel
from ...memo import Memo
from ..server.computing import compute_for

__all__ = ["cached", "of_model"]

Result = TypeVar("Result")

_results = Memo(64)  # frozen ones, never changed


def cached(
    compute: Callable[..., Result], *models: LoadedModel, x: Array, **settings: Any
) -> Result:
    """`compute(*models, x=x, **settings)`, shared by all who look at the same thing."""
    key = (
        f"{compute.__module__}.{compute.__qualname__}",
        tuple(model.fingerprint for model in models),
        x.tobytes(),
        tuple(sorted(settings.items())),
    )
    return _results(key, lambda: compute_for("claims", lambda: compute(*models, x=x, **settings)))


def of_model(compute: Callable[[LoadedModel], Result], model: LoadedModel) -> Result:
    """`compute(model)`, which the model itself keeps, by a thread that computes for claims."""
    return compute_for("claims", compute, model)
