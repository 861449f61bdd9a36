"""Families of q, each fitted to the true posterior of one image.

    -ELBO(q) = E_q[-log p(x|z)] + KL(q ‖ N(0, I)) = KL(q ‖ p(z|x)) - log p(x)

is minimised with the decoder interpolated from a lattice. The figures of the fits come from the
decoder itself: they are true of the q found, however good it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from . import densities, gaussian
from .densities import FAMILIES, Parameters, laplace_kl, uniform_kl
from .errors import InputError
from .true_posterior import TruePosterior

__all__ = ["FAMILIES", "Fit", "TruePosterior", "fit", "fit_all", "laplace_kl", "uniform_kl"]

Array = NDArray[np.floating]
Objective = Callable[[Array], tuple[float, Array]]

WITHIN = {
    "isotropic": (),
    "diagonal": ("isotropic",),
    "full": ("diagonal", "isotropic"),
    "laplace": (),
    "uniform": (),
    "flow": ("diagonal", "isotropic"),
}  # families with nothing that the family lacks, best first
FIT_ORDER = 14  # nodes per dimension while fitting
FLOW_ORDERS = (9, 16, 48)  # to try a flow, to finish it, to judge it
FLOW_STEPS = 25
FLOWS_FINISHED = 2
STEEPEST = 6.0  # |w| in units of the base: what the quadrature of a flow resolves
MOST_SQUEEZED = 0.95  # w·u > -0.95: at -1 the density is infinite on a line
STARTS = 3
PEAK_MARGIN = 8.0  # nats below the highest
MANY_PEAKS = 8
START_SCALES = (1.0, 0.5, 0.2)  # of the stddev of a start, to that of p(z_j | z_other, x)
FLOW_STARTS = [
    (np.cos(angle), np.sin(angle), b)
    for angle in np.pi * np.array([0.0, 0.25, 0.5, 0.75])
    for b in (-1.0, 0.0, 1.0)
]
ORDERS = (8, 12, 16, 24, 32, 48)  # of the quadrature of the decoder, less its interpolation
FINE_ORDERS = (32, 48, 64)  # of that of the interpolation
FINE_FLOW_ORDERS = (48, 64, 96)
TOLERANCE = 1e-3  # nats
COMPLEX_STEP = 1e-30
STEPS = 60
LEAST_GAIN = 1e-6  # nats that a step must promise


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
        error: last changes of the quadrature and of log p(x): how far `slack` may be off, in nats.
    """

    family: str
    parameters: Parameters
    kl: float
    negative_elbo: float
    slack: float
    error: float

    def log_prob(self, z: Array) -> Array:
        """Log density of q at z, `(..., 2)` to `(...)`, in nats."""
        return densities.log_prob(self.family, self.parameters, z)


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
    families: Sequence[str] = FAMILIES,
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
    search = _Search(posterior, start)
    return {family: search.best(family) for family in families}


