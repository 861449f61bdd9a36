"""What a claim's module has for the page: its number, its tab, its equation, how it is drawn."""

from collections.abc import Callable
from dataclasses import dataclass

from ...experiments.subject import Subject
from ...models.naming import called
from ..parts.equations import Step

__all__ = ["Claim"]


@dataclass(frozen=True)
class Claim:
    """A claim of the argument.

    Attributes:
        number: in the address; its text is `assets/text/claim-NUMBER.md`.
        label: of its tab.
        show: draws the experiment on a subject.
        models: the shipped models whose numbers it shows; none where it shows the chosen one's.
        equation: what is claimed, line by line.
        follows_model: whether another choice of the model shows other numbers.
        follows_seed: whether another seed does.
    """

    number: int
    label: str
    show: Callable[[Subject], None]
    models: tuple[str, ...] = ()
    equation: tuple[Step, ...] = ()
    follows_model: bool = True
    follows_seed: bool = False

    def shown_models(self, subject: Subject) -> tuple[str, ...]:
        """What the models are called whose numbers it shows: those that stand in for `models`.

        Raises:
            InputError: no model of these images was trained as one of them was.
        """
        if not self.models:
            return (called(subject.model.metadata),)
        return tuple(called(subject.other(name).metadata) for name in self.models)
