"""One claim as a function: a model and an image in, numbers and a verdict out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ..inference.loaded_model import LoadedModel, load_model
from ..models.catalogue import FoundModel, counterpart, shipped_models
from ..models.naming import spoken
from .choices import Choices
from .subject import Subject, subject_of

__all__ = ["Experiment", "Outcome", "no_posterior"]

MAX_SEED = 2**63


@dataclass(frozen=True)
class Outcome:
    """What an experiment found.

    Attributes:
        verdict: a sentence or two, in Markdown, computed from the numbers.
        numbers: what the sentence speaks of, by name; in nats unless the name says otherwise.
        results: everything that was computed, as the page draws it.
    """

    verdict: str
    numbers: Mapping[str, float]
    results: tuple[object, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Experiment:
    """An experiment on one image under one model; call it.

    Attributes:
        number: of the claim.
        name: by which `vae_core.experiments` offers it.
        run: from a `Subject` to its `Outcome`.
        needs_q: whether a model without a q has nothing to show.
    """

    number: int
    name: str
    run: Callable[[Subject], Outcome]
    needs_q: bool = True

    def __call__(
        self, model: LoadedModel | Path | str, image: int | ArrayLike = 0, seed: int = 0
    ) -> Outcome:
        """Runs it.

        Args:
            model: a loaded one, or the folder of one.
            image: index of a test image, or the picture itself: `(height, width)` or `(pixels,)`
                in [0, 1].
            seed: of the samples.

        Returns:
            Numbers and verdict; for a model without a q, where one is needed, what is missing.

        Raises:
            InputError: a file is missing or damaged, the image does not exist, or no model of
                these images was trained in a way that this experiment compares with.
        """
        if not isinstance(model, LoadedModel):
            model = load_model(Path(model))
        if not isinstance(seed, int) or not 0 <= seed < MAX_SEED:
            raise InputError(
                f"Invalid value received for `seed`. Expected an integer from 0. Received: {seed!r}"
            )
        subject = _subject(model, image, seed)
        if self.needs_q and not model.has_posterior:
            return Outcome(no_posterior(model), {})
        return self.run(subject)


def no_posterior(model: LoadedModel) -> str:
    """Why an experiment on q has nothing to show for a model without one."""
    said = spoken(model.metadata)
    return (
        f"{said[0].upper()}{said[1:]} has no q: an image is one point of the plane, and "
        "there is nothing to sample. Choose another model."
    )


def _subject(model: LoadedModel, image: int | ArrayLike, seed: int) -> Subject:
    def other(name: str) -> LoadedModel:
        return model.once(("beside", name), lambda: _beside(name, model))

    if isinstance(image, (int, np.integer)) and not isinstance(image, bool):
        if not 0 <= image <= model.test.last:
            raise InputError(
                f"Invalid value received for `image`. Expected an index from 0 to "
                f"{model.test.last}. Received: {image}"
            )
        return subject_of(model, Choices(image=int(image), seed=seed), other)
    expected = f"{model.network.config.pixels} numbers from 0 to 1"
    try:
        x = np.asarray(image, np.float32).reshape(-1)
    except (TypeError, ValueError):  # text, or rows of different lengths
        raise InputError(
            f"Invalid value received for `image`. Expected {expected}. Received: {image!r:.40}"
        ) from None
    if x.size != model.network.config.pixels or not (x.min() >= 0 and x.max() <= 1):
        raise InputError(
            f"Invalid value received for `image`. Expected {expected}. Received: {np.shape(image)}"
        )
    return Subject(x, "your picture", model, seed, other)


def _beside(name: str, model: LoadedModel) -> LoadedModel:
    """The model that was trained as a shipped one, on the images of another model.

    Looked for among the shipped models.
    """
    wanted = shipped_models().get(name)
    if wanted is None:
        raise InputError(f"This experiment needs the shipped model {name!r}, which is missing")
    key = model.metadata.data_sha256
    if wanted.data_sha256() == key:
        return load_model(wanted.folder)
    places: dict[str, FoundModel] = shipped_models()
    found = counterpart(wanted.metadata(), key, places.values())
    if found is None:
        raise InputError(
            f"This experiment needs a model that was trained as {name!r} was, and there is none "
            f"for {model.test.name}"
        )
    return load_model(places[found].folder)
