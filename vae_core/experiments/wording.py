"""The sentences and the rows of numbers of a lane, computed from its view."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..inference.loaded_model import LoadedModel
from ..maths.bernoulli import sigmoid
from ..models.checkpoint import Metadata
from ..models.settings import ModelConfig
from .choices import Choices
from .phrases import bounded, listed, significant
from .quantity import EXACT
from .view import View

__all__ = [
    "description",
    "differing",
    "introduction",
    "numbers",
    "objective_sentence",
    "picture_caption",
    "picture_change",
    "verdict",
]

# The settings of a run, as a sentence names them.
SETTINGS = {
    "objective": "objectives",
    "samples": "objectives",
    "quadrature_order": "objectives",
    "beta": "objectives",
    "epochs": "epochs",
    "batch_size": "batch sizes",
    "learning_rate": "learning rates",
    "schedule": "schedules",
    "seed": "seeds",
}

COMPARED = 100  # test images whose pictures are compared, each with each


def differing(trained: Sequence[Metadata]) -> list[str]:
    """In which of `SETTINGS` some runs differ, as a sentence names them."""
    first = trained[0]
    changed = [
        name
        for name in SETTINGS
        if any(getattr(one.training, name) != getattr(first.training, name) for one in trained)
    ]
    if any(one.epochs_done != first.epochs_done for one in trained):
        changed.append("epochs")
    named = [SETTINGS[name] for name in SETTINGS if name in changed]
    if any(one.training.model != first.training.model for one in trained):
        named.append("sizes")
    return list(dict.fromkeys(named))


def introduction(trained: Sequence[Metadata]) -> str:
    """What is compared, for the one or two networks on show."""
    if len(trained) == 1:
        return "One network and one image: what a sample of q(z|x) means to it."
    first, second = (one.training for one in trained)
    if trained[0].weights_sha256 == trained[1].weights_sha256:
        return "The same network twice. Choose another one to see what training changes."
    question = "Compare what a sample of q(z|x) means to each."
    if first.model != second.model:
        return f"Two networks of different size. {question}"
    named = differing(trained)
    shared = (
        "on the same images"
        if "seeds" in named
        else ("from the same initial weights, on the same images")
    )
    differ = (
        "Only the objective of their training differs."
        if named == ["objectives"]
        else f"Their {listed(named)} differ."
    )
    return f"Two networks of the same shape, {shared}. {differ} {question}"


def objective_sentence(trained: Metadata) -> str:
    """What this network decoded while it was trained."""
    config = trained.training
    layers = config.model.hidden
    objective = config.trained_for
    sentence = objective.sentence
    if objective.many and config.samples > 1:
        sentence = objective.many.format(samples=config.samples)
    if layers != ModelConfig().hidden:
        depth = "1 layer" if len(layers) == 1 else f"{len(layers)} layers"
        units = str(layers[0]) if len(set(layers)) == 1 else listed([*map(str, layers)])
        sentence += f" {depth} of {units} units."
    if config.beta != 1 and objective.has_kl:
        sentence += f" β = {config.beta:g}."
    if not trained.complete:
        sentence += f" Ended after epoch {trained.epochs_done} of {config.epochs}."
    return sentence


def verdict(view: View, has_posterior: bool, change: float = math.nan) -> str:
    """One HTML sentence or two on the price of σ, from the numbers of the view.

    Args:
        view: of the picture.
        has_posterior: whether the model has a q.
        change: what `picture_change` says of the samples; NaN leaves it out.
    """
    if not has_posterior:
        return (
            "It has no q: an image is one point of the plane. A point has an infinite KL to the "
            "prior, so there is no finite bound on log p(x), and nothing to sample."
        )
    if not view.scale:
        return (
            "With the stddev at 0 every sample is the mean: sampling costs nothing, but the KL of "
            "a point is infinite, and so is −ELBO."
        )
    price, error = view.price, float(view.expected_loss.error[0])
    sample, mean = "<span class='sample'>sample</span>", "<span class='mean'>mean</span>"
    if abs(price) < max(error, EXACT):
        cost = "changes the loss by less than can be told"
    else:
        verb = "costs" if price >= 0 else "saves"
        cost = f"{verb} <b>{bounded(abs(price), error)} nats</b> on average"
    figures = (
        f"Decoding a {sample} instead of the {mean} {cost}, beside {view.loss_at_mean:.0f} at the "
        "mean."
    )
    if not math.isfinite(change):
        return f"{figures} Here σ = {_pair(view)}."
    pictures = f"the {len(view.z)} pictures change" if len(view.z) > 1 else "the picture changes"
    return (
        f"{figures} With σ = {_pair(view)} {pictures} {_percent(change)} as much as from one test "
        "image to another."
    )


def picture_change(model: LoadedModel, view: View) -> float:
    """How far the samples' pictures are from the mean's, against how far images' are apart.

    Both are mean absolute differences of pixels: over the samples shown, and over pairs of test
    images, each decoded at its mean.

    Returns:
        1 where samples differ from the mean as one test image does from another; NaN without a q.
    """
    if not (view.has_posterior and view.scale):
        return math.nan
    network = model.network

    def apart() -> float:
        chosen = np.random.default_rng(0).integers(0, len(model.mean), COMPARED)
        pictures = sigmoid(network.decode(model.mean[chosen]))
        # Every picture against those after it: few are decoded, many compared.
        apart = [np.abs(one - pictures[i + 1 :]).mean(axis=1) for i, one in enumerate(pictures)]
        return float(np.concatenate(apart).mean())

    usual = float(model.once("how far two pictures differ", apart))
    own = sigmoid(network.decode(view.mean))
    change = float(np.abs(sigmoid(network.decode(view.z)) - own).mean())
    return change / usual if usual else math.nan


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{significant(100 * share)} %"


def _pair(view: View) -> str:
    """σ of what is sampled; one number where both directions have the same."""
    shown = [significant(float(value)) for value in view.stddev * view.scale]
    return shown[0] if shown[0] == shown[1] else f"({', '.join(shown)})"


def picture_caption(choices: Choices, kind: str = "", decoder: str = "") -> str:
    """What the picture x of a lane is.

    Args:
        choices: what is shown.
        kind: the class of a test image, as a sentence names it.
        decoder: what the model is called that decodes z for all lanes, if one does.
    """
    if choices.draw:
        return "x: drawn"
    if choices.z is not None:
        return f"x: decoded at z by {decoder or 'this model'}"
    return f"x: {kind}" if kind else "x"


def description(name: str, view: View) -> str:
    """The plane in words, for those who do not see it."""
    mean, stddev = view.mean, view.stddev * view.scale
    code = f"{mean[0]:.2f}, {mean[1]:.2f}"
    where = (
        f"Mean of q at {code}; stddev {', '.join(significant(float(value)) for value in stddev)}"
        if view.has_posterior
        else f"Code of the image at {code}; no q"
    )
    return f"Latent plane of {name}. {where}. Arrow keys move a cursor, Enter picks."


def numbers(view: View) -> list[dict[str, Any]]:
    """The rows of a lane's table, in nats; `beside` is a number that has no row of its own."""
    rows = view.rows()
    beside = {
        row.beside: f"{row.name} {row.shown}"
        for row in rows
        if row.beside and not math.isnan(row.value)
    }
    return [
        {
            "name": row.name,
            "symbol": row.symbol,
            "sentence": row.sentence,
            "colour": row.colour,
            "value": row.shown,
            "error": row.certainty,
            "beside": beside.get(row.key, ""),
        }
        for row in rows
        if not row.beside
    ]
