"""What the explorer shows, as plain functions: one view, and an experiment for each claim.

    from vae_core import experiments

    model = experiments.load_model(Path("assets/models/sample"))
    experiments.compute_view(model, experiments.Choices(image=7)).rows()
    experiments.expectation(model, image=7).verdict

Each module `claim_NUMBER_NAME` has its `EXPERIMENT`; all are found here, by name: `expectation`,
`one_sample`, `mean_objective`, `point`, `families_of_q`, `prior`, `recipe`, `trained_on_means`,
`one_nat`.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ..inference.loaded_model import LoadedModel, load_model
from .choices import Choices
from .experiment import Experiment, Outcome
from .quantity import Quantity
from .view import View, compute_view

__all__ = [
    "Choices",
    "Experiment",
    "LoadedModel",
    "Outcome",
    "Quantity",
    "View",
    "all_experiments",
    "compute_view",
    "load_model",
]


@cache
def all_experiments() -> dict[str, Experiment]:
    """The experiments by name, in the order of their claims."""
    names = [module.name for module in iter_modules(__path__) if module.name.startswith("claim_")]
    found = [import_module(f"{__name__}.{name}").EXPERIMENT for name in names]
    return {one.name: one for one in sorted(found, key=lambda one: one.number)}


def __getattr__(name: str) -> Experiment:
    experiments = {} if name.startswith("_") else all_experiments()
    if name not in experiments:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return experiments[name]


def __dir__() -> list[str]:
    return [*__all__, *all_experiments()]
