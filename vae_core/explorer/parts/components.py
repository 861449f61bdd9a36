"""What the browser receives once: the code, a model's bytes, a bank of ε.

Streamlit sends a component whole, source and data, when its data change. The code (40 kB) and a
model's points and weights (0.3 MB) are therefore components of their own; the stage's data are the
few kilobytes that a click changes.
"""

import base64
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ...experiments.view import draw_epsilon
from ...inference.latent import Field, extent_of
from ...inference.loaded_model import LoadedModel
from ..frontend import source

__all__ = [
    "RINGS",
    "field_data",
    "mount_code",
    "mount_epsilon",
    "mount_model_data",
    "pack_model",
    "plane_half",
]

SEEDS, DRAWS = 32, 64  # of the bank of ε in the browser, 16 KiB; other seeds come from the server
RULE_RINGS = 8
RINGS = 3.3  # how far a plane reaches that shows the prior's three rings


def plane_half(points: NDArray[Any]) -> float:
    """How far a plane reaches from the origin: to the prior's rings, and nearly all points.

    Args:
        points: `(points, 2)`; a few of them may lie far out.
    """
    return extent_of(points, least=RINGS)[1]


@cache
def _code() -> Callable[..., Any]:
    return st.components.v2.component("vae_code", js=source("code.js"))


@cache
def _model_data() -> Callable[..., Any]:
    return st.components.v2.component("vae_model_data", js=source("model_data.js"))


@cache
def _epsilon() -> Callable[..., Any]:
    return st.components.v2.component("vae_epsilon", js=source("epsilon_data.js"))


def mount_code() -> None:
    """Hands the code of the stage to the browser, which keeps it."""
    _code()(key="code")


def pack_model(model: LoadedModel) -> bytes:
    """A model's decoder, points and labels: length of a JSON header, the header, float32 arrays."""
    layers = [*model.network.decoder_hidden, model.network.decoder_logits]
    header = json.dumps(
        {
            "id": model.fingerprint,
            "layers": [list(layer.kernel.shape) for layer in layers],
            "points": len(model.mean),
            "half": plane_half(model.mean),
            "width": model.network.config.image_shape[1],
            "classes": model.test.class_names,
            "phrases": model.test.class_phrases,
        }
    ).encode()
    header += b" " * (-len(header) % 4)
    arrays: list[NDArray[Any]] = [array for layer in layers for array in (layer.kernel, layer.bias)]
    arrays += [model.mean, model.test.labels]
    return b"".join(
        [
            np.uint32(len(header)).tobytes(),
            header,
            *(np.ascontiguousarray(array, "<f4").tobytes() for array in arrays),
        ]
    )


@cache
def pack_epsilon() -> bytes:
    """The ε of the first seeds, `(SEEDS, DRAWS, 2)`, and a rule for averages over N(0, I).

    The length of a JSON header, the header, float32 arrays, as `pack_model`. The rule has `rings`
    of directions, each with its radius and its weight: radius²/2 of N(0, I) in two dimensions is
    exponential, which the Gauss-Laguerre rule integrates.
    """
    nodes, weights = np.polynomial.laguerre.laggauss(RULE_RINGS)
    header = json.dumps(
        {
            "seeds": SEEDS,
            "draws": DRAWS,
            "radii": np.sqrt(2 * nodes).tolist(),
            "weights": weights.tolist(),
        }
    ).encode()
    header += b" " * (-len(header) % 4)
    draws = np.stack([draw_epsilon(seed, DRAWS) for seed in range(SEEDS)])
    return np.uint32(len(header)).tobytes() + header + draws.astype("<f4").tobytes()


def mount_epsilon() -> None:
    """Hands the browser the ε that it draws without the server."""
    _epsilon()(data=pack_epsilon(), key="epsilon")


def field_data(field: Field, caption: str, power: float = 1.0) -> dict[str, Any]:
    """A field as a plane draws it: its largest value is the strongest shade.

    Args:
        field: to be drawn.
        caption: says what the strongest shade stands for.
        power: of the value that a shade is proportional to; below one, small values show.
    """
    values = (field.values / max(float(field.values.max()), 1e-300)) ** power
    grey = np.round(255 * values).astype(np.uint8)
    return {
        "extent": list(field.extent),
        "side": len(grey),
        "values": base64.b64encode(grey.tobytes()).decode(),
        "caption": caption,
    }


def mount_model_data(model: LoadedModel) -> None:
    """Hands a model to the browser, which keeps it."""
    packed = model.once("packed", lambda: pack_model(model))
    _model_data()(data=packed, key=f"data-{model.name}")
