"""How numbers that come with an error are judged against dense ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from vae_core.experiments.choices import Choices
from vae_core.experiments.view import view_of
from vae_core.inference.loaded_model import LoadedModel, load_model
from vae_core.models.catalogue import MODELS

from .reference import kl, net
from .references import Stored
from .views import view

__all__ = ["EVIDENCE", "HALF_A_UNIT", "KL", "Judged", "complaints", "judged", "loaded"]

HALF_A_UNIT = 0.005  # nats: the page shows two decimals
WITHIN, FACTOR = 0.99, 3.0  # the share that lies within its bound, and where all do
SINGLE = 1e-6  # of a KL: what rounding may make of it
KL, EVIDENCE = "KL", "-log p(x)"


@dataclass(frozen=True)
class Judged:
    """One number of one view beside the dense one, in nats.

    Attributes:
        name: of the number.
        where: of which view.
        stated: the page's value.
        bound: how far the page says that it may be off.
        own: the dense value.
        error: how far that may be off.
    unit: how far the page's value may be off where it states no error.
    """

    name: str
    where: str
    stated: float
    bound: float
    own: float
    error: float
    unit: float = HALF_A_UNIT

    @property
    def exact(self) -> bool:
        """Whether the page writes no error beside it."""
        return self.bound < HALF_A_UNIT

    def beyond(self, factor: float = 1.0) -> bool:
        """Whether it is off by more than what is said, or than half a unit of the last digit."""
        allowed = self.unit if self.exact else factor * self.bound
        # Not `>`: what is no number is off.
        return not abs(self.stated - self.own) <= allowed + self.error

    def __str__(self) -> str:
        return (
            f"{self.name} of {self.where}: {self.stated:.4f} ± {self.bound:.4f}, "
            f"but {self.own:.4f} ± {self.error:.4f}"
        )


def complaints(numbers: Sequence[Judged]) -> str:
    """Nothing where what is exact is right, and enough of the others lie within their bounds."""
    lines, worst = [], []
    for name in dict.fromkeys(one.name for one in numbers):
        mine = [one for one in numbers if one.name == name]
        exact, bounded = ([n for n in mine if n.exact is said] for said in (True, False))
        wrong, outside = ([n for n in kind if n.beyond()] for kind in (exact, bounded))
        far = [n for n in bounded if n.beyond(FACTOR)]
        if wrong or far or len(outside) > (1 - WITHIN) * len(bounded):
            lines.append(
                f"{name}: {len(wrong)} of {len(exact)} exact ones are off by more than half a "
                f"unit; {len(outside)} of {len(bounded)} others lie beyond their bounds, "
                f"{len(far)} beyond three times"
            )
            wrong += outside
            worst += sorted(wrong, key=lambda one: -abs(one.stated - one.own))[:3]
    return "\n".join([*lines, *map(str, worst)])


@cache
def loaded(name: str) -> LoadedModel:
    """A shipped model, with the images of its data set."""
    return load_model(MODELS / name)


def judged(n: int, stored: Stored) -> list[Judged]:
    """The numbers of view `n` that have a dense value; -log p(x) only where the page answers."""
    one = view(n)
    page = view_of(loaded(one.model), one.x, Choices(k=1, scale=one.scale))
    shown = {row.key: row.error for row in page.rows()}
    loss, error = float(stored.value[n]), float(stored.error[n])
    evidence, evidence_error = float(stored.evidence[n]), float(stored.evidence_error[n])
    at_mean = float(net(one.model).losses(one.x, one.mean[None])[0])
    own_kl = kl(one.mean, one.scaled)
    page_kl = kl(page.mean.astype(np.float64), one.scale * page.stddev.astype(np.float64))
    found = []

    def add(name: str, stated: float, bound: float, own: float, error: float) -> None:
        where = f"view {n} ({one.model}, {one.kind} {one.note}, scale {one.scale})"
        unit = SINGLE * abs(own) if name == KL else HALF_A_UNIT
        found.append(Judged(name, where, stated, bound, own, error, unit))

    integral = page.expected_loss
    add("loss at the mean", page.loss_at_mean, 0.0, at_mean, 0.0)
    add("E over q of the loss", float(integral.value[0]), float(integral.error[0]), loss, error)
    if one.stddev.any():
        add("price", page.price, shown["price"], loss - at_mean, error)
    answered = math.isfinite(evidence) and not math.isnan(page.negative_log_evidence)
    if answered:
        bound = shown["negative_log_evidence"]
        add(EVIDENCE, page.negative_log_evidence, bound, evidence, evidence_error)
    if one.scaled.all():
        # Of the page's q: at σ near 1 the encoder's single precision alone makes 2e-6 of it.
        add(KL, page.kl, 0.0, page_kl, 0.0)
        add("-ELBO", page.negative_elbo, shown["negative_elbo"], loss + own_kl, error)
        if answered:
            slack, both = loss + own_kl - evidence, error + evidence_error
            add("slack", page.slack, shown["slack"], slack, both)
    return found
