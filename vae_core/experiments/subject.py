"""What every experiment is about: an image, a model, a seed, and the models beside it."""

from collections.abc import Callable
from dataclasses import dataclass

from ..arrays import Array
from ..errors import InputError
from ..inference.loaded_model import LoadedModel
from ..models.naming import spoken
from .choices import Choices, parse_draw
from .view import shown_picture

__all__ = ["Subject", "subject_of"]


def _nothing_beside(name: str) -> LoadedModel:
    raise InputError(f"This experiment needs the model {name!r} beside this one; there is none")


@dataclass(frozen=True)
class Subject:
    """Choices, resolved.

    Attributes:
        x: the image, `(pixels,)` in [0, 1].
        caption: what it is.
        model: the chosen model.
        seed: of the samples.
        other: the model that was trained as a shipped one, on the images of this one; raises
            InputError where there is none.
    """

    x: Array
    caption: str
    model: LoadedModel
    seed: int = 0
    other: Callable[[str], LoadedModel] = _nothing_beside


def subject_of(
    model: LoadedModel,
    choices: Choices,
    other: Callable[[str], LoadedModel] = _nothing_beside,
) -> Subject:
    """The subject for a drawing, the picture that the model decodes at z, or a test image."""
    x = shown_picture(model, choices)
    if parse_draw(choices.draw):
        caption = "your drawing"
    elif choices.z is not None:
        caption = (
            f"the picture that {spoken(model.metadata)} decodes at z = {choices.z[0]:.2f}, "
            f"{choices.z[1]:.2f}"
        )
    else:
        kind = model.test.class_of(choices.image)
        caption = f"test image {choices.image}" + (f", {kind}" if kind else "")
    return Subject(x, caption, model, choices.seed, other)
