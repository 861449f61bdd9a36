"""The search for the member of a family closest to p(z|x), with the decoder interpolated."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from . import densities, gaussian
from .densities import Parameters
from .true_posterior import TruePosterior

__all__ = ["Search", "minimise"]

Array = NDArray[np.floating]
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
        self.optima: dict[str, list[Array]] = {}

    def __call__(self, family: str) -> Parameters:
        """Parameters of the closest member found."""
        return self._parameters(family, self._optima(family)[0])

    def _optima(self, family: str) -> list[Array]:
        """Local minima of -ELBO over theta, best first."""
        if family not in self.optima:
            flow = family == "flow"
            objective = self._objective(family, FLOW_ORDER if flow else ORDER)
            steps = FLOW_STEPS if flow else STEPS
            results = [minimise(objective, theta, steps) for theta in self._starts(family)]
            if flow:
                # A steep flow can hide its bend between nodes: more of them sort and finish these.
                results = self._judged(results)[:FLOWS_FINISHED]
                finer = self._objective(family, FINISHING_ORDER)
                results = self._judged([minimise(finer, theta, STEPS) for _, theta in results])
            results.sort(key=lambda result: result[0])
            distinct: list[Array] = []
            for _, theta in results:
                if all(np.abs(theta - other).max() > 0.05 for other in distinct):
                    distinct.append(theta)
            self.optima[family] = distinct
        return self.optima[family]

    def _judged(self, flows: list[tuple[float, Array]]) -> list[tuple[float, Array]]:
        values = [self._value("flow", theta, JUDGING_ORDER) for _, theta in flows]
        order = np.argsort(values)
        return [(values[i], flows[i][1]) for i in order]

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
        thetas = [np.array([*u, np.log(scale)]) for u in places for scale in START_SCALES]
        thetas.sort(key=lambda theta: self._value("isotropic", theta, ORDER))
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

    def _value(self, family: str, theta: Array, order: int) -> float:
        """-ELBO by the interpolated decoder, less a constant of the family."""
        nodes, weights = densities.rule(family, order)
        z, log_det = densities.push(family, self._parameters(family, theta), nodes)
        loss, _ = self.posterior.interpolated_loss(z)
        return float(weights @ (loss + 0.5 * (z**2).sum(axis=-1) - log_det))

    def _objective(self, family: str, order: int) -> Objective:
        """`_value` and its slope."""
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