class _Search:
    """The fits of one image, every family from those within it.

    A search is over `theta`: the middle of q in the frame of the lattice; logarithms of scales;
    what else a family has.
    """

    def __init__(self, posterior: TruePosterior, start: tuple[Array, Array] | None):
        self.posterior = posterior
        precision = np.linalg.inv(posterior.factor @ posterior.factor.T)
        self.unit = 1 / np.sqrt(np.diagonal(precision))  # stddev of p(z_j | z_other, x)
        self.start = start
        self.optima: dict[str, list[Array]] = {}
        self.fits: dict[str, Fit] = {}

    def best(self, family: str) -> Fit:
        """The best fit found, or a better one of a smaller family."""
        if family not in self.fits:
            found = self._measure(family, self._parameters(family, self._optima(family)[0]))
            for smaller in WITHIN[family]:
                inner = self.best(smaller)
                if inner.negative_elbo < found.negative_elbo:
                    found = replace(inner, family=family, parameters=_widen(inner, family))
            self.fits[family] = found
        return self.fits[family]

    def _optima(self, family: str) -> list[Array]:
        """Local minima of -ELBO over theta, best first."""
        if family not in self.optima:
            flow = family == "flow"
            objective = self._objective(family, FLOW_ORDERS[0] if flow else FIT_ORDER)
            steps = FLOW_STEPS if flow else STEPS
            results = [minimise(objective, theta, steps) for theta in self._starts(family)]
            if flow:
                # A steep flow can hide its bend between nodes: more of them sort and finish these.
                finer, judge = (self._objective(family, order) for order in FLOW_ORDERS[1:])
                results.sort(key=lambda result: judge(result[1])[0])
                results = [minimise(finer, theta, STEPS) for _, theta in results[:FLOWS_FINISHED]]
                results = [(judge(theta)[0], theta) for _, theta in results]
            results.sort(key=lambda result: result[0])
            distinct: list[Array] = []
            for _, theta in results:
                if all(np.abs(theta - other).max() > 0.05 for other in distinct):
                    distinct.append(theta)
            self.optima[family] = distinct
        return self.optima[family]

    def _starts(self, family: str) -> Sequence[Array]:
        if family == "isotropic":
            return self._peaks()
        if family == "diagonal":
            starts = [theta[[0, 1, 2, 2]] + self._ratio() for theta in self._optima("isotropic")]
            if self.start is not None:
                mean, stddev = self.start
                scales = np.log(np.maximum(stddev, 1e-6) / self.unit)
                starts.append(np.concatenate([self.posterior.to_frame(mean), scales]))
            return starts
        best = self._optima("diagonal")
        if family == "laplace":
            return [theta - np.array([0.0, 0.0, 0.35, 0.35]) for theta in best]
        if family == "uniform":
            return [theta + np.array([0.0, 0.0, 0.5, 0.5]) for theta in best]
        if family == "full":
            inverse = np.linalg.inv(self.posterior.factor)
            starts = [np.zeros(5)]
            for theta in best:
                wide = (inverse * (self.unit * np.exp(theta[2:])) ** 2) @ inverse.T
                factor = np.linalg.cholesky(wide)
                scales = np.log(np.diagonal(factor))
                starts.append(np.concatenate([theta[:2], scales, factor[[1], [0]]]))
            return starts
        return [np.array([*best[0], *start, 0.0, 0.0]) for start in FLOW_STARTS]

    def _ratio(self) -> Array:
        """From the scale of an isotropic q to those of a diagonal one."""
        scale = np.log(self.unit)
        return np.concatenate([[0.0, 0.0], scale.mean() - scale])

    def _peaks(self) -> Sequence[Array]:
        """The most promising of the peaks of p(z|x), each with some widths."""
        posterior = self.posterior
        joint = gaussian.log_prob(posterior.points) - posterior.losses
        padded = np.pad(joint, 1, constant_values=-np.inf)
        side = len(joint)
        around = [padded[i : i + side, j : j + side] for i in range(3) for j in range(3)]
        is_peak = (joint >= np.max(around, axis=0)) & (joint > joint.max() - PEAK_MARGIN)
        peaks = posterior.points[is_peak][np.argsort(-joint[is_peak])][:MANY_PEAKS]
        places = posterior.to_frame(np.concatenate([peaks, posterior.mean[None]]))
        objective = self._objective("isotropic", FIT_ORDER)
        thetas = [np.array([*u, np.log(scale)]) for u in places for scale in START_SCALES]
        thetas.sort(key=lambda theta: objective(theta)[0])
        starts: list[Array] = []
        for theta in thetas:
            if all(np.abs(theta - other)[:2].max() > 0.3 for other in starts):
                starts.append(theta)
        return starts[:STARTS]

    def _parameters(self, family: str, theta: Array) -> Parameters:
        """Parameters of q at `theta` `(..., number)`, real or complex."""
        parameters = {"mean": self.posterior.to_plane(theta[..., :2])}
        if family == "full":
            c = np.exp(theta[..., 2:4])
            zero = np.zeros_like(theta[..., 4])
            first = np.stack([c[..., 0], zero], axis=-1)
            second = np.stack([theta[..., 4], c[..., 1]], axis=-1)
            factor = self.posterior.factor @ np.stack([first, second], axis=-2)
            return parameters | {"covariance": factor @ np.swapaxes(factor, -1, -2)}
        if family == "isotropic":
            typical = np.exp(np.log(self.unit).mean())
            return parameters | {"stddev": typical * np.exp(theta[..., 2])}
        scale = self.unit * np.exp(theta[..., 2:4])
        if family != "flow":
            return parameters | {densities.SCALES.get(family, "stddev"): scale}
        # In units of the base: u = (a w + d w⊥) / |w|², so that w·u = a.
        w, b, c, d = theta[..., 4:6], theta[..., 6], theta[..., 7, None], theta[..., 8, None]
        w = w / np.sqrt(1 + (w**2).sum(axis=-1, keepdims=True) / STEEPEST**2)
        a = MOST_SQUEEZED * (np.exp(c) - 1)
        across = np.stack([-w[..., 1], w[..., 0]], axis=-1)
        u = (a * w + d * across) / (w**2).sum(axis=-1, keepdims=True)
        w = w / scale
        b = b - (w * parameters["mean"]).sum(axis=-1)
        return parameters | {"stddev": scale, "w": w, "u": scale * u, "b": b}

    def _objective(self, family: str, order: int) -> Objective:
        """-ELBO by the interpolated decoder, and its slope, at `theta`."""
        nodes, weights = densities.rule(family, order)
        posterior = self.posterior

        def objective(theta: Array) -> tuple[float, Array]:
            # One row for each derivative; every row has the same real part.
            steps = theta + 1j * COMPLEX_STEP * np.eye(len(theta))
            z, log_det = densities.push(family, self._parameters(family, steps), nodes)
            here = z[0].real
            loss, slope = posterior.interpolated_loss(here)
            value = weights @ (loss + 0.5 * (here**2).sum(axis=-1) - log_det[0].real)
            turn = np.einsum("p,pj,kpj->k", weights, slope + here, z.imag)
            stretch = (log_det.imag * weights).sum(axis=-1)
            return float(value), (turn - stretch) / COMPLEX_STEP

        return objective

    def _measure(self, family: str, parameters: Parameters) -> Fit:
        """The figures of a q, by the decoder.

        E[loss] = E[interpolated] + E[loss - interpolated]: the first is cheap, the second small.
        """
        posterior = self.posterior
        rough, spread = _settled(
            lambda z: posterior.interpolated_loss(z)[0],
            family,
            parameters,
            FINE_FLOW_ORDERS if family == "flow" else FINE_ORDERS,
        )
        correction, change = _settled(
            lambda z: posterior.loss(z) - posterior.interpolated_loss(z)[0],
            family,
            parameters,
            ORDERS,
        )
        kl = densities.kl(family, parameters)
        negative_elbo = rough + correction + kl
        slack = negative_elbo + posterior.log_evidence
        return Fit(family, parameters, kl, negative_elbo, slack, spread + change + posterior.error)


