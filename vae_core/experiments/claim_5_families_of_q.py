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
from ..models.checkpoint import Metadata
from .experiment import Experiment, Outcome
from .family_record import Slacks, recorded
from .phrases import bounded, remainder, significant
from .prediction import sigma_set_by
from .quantity import EXACT
from .rule import Rule, average, contrary, share
from .subject import Subject
from .view import View, view_of

__all__ = ["EXPERIMENT", "Fits", "fit_flow", "fit_simple", "rule", "shown_slack", "verdict"]


SIMPLE = tuple(name for name in FAMILIES if name != "flow")
SIDE = 56


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


def rule(found: Slacks | None, trained: Metadata) -> Rule:
    """What the slack is made of on average, as far as that was measured.

    Args:
        found: what was measured for many images; None where nothing was.
        trained: of the model, with its test averages.
    """
    if found is None:
        elbo, evidence = (
            trained.test.get(key) for key in ("negative_elbo", "negative_log_evidence")
        )
        if elbo is None or evidence is None:
            return Rule("For this network no fits to many test images are recorded.")
        return Rule(
            f"Over the test images the encoder's q is {elbo - evidence:.2f} nats above −log p(x) "
            "on average; fits to many of them are recorded for the shipped networks only."
        )
    smaller = np.less(found.diagonal, found.own - found.diagonal)
    return Rule(
        f"Over {len(found.own)} test images the encoder's q is {average(found.own)} nats above "
        f"−log p(x), the best diagonal Gaussian found {average(found.diagonal)}, the best full one "
        f"{average(found.full)} (± one standard error). For {share(smaller)} the family is the "
        "smaller part of the slack.",
        bool(np.mean(smaller) > 0.5),
    )


def verdict(
    view: View,
    diagonal: Fit,
    full: Fit,
    trained: Metadata | None = None,
    usual: bool | None = None,
) -> str:
    """What the encoder's slack is made of, from the table.

    Args:
        view: of the image, with the encoder's own q.
        diagonal, full: fits to its true posterior.
        trained: of the model; without it, as of one whose σ the price of σ trained.
        usual: whether the family is the smaller part for most images.
    """
    error = float(view.expected_loss.error[0]) + float(view.evidence.error[0])
    total, first, third = (shown_slack(one.negative_elbo, view) for one in (view, diagonal, full))
    rest = remainder(total, first)
    figures = f"−ELBO of the encoder's q is {bounded(total, error)} nats above −log p(x)"
    if rest < EXACT:
        figures += ", as little as that of the best diagonal Gaussian found."
    else:
        figures += (
            f": {bounded(first, diagonal.error)} because even the best diagonal Gaussian found is, "
            f"{bounded(rest, error + diagonal.error)} because of "
            f"{_cause(view, diagonal, trained)}."
        )
    figures += f" A full covariance would leave {bounded(third, full.error)}."
    if first < rest:
        return (
            f"{figures} **That q is a diagonal Gaussian is the smaller part of the slack: changing "
            "the family alone could save no more.**"
        )
    return (
        f"{figures} {contrary(usual)} that q is a diagonal Gaussian is no smaller part of the "
        "slack than all the rest."
    )


def shown_slack(negative_elbo: float, view: View) -> float:
    """Slack of a q, as -ELBO and -log p(x) leave it in the digits shown."""
    return remainder(negative_elbo, view.negative_log_evidence)


def _cause(view: View, diagonal: Fit, trained: Metadata | None) -> str:
    """What the rest of the slack comes from."""
    kind = sigma_set_by(trained) if trained else "price"
    if kind == "kl":
        own, best = (
            ", ".join(significant(float(value)) for value in stddev)
            for stddev in (view.stddev, diagonal.parameters["stddev"])
        )
        return (
            "an objective that never decodes a sample: there the KL alone sets σ, here to "
            f"{own}, where the fit has {best}"
        )
    if kind == "recipe" or (trained and trained.training.beta != 1):
        return (
            "an objective that is not −ELBO, one encoder for all images, and training that has "
            "not converged"
        )
    return "one encoder for all images (amortisation) and training that has not converged"


def _run(subject: Subject) -> Outcome:
    found = fit_simple(subject.model, subject.x)
    fits = found.fits | {"flow": fit_flow(found)}
    numbers = {f"slack_of_{name}": one.slack for name, one in fits.items()}
    if not found.view.has_posterior:
        return Outcome("", numbers, (found, fits))
    numbers["slack_of_encoder"] = found.view.slack
    trained = subject.model.metadata
    usual = rule(recorded(subject.model), trained).usual
    sentence = verdict(found.view, fits["diagonal"], fits["full"], trained, usual)
    return Outcome(sentence, numbers, (found, fits))


EXPERIMENT = Experiment(5, "families_of_q", _run, needs_q=False)
