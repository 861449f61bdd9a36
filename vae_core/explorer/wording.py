"""The sentences and the rows of numbers of a panel, computed from its view."""

import math
from collections.abc import Sequence
from typing import Any

from ..checkpoint import Metadata
from ..config import ModelConfig
from .view import View

__all__ = [
    "definitions",
    "description",
    "introduction",
    "nats",
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


def nats(value: float) -> str:
    """A number of nats as the page writes it."""
    if math.isnan(value):
        return "not answered"
    if math.isinf(value):
        return "∞"
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def _error(value: float) -> str:
    if not math.isfinite(value):
        return ""
    return f"± {value:.2f}" if value >= 0.005 else "exact"


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
    sentence = {
        "sample": "Trained by decoding one random sample of q(z|x): the VAE."
        if config.samples == 1
        else f"Trained by decoding {config.samples} samples of q(z|x) and averaging their losses.",
        "quadrature": "Trained on the expectation over q(z|x) by quadrature: no randomness.",
        "mean": "Trained by decoding the mean of q(z|x); the KL term is the same.",
        "autoencoder": "Trained by decoding the mean, without a KL term: an autoencoder.",
        "blog": "Trained by the blog's recipe: noise 0.1 eˢ, while its KL reads s as ln σ².",
    }[config.objective]
    if layers != ModelConfig().hidden:
        depth = "1 layer" if len(layers) == 1 else f"{len(layers)} layers"
        sentence += f" {depth} of {layers[0]} units."
    if config.beta != 1 and config.objective != "autoencoder":
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


def definitions() -> list[tuple[str, str, str, str]]:
    """Name, symbol (HTML), what it means, and the colour class of each number, in order."""
    return [
        (
            "Loss at the mean",
            "−log p(x|μ)",
            "Reconstruction loss of the picture decoded at the mean of q: binary cross-entropy "
            "summed over the pixels.",
            "mean",
        ),
        (
            "Loss over samples",
            "1/K Σ −log p(x|z<sub>k</sub>)",
            "The same loss averaged over the K samples shown, with the standard error of that "
            "average.",
            "sample",
        ),
        (
            "Price of sampling",
            "E<sub>q</sub>[loss] − loss at μ",
            "The expected loss over all of q, integrated, minus the loss at the mean. Beside it "
            "what theory predicts where σ is optimal, (2 − tr Σ)/2, times the square of the "
            "multiplier.",
            "sample",
        ),
        (
            "KL to the prior",
            "KL(q ‖ N(0, I))",
            "How far q is from the prior: what it costs to say where z is, as precisely as q does.",
            "",
        ),
        (
            "−ELBO",
            "E<sub>q</sub>[loss] + KL",
            "The sum of the expected loss and the KL: what a VAE minimises, and an upper bound "
            "on −log p(x) for any q.",
            "",
        ),
        (
            "−log p(x)",
            "−ln ∫ p(x|z) p(z) dz",
            "The decoder's exact evidence, integrated over the plane. For grey pixels it bounds "
            "the mean over black-and-white versions of the image, each pixel white with the "
            "probability its grey level states.",
            "",
        ),
        (
            "Slack of the bound",
            "KL(q ‖ p(z|x))",
            "−ELBO minus −log p(x): how far q is from the true posterior.",
            "",
        ),
    ]


def numbers(view: View) -> list[dict[str, Any]]:
    """The rows of a panel's table, in nats."""
    quadrature = float(view.expected_loss.error[0])
    evidence = float(view.evidence.error[0])
    if math.isnan(view.negative_log_evidence):  # refused
        evidence = math.nan
    sampled = (nats(float(view.sampled_loss.value)), _error(float(view.sampled_loss.error)))
    price = (nats(view.price), f"predicted {nats(view.predicted_price)}" if view.scale else "")
    if not view.stddev.any():  # an autoencoder
        sampled = price = ("no q", "")
    values = [
        (nats(view.loss_at_mean), "exact"),
        sampled,
        price,
        (nats(view.kl), "exact" if math.isfinite(view.kl) else ""),
        (nats(view.negative_elbo), _error(quadrature) if math.isfinite(view.kl) else ""),
        (nats(view.negative_log_evidence), _error(evidence)),
        (nats(view.slack), _error(quadrature + evidence) if math.isfinite(view.kl) else ""),
    ]
    return [
        {
            "name": name,
            "symbol": symbol,
            "sentence": sentence,
            "colour": colour,
            "value": value,
            "error": error,
        }
        for (name, symbol, sentence, colour), (value, error) in zip(
            definitions(), values, strict=True
        )
    ]
