"""Claim 5: q need not be Gaussian."""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..errors import InputError
from ..inference import latent
from ..inference.evidence import Evidence
from ..inference.families import FAMILIES, Fit, fit, fit_all
from ..inference.latent import Field
from ..inference.loaded_model import LoadedModel
from ..inference.true_posterior import TruePosterior
from .experiment import Experiment, Outcome
from .quantity import nats
from .subject import Subject
from .view import View, view_of

__all__ = ["EXPERIMENT", "Fits", "fit_flow", "fit_simple", "verdict"]


SIMPLE = tuple(name for name in FAMILIES if name != "flow")
SIDE = 56
SMALL = 0.05  # nats: less is not worth a sentence


@dataclass(frozen=True)
class Fits:
    """An image's true posterior and what was fitted to it.

    Attributes:
        view: of the image under the model, with the encoder's own q.
        posterior: to fit to.
        density: p(z|x), drawn.
        fits: by family.
    """

    view: View
    posterior: TruePosterior
    density: Field
    fits: dict[str, Fit]


def fit_simple(model: LoadedModel, x: Array) -> Fits:
    """The true posterior and every family but the flow.

    Raises:
        InputError: the posterior reaches beyond the plane that is integrated.
    """
    # One -log p(x) for all: of a wide network it takes a second.
    view = view_of(model, x, evidence_tolerance=1e-3)
    evidence: Evidence = view.evidence
    if np.isnan(evidence.log_evidence[0]):
        raise InputError(
            f"Under {model.name} the posterior of this picture reaches beyond the plane that is "
            f"integrated, ±{model.grid.half_width:.0f}: choose another image or point"
        )
    network = model.network
    posterior = TruePosterior(lambda z: network.reconstruction_loss(x, z), evidence)
    density = latent.true_posterior(network, x, evidence, SIDE)
    return Fits(view, posterior, density, fit_all(posterior, SIMPLE, _start(view)))


def fit_flow(found: Fits) -> Fit:
    """The planar flow, which takes longest."""
    return fit("flow", found.posterior, _start(found.view))


def _start(view: View) -> tuple[Array, Array] | None:
    """The encoder's q, from where to search as well."""
    return (view.mean, view.stddev) if view.has_posterior else None


def verdict(view: View, diagonal: Fit, full: Fit) -> str:
    """What the encoder's slack is made of, from the table."""
    amortisation = view.slack - diagonal.slack
    figures = (
        f"The encoder's q is {nats(view.slack)} nats above −log p(x): {nats(diagonal.slack)} "
        f"because q is a diagonal Gaussian, {nats(amortisation)} because one encoder serves all "
        "images."
    )
    if diagonal.slack > SMALL and full.slack < 0.8 * diagonal.slack:
        return (
            f"{figures} A full covariance would leave {nats(full.slack)}: **the Gaussian is a "
            "choice, and another q is a tighter bound.**"
        )
    return (
        f"{figures} **Not here:** for this image a full covariance would still leave "
        f"{nats(full.slack)}, so the diagonal Gaussian is nearly as good."
    )


def _run(subject: Subject) -> Outcome:
    found = fit_simple(subject.model, subject.x)
    fits = found.fits | {"flow": fit_flow(found)}
    numbers = {f"slack_of_{name}": one.slack for name, one in fits.items()}
    if not found.view.has_posterior:
        return Outcome("", numbers, (found, fits))
    numbers["slack_of_encoder"] = found.view.slack
    return Outcome(verdict(found.view, fits["diagonal"], fits["full"]), numbers, (found, fits))


EXPERIMENT = Experiment(5, "families_of_q", _run, needs_q=False)
