"""Claim 3: decoding the mean optimises something else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from ..inference import latent
from ..inference.latent import Field
from ..inference.loaded_model import LoadedModel
from ..models.naming import spoken
from .experiment import Experiment, Outcome
from .phrases import ONE_RUN, listed, signed, significant
from .rule import Rule, contrary
from .subject import Subject
from .view import View, view_of
from .wording import differing

__all__ = [
    "COMPARED",
    "EXPERIMENT",
    "Trained",
    "compare",
    "field_sentence",
    "price_fields",
    "rule",
    "trained_as",
    "verdict",
]


COMPARED = ("sample", "quadrature", "mean")
FAR = 5.0  # a difference is of another kind when it is so many times another
FIELD_SIDE = 40  # cells along an edge
LEAST = 10.0  # nats: less is no difference for one image


@dataclass(frozen=True)
class Trained:
    """What training made of the models that are compared.

    Attributes:
        names: what the models are called in a sentence, as `COMPARED`.
        tests: their averages over the test images, from `metadata.json`.
        images: how many test images.
        differ: settings, other than the objective, in which their runs differ.
    """

    names: Sequence[str] = (
        "the network trained on samples",
        "the network trained by quadrature",
        "the network trained on means",
    )
    tests: Sequence[Mapping[str, Any]] = ({}, {}, {})
    images: int = 0
    differ: Sequence[str] = ()

    def difference(self, key: str, one: int) -> float:
        """Of a test average, from the first model; NaN where there is none."""
        first, other = self.tests[0].get(key), self.tests[one].get(key)
        return float("nan") if first is None or other is None else float(other) - float(first)

    def bound(self, key: str, one: int) -> float:
        """Of the error of that difference: those of the two averages of integrals."""
        errors = [self.tests[i].get(f"{key}_stderr") for i in (0, one)]
        return sum(float(error) for error in errors if error is not None)


def trained_as(*models: LoadedModel) -> Trained:
    """What the metadata of the compared models say."""
    trained = [model.metadata for model in models]
    return Trained(
        tuple(spoken(one) for one in trained),
        tuple(one.test for one in trained),
        len(models[0].mean),
        tuple(name for name in differing(trained) if name != "objectives"),
    )


def compare(*models: LoadedModel, x: Array) -> tuple[View, ...]:
    """What each model makes of the image."""
    return tuple(view_of(model, x) for model in models)


def rule(trained: Trained) -> Rule:
    """What taking away the noise and the expectation change on average, from the metadata."""
    _, second, third = trained.names
    keys = (("negative_elbo", 1), ("negative_elbo", 2), ("negative_log_evidence", 2))
    means = [trained.difference(*one) for one in keys]
    if not np.isfinite(means).all():
        return Rule("For these networks no averages over test images are recorded.")
    shown = [signed(mean, trained.bound(*one)) for mean, one in zip(means, keys, strict=True)]
    return Rule(
        f"Averaged over {trained.images:,} test images −ELBO changes by {shown[0]} nats with "
        f"{second} and by {shown[1]} with {third}; −log p(x) by {shown[2]} with {third}. {ONE_RUN}",
        not _exception(means[0], means[1], means[2], (second, third)),
    )


def verdict(
    sample: View,
    quadrature: View,
    mean: View,
    trained: Trained = Trained(),
    usual: bool | None = None,
) -> str:
    """What taking away the noise and taking away the expectation change, from the table."""
    first, second, third = trained.names
    expectation = quadrature.negative_elbo - sample.negative_elbo
    other = mean.negative_elbo - sample.negative_elbo
    evidence = mean.negative_log_evidence - sample.negative_log_evidence
    errors = [float(view.expected_loss.error[0]) for view in (sample, quadrature, mean)]
    lattice = sum(float(view.evidence.error[0]) for view in (sample, mean))
    figures = (
        f"Against {first}, −ELBO of this image changes by "
        f"{signed(expectation, errors[0] + errors[1])} nats with {second} (no noise) and by "
        f"{signed(other, errors[0] + errors[2])} with {third} (no "
        f"expectation); −log p(x) "
        + (
            "of the two is not answered."
            if np.isnan(evidence)
            else f"by {signed(evidence, lattice)} with {third}."
        )
    )
    ending = f" {ONE_RUN}"
    if trained.differ:
        ending += f" These runs differ in their {listed(trained.differ)} too."
    reason = _exception(expectation, other, evidence, (second, third))
    if reason:
        return f"{figures} {contrary(usual)} {reason}.{ending}"
    return (
        f"{figures} **Taking the expectation away moves −ELBO "
        f"{_times(other, expectation, errors[0] + errors[1])} as far as taking the noise away, and "
        f"the decoder's −log p(x) less than a fifth as far as that.**{ending}"
    )


def _exception(expectation: float, other: float, evidence: float, names: Sequence[str]) -> str:
    """Why the three do not part as the claim says; empty where they do."""
    if other <= LEAST:
        return f"−ELBO of {names[1]} is not {LEAST:.0f} nats above"
    if other <= FAR * abs(expectation):
        return f"−ELBO of {names[0]} changes by more than a fifth as much"
    if np.isnan(evidence):
        return "−log p(x) is not answered"
    if other <= FAR * abs(evidence):
        return f"−log p(x) of {names[1]} changes by more than a fifth as much"
    return ""


def _times(large: float, small: float, error: float) -> str:
    """How many times as large; as a lower bound where `small` is not told from 0."""
    if abs(small) <= error:
        return f"more than {significant(large / error, 1)} times"
    return f"{significant(large / abs(small))} times" if small else "infinitely many times"


# --- the price over the plane --------------------------------------------------------------------


def price_fields(model: LoadedModel, stddev: float) -> tuple[Field, Field]:
    """Price of σ over the plane, and its prediction."""

    def compute() -> tuple[Field, Field]:
        place = (stddev, latent.extent_of(model.mean, 0.99), FIELD_SIDE)
        return (
            latent.price_field(model.network, *place),
            latent.price_prediction(model.network, *place),
        )

    return model.once(("price over the plane", stddev), compute)


def field_sentence(price: Field, prediction: Field, name: str, stddev: float) -> str:
    """The medians of the two fields."""
    return (
        f"Price of σ under {name} at σ = {stddev:.2f}: median over the plane drawn "
        f"about {significant(float(np.median(price.values)))} nats, predicted "
        f"{significant(float(np.median(prediction.values)))}."
    )


def _run(subject: Subject) -> Outcome:
    models = [subject.other(name) for name in COMPARED]
    views = compare(*models, x=subject.x)
    numbers = {
        f"{row.key}_of_{name}": row.value
        for name, view in zip(COMPARED, views, strict=True)
        for row in view.rows()
        if row.key in ("loss_at_mean", "kl", "negative_elbo", "negative_log_evidence")
    }
    sample, quadrature, mean = views
    trained = trained_as(*models)
    sentence = verdict(sample, quadrature, mean, trained, rule(trained).usual)
    return Outcome(sentence, numbers, views)


EXPERIMENT = Experiment(3, "mean_objective", _run, needs_q=False)
