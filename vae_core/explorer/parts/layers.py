"""Background layers of the plane, by the name they have in the URL: one object a layer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...experiments.phrases import significant
from ...experiments.view import View
from ...inference import latent
from ...inference.loaded_model import LoadedModel
from .components import field_data

__all__ = ["LAYERS", "Layer", "layer_data"]

Drawn = dict[str, Any] | None


@dataclass(frozen=True)
class Layer:
    """A background of the plane.

    Attributes:
        meaning: what it shows.
        of_model: its field as a plane draws it, where it depends on the model alone.
        of_view: the same for a layer that depends on the image; None where there is none.
        needs_q: whether a model without a q has none.
    """

    meaning: str
    of_model: Callable[[LoadedModel], Drawn] | None = None
    of_view: Callable[[LoadedModel, View], Drawn] | None = None
    needs_q: bool = False


def layer_data(name: str, model: LoadedModel, view: View) -> Drawn:
    """The field of a layer as a plane draws it; None where there is none to draw."""
    layer = LAYERS.get(name)
    if layer is None or (layer.needs_q and not model.has_posterior):
        return None
    if layer.of_view:
        return layer.of_view(model, view)
    of_model = layer.of_model
    return model.once(("layer", name), lambda: of_model(model)) if of_model else None


def _posterior(model: LoadedModel, view: View) -> Drawn:
    if np.isnan(view.evidence.log_evidence[0]):
        return None
    field = latent.true_posterior(model.network, view.x, view.evidence)
    return field_data(field, f"strongest: {field.values.max():.3g} per unit²")


def _price(model: LoadedModel) -> Drawn:
    stddev = float(np.median(model.stddev))
    field = latent.price_field(model.network, stddev, latent.extent_of(model.mean))
    strongest, own = significant(float(field.values.max())), significant(stddev)
    return field_data(field, f"strongest: price of σ ≈ {strongest} nats at σ = {own}")


def _aggregate(model: LoadedModel) -> Drawn:
    field = latent.aggregate_posterior(model.mean, model.stddev, latent.extent_of(model.mean))
    return field_data(field, f"strongest: {field.values.max():.3g} per unit²", power=0.5)


def _magnification(model: LoadedModel) -> Drawn:
    field = latent.magnification(model.network, latent.extent_of(model.mean))
    return field_data(field, f"strongest: {field.values.max():.3g} per unit²", power=0.5)


LAYERS: dict[str, Layer] = {
    "none": Layer("No background."),
    "tiles": Layer("The picture the decoder makes at each place: the blog's manifold figure."),
    "posterior": Layer(
        "The true posterior p(z|x) of the image, exact: what q tries to match.",
        of_view=_posterior,
    ),
    "gap": Layer(
        "The price of σ at each place, for the model's median σ, in nats.",
        of_model=_price,
        needs_q=True,
    ),
    "aggregate": Layer(
        "The average of q(z|x) over all test images; training pulls it to the prior.",
        of_model=_aggregate,
        needs_q=True,
    ),
    "magnification": Layer(
        "How fast the picture changes with z: √det(JᵀJ) of the decoder.",
        of_model=_magnification,
    ),
}
