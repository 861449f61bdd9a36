"""Claim 3: decoding the mean optimises something else."""

import numpy as np

from ..arrays import Array
from ..inference import latent
from ..inference.latent import Field
from ..inference.loaded_model import LoadedModel
from .experiment import Experiment, Outcome
from .quantity import nats
from .subject import Subject
from .view import View, view_of

__all__ = ["COMPARED", "EXPERIMENT", "compare", "gap_fields", "verdict"]


COMPARED = ("sample", "quadrature", "mean")
FAR = 5.0  # times as far off as what training anew with other noise changes for one image
FIELD_SIDE = 40  # cells along an edge
LEAST = 10.0  # nats: less is no difference for one image


def compare(*models: LoadedModel, x: Array) -> tuple[View, ...]:
    """What each model makes of the image."""
    return tuple(view_of(model, x) for model in models)


def verdict(sample: View, quadrature: View, mean: View) -> str:
    """Which of the three objectives trained the same model, from the table."""
    expectation = quadrature.negative_elbo - sample.negative_elbo
    other = mean.negative_elbo - sample.negative_elbo
    evidence = mean.negative_log_evidence - sample.negative_log_evidence
    figures = (
        f"Against `sample`, the bound of `quadrature` differs by {_signed(expectation)} nats, "
        f"that of `mean` by {_signed(other)}, and the evidence of `mean` by {_signed(evidence)}."
    )
    if other > LEAST and other > FAR * abs(expectation) and other > FAR * abs(evidence):
        return (
            f"{figures} **The expectation matters, not the noise: without noise much the same "
            "bound, without the expectation one far above nearly the same evidence.**"
        )
    return f"{figures} **Not here:** for this image the objectives do not part as they usually do."


def _signed(value: float) -> str:
    return nats(value) if value < 0 or np.isnan(value) else f"+{nats(value)}"


def gap_fields(model: LoadedModel, stddev: float) -> tuple[Field, Field]:
    """Jensen gap over the plane, and its prediction."""

    def compute() -> tuple[Field, Field]:
        extent = latent.extent_of(model.mean, 0.99)
        return (
            latent.jensen_gap(model.network, stddev, extent, FIELD_SIDE),
            latent.jensen_prediction(model.network, stddev, extent, FIELD_SIDE),
        )

    return model.once(("gap", stddev), compute)


def _run(subject: Subject) -> Outcome:
    views = compare(*(subject.other(name) for name in COMPARED), x=subject.x)
    numbers = {
        f"{row.key}_of_{name}": row.value
        for name, view in zip(COMPARED, views, strict=True)
        for row in view.rows()
        if row.key in ("loss_at_mean", "kl", "negative_elbo", "negative_log_evidence")
    }
    sample, quadrature, mean = views
    return Outcome(verdict(sample, quadrature, mean), numbers, views)


EXPERIMENT = Experiment(3, "mean_objective", _run, needs_q=False)
