"""The sentences and the rows of numbers of a panel, computed from its view."""

import math
from collections.abc import Sequence
from typing import Any

from ..models.checkpoint import Metadata
from ..models.settings import ModelConfig
from .view import View

__all__ = [
    "description",
    "introduction",
    "numbers",
    "objective_sentence",
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

# A price below this share of the loss leaves the samples recognisable as the image.
SMALL_PRICE = 0.05


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
    changed = [name for name in SETTINGS if getattr(first, name) != getattr(second, name)]
    if trained[0].epochs_done != trained[1].epochs_done:
        changed.append("epochs")
    named = list(dict.fromkeys(SETTINGS[name] for name in SETTINGS if name in changed))
    shared = (
        "on the same images"
        if "seed" in changed
        else ("from the same initial weights, on the same images")
    )
    differ = (
        "Only the objective of their training differs."
        if named == ["objectives"]
        else f"Their {_listed(named)} differ."
    )
    return f"Two networks of the same shape, {shared}. {differ} {question}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


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
        sentence += f" {depth} of {layers[0]} units."
    if config.beta != 1 and objective.has_kl:
        sentence += f" β = {config.beta:g}."
    if not trained.complete:
        sentence += f" Ended after epoch {trained.epochs_done} of {config.epochs}."
    return sentence


def verdict(view: View, has_posterior: bool) -> str:
    """One HTML sentence or two on the price of sampling, from the numbers of the view."""
    if not has_posterior:
        return (
            "It has no q: an image is one point of the plane. A point has an infinite KL to the "
            "prior, so there is no bound on log p(x), and nothing to sample."
        )
    if not view.scale:
        return (
            "With the stddev at 0 every sample is the mean: sampling costs nothing, but the KL of "
            "a point is infinite, and so is the bound."
        )
    sigma = math.sqrt(float(view.stddev[0] * view.stddev[1])) * view.scale
    price = view.price
    if abs(price) < SMALL_PRICE * view.loss_at_mean:
        verb = "costs" if price >= 0 else "saves"
        return (
            f"Decoding a <span class='sample'>sample</span> instead of the <span class='mean'>mean"
            f"</span> {verb} <b>{abs(price):.2f} nats</b> of {view.loss_at_mean:.0f}. With "
            f"σ = {sigma:.2f}, samples stay close enough to look like the mean."
        )
    return (
        f"Decoding a <span class='sample'>sample</span> instead of the <span class='mean'>mean"
        f"</span> costs <b>{price:.0f} nats</b> on top of {view.loss_at_mean:.0f}. With "
        f"σ = {sigma:.2f}, samples land on other pictures."
    )


def description(name: str, view: View) -> str:
    """The plane in words, for those who do not see it."""
    mean, stddev = view.mean, view.stddev * view.scale
    return (
        f"Latent plane of {name}. Mean of q at {mean[0]:.2f}, {mean[1]:.2f}; "
        f"stddev {stddev[0]:.3f}, {stddev[1]:.3f}. Arrow keys move a cursor, Enter picks."
    )


def numbers(view: View) -> list[dict[str, Any]]:
    """The rows of a panel's table, in nats."""
    rows = view.rows()
    beside = {row.beside: row for row in rows if row.beside and not math.isnan(row.value)}
    table = []
    for row in rows:
        if row.beside:
            continue
        error, other = row.certainty, beside.get(row.key)
        if row.key == "price":  # its error stands with -ELBO
            error = f"{other.name} {other.shown}" if other and view.scale else ""
        table.append(
            {
                "name": row.name,
                "symbol": row.symbol,
                "sentence": row.sentence,
                "colour": row.colour,
                "value": row.shown,
                "error": error,
            }
        )
    return table
