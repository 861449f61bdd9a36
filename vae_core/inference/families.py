"""Families of q, each fitted to the true posterior of one image.

    -ELBO(q) = E_q[-log p(x|z)] + KL(q ‖ N(0, I)) = KL(q ‖ p(z|x)) - log p(x)

is minimised with the decoder interpolated from a lattice. The figures of the fits come from the
decoder itself: they are true of the q found, however good it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Array
from ..errors import InputError
from ..maths.densities import FAMILIES, Parameters, laplace_kl, uniform_kl
from .fitting import SHAPES, Search
from .true_posterior import TruePosterior

__all__ = ["FAMILIES", "Fit", "TruePosterior", "fit", "fit_all", "laplace_kl", "uniform_kl"]


ORDERS = (12, 16, 24, 32, 48)  # of the quadrature of the decoder, less its interpolation
TOLERANCE = 1e-3  # nats


@dataclass(frozen=True)
class Fit:
    """The member of a family closest to p(z|x), and how close.

    Attributes:
        family: one of `FAMILIES`.
        parameters: `mean` `(2,)`, and by family: `stddev` `()` (isotropic) or `(2,)` (diagonal,
            flow), `covariance` `(2, 2)` (full), `scale` `(2,)` (laplace), `half_width` `(2,)`
            (uniform); also `w` `(2,)`, `u` `(2,)` and `b` `()` (flow), where
            z = z₀ + u tanh(w·z₀ + b) and z₀ ~ N(mean, stddev²).
        kl: of q to the prior N(0, I), in nats.
        negative_elbo: E_q[-log p(x|z)] + kl by the decoder, in nats.
        slack: KL(q ‖ p(z|x)) = -ELBO + log p(x), in nats.
        error: how far `slack` may be off, in nats: twice the larger of the last two changes of each
            quadrature, of which one has no folds and the other is small, and the bound of log p(x).
    """

    family: str
    parameters: Parameters
    kl: float
    negative_elbo: float
    slack: float
    error: float

    def log_prob(self, z: Array) -> Array:
        """Log density of q at z, `(..., 2)` to `(...)`, in nats."""
        return FAMILIES[self.family].log_prob(self.parameters, z)


def fit(family: str, posterior: TruePosterior, start: tuple[Array, Array] | None = None) -> Fit:
    """The member of a family with the least KL(q ‖ p(z|x)).

    Args:
        family: one of `FAMILIES`.
        posterior: of one image.
        start: mean and stddev, `(2,)` each, of a Gaussian from where to search as well, such as
            the encoder's.

    Returns:
        The best fit found.

    Raises:
        InputError: no such family.
    """
    return fit_all(posterior, (family,), start)[family]


def fit_all(
    posterior: TruePosterior,
    families: Sequence[str] = (*FAMILIES,),
    start: tuple[Array, Array] | None = None,
) -> dict[str, Fit]:
    """Fits of several families, each no worse than those of the families that it contains.

    Args:
        posterior: of one image.
        families: some of `FAMILIES`.
        start: as for `fit`.

    Returns:
        The best fit found of each family.

    Raises:
        InputError: no such family.
    """
    for family in families:
        if family not in FAMILIES:
            raise InputError(
                f"Invalid family. Expected one of {', '.join(FAMILIES)}. Received: {family!r}"
            )
    search = Search(posterior, start)
    fits: dict[str, Fit] = {}

    def best(family: str) -> Fit:
        if family not in fits:
            found = _measure(family, search(family), posterior)
            for smaller in SHAPES[family].within:
                inner = best(smaller)
                widen = SHAPES[family].widen
                if widen and inner.negative_elbo < found.negative_elbo:
                    mean, stddev = inner.parameters["mean"], inner.parameters["stddev"]
                    found = replace(
                        inner, family=family, parameters=widen(mean, stddev * np.ones(2))
                    )
            fits[family] = found
        return fits[family]

    return {family: best(family) for family in families}


def _measure(family: str, parameters: Parameters, posterior: TruePosterior) -> Fit:
    """The figures of a q, by the decoder.

    E[loss] = E[interpolated] + E[loss - interpolated]: the first is cheap, the second small.
    """
    rough, spread = _settled(
        lambda z: posterior.interpolated_loss(z)[0],
        family,
        parameters,
        SHAPES[family].fine_orders,
    )
    correction, change = _settled(
        lambda z: posterior.loss(z) - posterior.interpolated_loss(z)[0],
        family,
        parameters,
        ORDERS,
    )
    kl = FAMILIES[family].kl(parameters)
    negative_elbo = rough + correction + kl
    slack = negative_elbo + posterior.log_evidence
    return Fit(family, parameters, kl, negative_elbo, slack, spread + change + posterior.error)


def _settled(
    loss: Callable[[Array], Array], family: str, parameters: Parameters, orders: Sequence[int]
) -> tuple[float, float]:
    """E_q[loss] by quadrature of rising order, and twice the larger of its last two changes."""
    values: list[float] = []
    change = np.inf
    for order in orders:
        nodes, weights = FAMILIES[family].rule(order)
        values.append(float(weights @ loss(FAMILIES[family].push(parameters, nodes)[0])))
        if len(values) > 2:
            change = float(np.abs(np.diff(values[-3:])).max())
        if change < TOLERANCE:
            break
    return values[-1], 2 * change
