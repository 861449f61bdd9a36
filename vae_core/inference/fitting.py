"""The search for the member of a family closest to p(z|x), with the decoder interpolated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..maths import gaussian
from ..maths.densities import FAMILIES, Parameters
from .true_posterior import TruePosterior

__all__ = ["SHAPES", "Search", "Shape", "minimise"]

Objective = Callable[[Array], tuple[float, Array]]

ORDER = 14  # nodes per dimension
STARTS = 3
START_SCALES = (1.0, 0.5, 0.2)  # of the stddev of a start, to that of p(z_j | z_other, x)
PEAK_MARGIN = 8.0  # nats below the highest
MANY_PEAKS = 8
FLOW_STARTS = [
    (np.cos(angle), np.sin(angle), b)
    for angle in np.pi * np.array([0.0, 0.25, 0.5, 0.75])
    for b in (-1.0, 0.0, 1.0)
]
FLOW_ORDER, FINISHING_ORDER, JUDGING_ORDER = 9, 16, 48
FLOW_STEPS = 25
FLOWS_FINISHED = 2
STEEPEST = 6.0  # |w| in units of the base: what the quadrature of a flow resolves
MOST_SQUEEZED = 0.95  # w·u > -0.95: at -1 the density is infinite on a line
STEPS = 60
LEAST_GAIN = 1e-6  # nats that a step must promise
COMPLEX_STEP = 1e-30


class Search:
    """The fits of one image, every family from those within it.

    A search is over `theta`: the middle of q in the frame of the lattice, the logarithms of its
    scales, and what else a family has.

    Args:
        posterior: of the image.
        start: mean and stddev `(2,)` of a Gaussian from where to search as well.
    """

    def __init__(self, posterior: TruePosterior, start: tuple[Array, Array] | None = None):
        self.posterior = posterior
        precision = np.linalg.inv(posterior.factor @ posterior.factor.T)
        self.unit = 1 / np.sqrt(np.diagonal(precision))  # stddev of p(z_j | z_other, x)
        self.start = start
        self._found: dict[str, list[Array]] = {}

    def __call__(self, family: str) -> Parameters:
        """Parameters of the closest member found."""
        return self.parameters(family, self.optima(family)[0])

    def parameters(self, family: str, theta: Array) -> Parameters:
        """Parameters of q at `theta` `(..., number)`, real or complex."""
        mean = self.posterior.to_plane(theta[..., :2])
        return {"mean": mean} | SHAPES[family].parameters(self, mean, theta)

    def optima(self, family: str) -> list[Array]:
        """Local minima of -ELBO over theta, best first."""
        if family not in self._found:
            shape = SHAPES[family]
            objective = self._objective(family, shape.order)
            results = [minimise(objective, theta, shape.steps) for theta in shape.starts(self)]
            if shape.finish:
                # More nodes sort and finish the few best.
                results = self._judged(family, results)[: shape.finish]
                finer = self._objective(family, FINISHING_ORDER)
                again = [minimise(finer, theta, STEPS) for _, theta in results]
                results = self._judged(family, again)
            results.sort(key=lambda result: result[0])
            distinct: list[Array] = []
            for _, theta in results:
                if all(np.abs(theta - other).max() > 0.05 for other in distinct):
                    distinct.append(theta)
            self._found[family] = distinct
        return self._found[family]

    def _judged(self, family: str, results: list[tuple[float, Array]]) -> list[tuple[float, Array]]:
        values = [self._value(family, theta, JUDGING_ORDER) for _, theta in results]
        order = np.argsort(values)
        return [(values[i], results[i][1]) for i in order]

    def peaks(self) -> Sequence[Array]:
        """The most promising of the peaks of p(z|x), each with some widths."""
        posterior = self.posterior
        joint = gaussian.log_prob(posterior.points) - posterior.losses
        padded = np.pad(joint, 1, constant_values=-np.inf)
        side = len(joint)
        around = [padded[i : i + side, j : j + side] for i in range(3) for j in range(3)]
        is_peak = (joint >= np.max(around, axis=0)) & (joint > joint.max() - PEAK_MARGIN)
        peaks = posterior.points[is_peak][np.argsort(-joint[is_peak])][:MANY_PEAKS]
        places = posterior.to_frame(np.concatenate([peaks, posterior.mean[None]]))
        thetas = [np.array([*u, np.log(scale)]) for u in places for scale in START_SCALES]
        thetas.sort(key=lambda theta: self._value("isotropic", theta, ORDER))
        starts: list[Array] = []
        for theta in thetas:
            if all(np.abs(theta - other)[:2].max() > 0.3 for other in starts):
                starts.append(theta)
        return starts[:STARTS]

    def _value(self, family: str, theta: Array, order: int) -> float:
        """-ELBO by the interpolated decoder, less a constant of the family."""
        nodes, weights = FAMILIES[family].rule(order)
        z, log_det = FAMILIES[family].push(self.parameters(family, theta), nodes)
        loss, _ = self.posterior.interpolated_loss(z)
        return float(weights @ (loss + 0.5 * (z**2).sum(axis=-1) - log_det))

    def _objective(self, family: str, order: int) -> Objective:
        """`_value` and its slope."""
        nodes, weights = FAMILIES[family].rule(order)
        posterior = self.posterior

        def objective(theta: Array) -> tuple[float, Array]:
            # One row for each derivative; every row has the same real part.
            steps = theta + 1j * COMPLEX_STEP * np.eye(len(theta))
            z, log_det = FAMILIES[family].push(self.parameters(family, steps), nodes)
            here = z[0].real
            loss, slope = posterior.interpolated_loss(here)
            value = weights @ (loss + 0.5 * (here**2).sum(axis=-1) - log_det[0].real)
            turn = np.einsum("p,pj,kpj->k", weights, slope + here, z.imag)
            stretch = (log_det.imag * weights).sum(axis=-1)
            return float(value), (turn - stretch) / COMPLEX_STEP

        return objective


# --- what each family brings to the search -------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """How the closest member of a family is searched for.

    Attributes:
        starts: values of theta from where to search, from those found for families within it.
        parameters: besides the mean, from the search, the mean and theta.
        within: families with nothing that this one lacks, best first.
        widen: parameters of a diagonal Gaussian as those of a member.
        order: nodes per dimension of the quadrature.
        steps: at most, from each start.
        finish: of how many results the search goes on with more nodes; 0 for none.
        fine_orders: of the quadrature of the interpolated decoder, for the figures of the fit.
    """

    starts: Callable[[Search], Sequence[Array]]
    parameters: Callable[[Search, Array, Array], Parameters]
    within: tuple[str, ...] = ()
    widen: Callable[[Array, Array], Parameters] | None = None
    order: int = ORDER
    steps: int = STEPS
    finish: int = 0
    fine_orders: tuple[int, ...] = (32, 48, 64)


def _isotropic(search: Search, mean: Array, theta: Array) -> Parameters:
    typical = np.exp(np.log(search.unit).mean())
    return {"stddev": typical * np.exp(theta[..., 2])}


def _scaled(name: str) -> Callable[[Search, Array, Array], Parameters]:
    return lambda search, mean, theta: {name: search.unit * np.exp(theta[..., 2:4])}


def _diagonal_starts(search: Search) -> Sequence[Array]:
    # From the scale of an isotropic q to those of a diagonal one.
    scale = np.log(search.unit)
    ratio = np.concatenate([[0.0, 0.0], scale.mean() - scale])
    starts = [theta[[0, 1, 2, 2]] + ratio for theta in search.optima("isotropic")]
    if search.start is not None:
        mean, stddev = search.start
        scales = np.log(np.maximum(stddev, 1e-6) / search.unit)
        starts.append(np.concatenate([search.posterior.to_frame(mean), scales]))
    return starts


def _from_diagonal(change: float) -> Callable[[Search], Sequence[Array]]:
    step = np.array([0.0, 0.0, change, change])
    return lambda search: [theta + step for theta in search.optima("diagonal")]


def _full_starts(search: Search) -> Sequence[Array]:
    inverse = np.linalg.inv(search.posterior.factor)
    starts = [np.zeros(5)]
    for theta in search.optima("diagonal"):
        wide = (inverse * (search.unit * np.exp(theta[2:])) ** 2) @ inverse.T
        factor = np.linalg.cholesky(wide)
        scales = np.log(np.diagonal(factor))
        starts.append(np.concatenate([theta[:2], scales, factor[[1], [0]]]))
    return starts


def _full(search: Search, mean: Array, theta: Array) -> Parameters:
    c = np.exp(theta[..., 2:4])
    zero = np.zeros_like(theta[..., 4])
    first = np.stack([c[..., 0], zero], axis=-1)
    second = np.stack([theta[..., 4], c[..., 1]], axis=-1)
    factor = search.posterior.factor @ np.stack([first, second], axis=-2)
    return {"covariance": factor @ np.swapaxes(factor, -1, -2)}


def _flow_starts(search: Search) -> Sequence[Array]:
    best = search.optima("diagonal")[0]
    return [np.array([*best, *start, 0.0, 0.0]) for start in FLOW_STARTS]


def _flow(search: Search, mean: Array, theta: Array) -> Parameters:
    """In units of the base: u = (a w + d w⊥) / |w|², so that w·u = a."""
    scale = search.unit * np.exp(theta[..., 2:4])
    w, b, c, d = theta[..., 4:6], theta[..., 6], theta[..., 7, None], theta[..., 8, None]
    w = w / np.sqrt(1 + (w**2).sum(axis=-1, keepdims=True) / STEEPEST**2)
    a = MOST_SQUEEZED * (np.exp(c) - 1)
    across = np.stack([-w[..., 1], w[..., 0]], axis=-1)
    u = (a * w + d * across) / (w**2).sum(axis=-1, keepdims=True)
    w = w / scale
    b = b - (w * mean).sum(axis=-1)
    return {"stddev": scale, "w": w, "u": scale * u, "b": b}


def _as_flow(mean: Array, stddev: Array) -> Parameters:
    still = {"w": np.zeros(2), "u": np.zeros(2), "b": np.zeros(())}
    return {"mean": mean, "stddev": stddev} | still


SHAPES: dict[str, Shape] = {
    "isotropic": Shape(Search.peaks, _isotropic),
    "diagonal": Shape(
        _diagonal_starts,
        _scaled("stddev"),
        within=("isotropic",),
        widen=lambda mean, stddev: {"mean": mean, "stddev": stddev},
    ),
    "full": Shape(
        _full_starts,
        _full,
        within=("diagonal", "isotropic"),
        widen=lambda mean, stddev: {"mean": mean, "covariance": np.diag(stddev**2)},
    ),
    "laplace": Shape(_from_diagonal(-0.35), _scaled("scale")),
    "uniform": Shape(_from_diagonal(0.5), _scaled("half_width")),
    # A steep flow can hide its bend between nodes.
    "flow": Shape(
        _flow_starts,
        _flow,
        within=("diagonal", "isotropic"),
        widen=_as_flow,
        order=FLOW_ORDER,
        steps=FLOW_STEPS,
        finish=FLOWS_FINISHED,
        fine_orders=(48, 64, 96),
    ),
}


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
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                new_value, new_slope = objective(new)  # NaN or infinite where q degenerates
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
