"""Background layers of the plane, by the name they have in the URL."""

from typing import Any

import numpy as np
import streamlit as st

from .. import latent
from .components import field_data
from .models import LoadedModel, load_model
from .view import View

__all__ = ["LAYERS", "layer_data"]

LAYERS: dict[str, str] = {
    "none": "No background.",
    "tiles": "The picture the decoder makes at each place: the blog's manifold figure.",
    "posterior": "The true posterior p(z|x) of the image, exact: what q tries to match.",
    "gap": "What sampling with the model's median σ costs at each place, in nats.",
    "aggregate": "The average of q(z|x) over all test images; training pulls it to the prior.",
    "magnification": "How fast the picture changes with z: √det(JᵀJ) of the decoder.",
}


def layer_data(layer: str, model: LoadedModel, view: View) -> dict[str, Any] | None:
    """The field of a layer as the panel draws it; None where there is none to draw."""
    if layer == "posterior":
        if np.isnan(view.evidence.log_evidence[0]):
            return None
        field = latent.true_posterior(model.network, view.x, view.evidence)
        return field_data(field, f"strongest: {field.values.max():.3g} per unit²")
    if layer in ("gap", "aggregate", "magnification"):
        if layer != "magnification" and not model.network.has_posterior:
            return None
        return _model_layer(layer, model.name, model.fingerprint)
    return None


@st.cache_data(max_entries=32, show_spinner=False)
def _model_layer(layer: str, name: str, fingerprint: str) -> dict[str, Any]:
    """A layer that depends on the model alone; `fingerprint` is there for the cache."""
    model = load_model(name)
    half = max(4.0, 1.06 * float(np.quantile(np.abs(model.mean), 0.998)))
    extent = (-half, half, -half, half)
    if layer == "gap":
        stddev = float(np.median(model.stddev))
        field = latent.jensen_gap(model.network, stddev, extent)
        return field_data(field, f"strongest: {field.values.max():.2f} nats at σ = {stddev:.2f}")
    if layer == "aggregate":
        field = latent.aggregate_posterior(model.mean, model.stddev, extent)
        return field_data(field, f"strongest: {field.values.max():.3g} per unit²", power=0.5)
    field = latent.magnification(model.network, extent)
    return field_data(field, f"strongest: {field.values.max():.3g} per unit²", power=0.5)
