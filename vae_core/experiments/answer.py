"""The answer in words, from the numbers on the screen."""

import math
from dataclasses import dataclass

from ..models.checkpoint import Metadata
from ..models.naming import called, heading
from .phrases import bounded, significant
from .prediction import sigma_set_by
from .quantity import EXACT, nats
from .view import View

__all__ = ["Lane", "answer", "sigma_text"]

NAT = "<span data-symbol='nat'>nats</span>"
SIGMA = "<span class='s' data-symbol='stddev'>σ</span>"
SAMPLE = "<span class='s' data-symbol='sample'>sample</span>"
MEAN = "<span class='s' data-symbol='mean'>mean</span>"
PRICE = "<span class='s' data-symbol='price'>{}</span>"


@dataclass(frozen=True)
class Lane:
    """A model and what it makes of the picture."""

    trained: Metadata
    view: View


def answer(first: Lane, second: Lane | None = None) -> str:
    """Two or three sentences, in HTML: what a sample costs, and what holds σ down in training.

    Args:
        first: the lane above.
        second: the lane below it.
    """
    sentences = [_cost(first)]
    if first.view.has_posterior and first.view.scale:
        sentences.append(_cause(first.trained))
    if second is not None:
        sentences.append(_beside(second))
    return " ".join(filter(None, sentences))


def sigma_text(view: View) -> str:
    """The encoder's σ; one number where both directions show the same."""
    shown = [significant(float(value)) for value in view.stddev]
    return shown[0] if shown[0] == shown[1] else f"{shown[0]} and {shown[1]}"


def _cost(lane: Lane) -> str:
    view = lane.view
    if not view.has_posterior:
        return (
            f"This network, {called(lane.trained)}, has no {SIGMA}: an image is one point, and "
            "there is nothing to sample."
        )
    if not view.scale:
        return "With the noise at 0 every sample is the mean, and costs nothing; turn it up."
    noise = "" if view.scale == 1 else f" with noise × {view.scale:g}"
    if not _is_told(view):
        return (
            f"Decode the {MEAN} at test time: a {SAMPLE}{noise} changes the loss by less than can "
            f"be told, beside {view.loss_at_mean:.0f} {NAT}."
        )
    price = PRICE.format(_amount(view))
    if view.price < 0:
        return (
            f"An exception: here a {SAMPLE}{noise} is on average {price} {NAT} <em>better</em> "
            f"than the {MEAN}, beside {view.loss_at_mean:.0f}."
        )
    return (
        f"Decode the {MEAN} at test time: a {SAMPLE}{noise} costs {price} {NAT} more here, on top "
        f"of {view.loss_at_mean:.0f}."
    )


def _cause(trained: Metadata) -> str:
    """What held σ in training, which is true of every image."""
    kind = sigma_set_by(trained)
    price = PRICE.format("that cost")
    if kind == "price":
        return f"In training, {price} is the only thing that keeps {SIGMA} small."
    if kind == "recipe":
        return f"In training, {price} is in the loss and holds {SIGMA} down."
    if kind == "kl":
        return (
            f"In training, {price} was missing from the loss: only the KL saw {SIGMA}, and it is "
            "least at 1."
        )
    return f"In training, nothing looked at {SIGMA}."


def _beside(lane: Lane) -> str:
    view, beside = lane.view, f"<em>{heading(lane.trained)}</em>"
    if not view.has_posterior:
        return f"{beside}: no {SIGMA} at all, an image is one point."
    if not view.scale:
        return ""
    unpaid = sigma_set_by(lane.trained) == "kl"
    why = "it is missing, and only the KL acts on" if unpaid else ""
    sigma = f"{SIGMA} = {sigma_text(view)}"
    cost = _consequence(view)
    return f"{beside}, {why} {sigma}: {cost}." if unpaid else f"{beside}: {sigma}, {cost}."


def _consequence(view: View) -> str:
    if not _is_told(view):
        return "a sample changes the loss by less than can be told"
    price = PRICE.format(_amount(view))
    return f"a sample {'costs' if view.price >= 0 else 'saves'} {price}"


def _is_told(view: View) -> bool:
    """Whether the price differs from nothing by more than its error, and is not shown as 0."""
    return abs(view.price) >= max(float(view.expected_loss.error[0]), EXACT)


def _amount(view: View) -> str:
    price, error = abs(view.price), float(view.expected_loss.error[0])
    return bounded(price, error) if price < 100 or not math.isfinite(error) else nats(price)
