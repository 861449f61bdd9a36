"""What every experiment is about: the visitor's image, model and seed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ...drawing import unpack
from ...evaluation import expected_loss
from ..computing import compute_for
from ..models import LoadedModel, counterpart, load_model
from ..view import TOLERANCE, shown_picture

__all__ = ["Subject", "cached", "losses_at", "no_posterior", "subject_of"]

Array = NDArray[np.floating]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Subject:
    """The visitor's choices, resolved.

    Attributes:
        x: the image, `(784,)` in [0, 1].
        caption: what it is.
        model: the chosen model.
        seed: of the samples.
    """

    x: Array
    caption: str
    model: LoadedModel
    seed: int

    def other(self, name: str) -> LoadedModel:
        """A shipped model, or what was trained as it was on the images of the visitor's model.

        Raises:
            InputError: there is none, or it is damaged.
        """
        name = counterpart(name, self.model)
        return self.model if name == self.model.name else load_model(name)


def subject_of(
    model: LoadedModel,
    image: int,
    z: tuple[float, float] | None = None,
    seed: int = 0,
    draw: str = "",
) -> Subject:
    """The subject for a drawing, the picture that the model decodes at z, or a test image."""
    x = shown_picture(model, image, z, draw)
    if unpack(draw) is not None:
        caption = "your drawing"
    elif z is not None:
        caption = f"the picture at z = {z[0]:.2f}, {z[1]:.2f}"
    else:
        kind = model.test.class_of(image)
        caption = f"test image {image}" + (f", {kind}" if kind else "")
    return Subject(x, caption, model, seed)


def cached(
    compute: Callable[..., Result], *models: LoadedModel, x: Array, **settings: Any
) -> Result:
    """`compute(*models, x=x, **settings)`, shared by all who look at the same thing."""
    return _cached(
        f"{compute.__module__}.{compute.__qualname__}",
        tuple(model.fingerprint for model in models),
        x.tobytes(),
        tuple(sorted(settings.items())),
        lambda: compute(*models, x=x, **settings),
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _cached(
    name: str,
    fingerprints: tuple[str, ...],
    x: bytes,
    settings: tuple[tuple[str, Any], ...],
    _compute: Callable[[], Any],
) -> Any:
    """Shared, never changed: results are frozen."""
    return compute_for("claims", _compute)


def losses_at(model: LoadedModel, x: Array, stddevs: Array) -> Array:
    """E over N(mean, stddev²) of the loss of one image, for many stddevs around its own mean.

    Args:
        model: the model.
        x: the image, `(784,)`.
        stddevs: `(count, 2)`.

    Returns:
        `(count,)`, in nats.
    """
    mean, _ = model.network.encode(x[None])
    images, means = (np.repeat(row, len(stddevs), axis=0) for row in (x[None], mean))
    return expected_loss(
        model.network, model.grid, images, means, stddevs, tolerance=TOLERANCE, max_order=24
    ).value


def no_posterior(model: LoadedModel) -> str:
    """Why an experiment on q has nothing to show for a model without one."""
    return (
        f"`{model.name}` has no q: an image is one point of the plane, and there is nothing to "
        "sample. Choose another model."
    )