def _settled(
    loss: Callable[[Array], Array], family: str, parameters: Parameters, orders: Sequence[int]
) -> tuple[float, float]:
    """E_q[loss] by quadrature of rising order, and the larger of its last two changes."""
    values: list[float] = []
    change = np.inf
    for order in orders:
        nodes, weights = densities.rule(family, order)
        values.append(float(weights @ loss(densities.push(family, parameters, nodes)[0])))
        if len(values) > 2:
            change = float(np.abs(np.diff(values[-3:])).max())
        if change < TOLERANCE:
            break
    return values[-1], change


def _widen(fit: Fit, family: str) -> Parameters:
    """Parameters of the same q as a member of a larger family."""
    mean, stddev = fit.parameters["mean"], fit.parameters["stddev"] * np.ones(2)
    if family == "full":
        return {"mean": mean, "covariance": np.diag(stddev**2)}
    parameters = {"mean": mean, "stddev": stddev}
    if family == "flow":
        parameters |= {"w": np.zeros(2), "u": np.zeros(2), "b": np.zeros(())}
    return parameters


def minimise(objective: Objective, theta: Array, steps: int) -> tuple[float, Array]:
    """A local minimum by BFGS, from variables in which the curvature is about 1.

    Args:
        objective: value and slope at `theta`.
        theta: where to start.
        steps: at most.

    Returns:
        The least value met, and where.
    """
    value, slope = objective(theta)
    curvature = np.eye(len(theta))  # inverse
    for _ in range(steps):
        step = -curvature @ slope
        promise = slope @ step
        if promise > -LEAST_GAIN:
            break
        length = min(1.0, 1.0 / np.abs(step).max())
        for _ in range(8):
            new = theta + length * step
            new_value, new_slope = objective(new)
            if new_value <= value + 1e-4 * length * promise:
                break
            length *= 0.4
        else:
            if np.array_equal(curvature, np.eye(len(theta))):
                break
            curvature = np.eye(len(theta))
            continue
        moved, turned = new - theta, new_slope - slope
        theta, value, slope = new, new_value, new_slope
        along = moved @ turned
        if along > 1e-12:
            project = np.eye(len(theta)) - np.outer(moved, turned) / along
            curvature = project @ curvature @ project.T + np.outer(moved, moved) / along
    return value, theta
