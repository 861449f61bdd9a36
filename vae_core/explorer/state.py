"""The visitor's choices: bound to the URL by Streamlit, checked here, changed by callbacks."""

import math
import random
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ..errors import InputError
from ..evaluation import expected_loss
from .components import picked
from .models import TEST_IMAGES, LoadedModel, TestImages, load_model, load_test_images

__all__ = [
    "DEFAULT_IMAGE",
    "DEFAULT_K",
    "DEFAULT_MODEL",
    "DEFAULT_VERSUS",
    "LAST_IMAGE",
    "MAX_K",
    "ORDERS",
    "Choices",
    "clear_z",
    "go_random",
    "go_step",
    "handle_pick",
    "known_choices",
    "parse_z",
    "read_choices",
    "resample",
    "restart_sequence",
]

LAST_IMAGE = TEST_IMAGES - 1
MAX_K = 256
MAX_Z = 50.0

# A link leaves out what has its default value, so that changing one changes what links show.
DEFAULT_MODEL = "sample"
DEFAULT_VERSUS = "mean"
DEFAULT_IMAGE = 1367  # a plain 3 that both networks decode as a 3 from its mean
DEFAULT_K = 16

ORDERS: dict[str, str] = {
    "index": "in the order of the data set",
    "price": "largest price of sampling first",
    "stddev": "widest q first",
}


@dataclass(frozen=True)
class Choices:
    """What the visitor chose, checked."""

    model: str
    versus: str  # a model's name or "none"
    image: int
    z: tuple[float, float] | None  # replaces the image
    k: int
    scale: float
    seed: int
    layer: str


def parse_z(text: object) -> tuple[float, float] | None:
    """The point that `"0.30,-1.20"` names, or None where the text names none."""
    if not isinstance(text, str):
        return None
    parts = text.split(",")
    if len(parts) != 2:
        return None
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        return None
    if not all(math.isfinite(value) and abs(value) <= MAX_Z for value in (x, y)):
        return None
    return x, y


def known_choices() -> Choices | None:
    """The choices as the last run and the callbacks left them; None before the first run."""
    keys = ("model", "versus", "image", "z", "k", "scale", "seed", "layer")
    return read_choices() if all(key in st.session_state for key in keys) else None


def read_choices() -> Choices:
    """The choices of this run; its widgets must have been drawn."""
    state = st.session_state
    return Choices(
        model=state.model,
        versus=state.versus,
        image=int(state.image),
        z=parse_z(state.z),
        k=int(state.k),
        scale=float(state.scale),
        seed=int(state.seed),
        layer=state.layer,
    )


# --- callbacks -----------------------------------------------------------------------------------


def handle_pick(key: str) -> None:
    """Takes over the test image or the point that was picked in a panel."""
    choice = picked(key)
    if not isinstance(choice, dict):
        return
    image, z = choice.get("image"), choice.get("z")
    if type(image) is int and 0 <= image <= LAST_IMAGE:
        st.session_state.image = image
        st.session_state.z = ""
    elif isinstance(z, list) and all(type(value) in (int, float) for value in z):
        # First the size: an integer from a browser may lie beyond every float.
        text = ",".join(f"{value:.5g}" if abs(value) <= MAX_Z else "" for value in z)
        if parse_z(text):
            st.session_state.z = text


def clear_z() -> None:
    """A new choice of image replaces the point."""
    st.session_state.z = ""


def resample() -> None:
    st.session_state.seed = (int(st.session_state.seed) + 1) % (2**31)


def go_random() -> None:
    _go_to(int(random.choice(_sequence())))


def go_step(step: int) -> None:
    """Goes along the chosen order by `step` images, around its ends."""
    sequence = _sequence()
    place = np.flatnonzero(sequence == int(st.session_state.image))
    _go_to(int(sequence[(int(place[0]) + step) % len(sequence) if len(place) else 0]))


def restart_sequence() -> None:
    """Goes to the first image of a newly chosen class or order."""
    _go_to(int(_sequence()[0]))


def _go_to(image: int) -> None:
    st.session_state.image = image
    clear_z()


def _sequence() -> NDArray[np.intp]:
    """Test images of the chosen class in the chosen order."""
    test = load_test_images()
    order = st.session_state.order
    indices: NDArray[np.intp] = np.arange(len(test.images))
    if order in ("price", "stddev"):
        with suppress(InputError):  # the panel of a damaged model says so
            model = load_model(st.session_state.model)
            indices = _sorted(order, model.name, model.fingerprint)
    if st.session_state.digit != "any":
        indices = indices[test.labels[indices] == int(st.session_state.digit)]
    return indices


@st.cache_data(max_entries=16, show_spinner="Sorting 10,000 images …")
def _sorted(order: str, name: str, fingerprint: str) -> NDArray[np.intp]:
    """Indices of the test images, largest first; `fingerprint` is there for the cache."""
    model, test = load_model(name), load_test_images()
    values = model.stddev.prod(axis=1) if order == "stddev" else _prices(model, test)
    return np.argsort(-values, kind="stable")


def _prices(model: LoadedModel, test: TestImages) -> NDArray[np.floating]:
    """Price of sampling for each test image, to the precision that an order needs."""
    prices = np.zeros(len(test.images))
    if not model.network.has_posterior:
        return prices
    for start in range(0, len(prices), 500):
        part = slice(start, start + 500)
        x, mean, stddev = test.pixels(part), model.mean[part], model.stddev[part]
        loss = expected_loss(model.network, model.grid, x, mean, stddev, max_order=4)
        prices[part] = loss.value - model.network.reconstruction_loss(x, mean)
    return prices
