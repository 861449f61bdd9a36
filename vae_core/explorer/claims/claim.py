"""What a claim's module has for the page: its number, its tab, and how it is drawn."""

from collections.abc import Callable
from dataclasses import dataclass

from ...experiments.subject import Subject

__all__ = ["Claim"]


@dataclass(frozen=True)
class Claim:
    """A claim of the argument.

    Attributes:
        number: in the address; its text is `assets/text/claim-NUMBER.md`.
        label: of its tab.
        show: draws the experiment on a subject.
        models: the shipped models whose numbers it shows; none where it shows the chosen one's.
    """

    number: int
    label: str
    show: Callable[[Subject], None]
    models: tuple[str, ...] = ()

    def shown_models(self, subject: Subject) -> tuple[str, ...]:
        """Names of the models whose numbers it shows: those that stand in for `models`.

        Raises:
            InputError: no model of these images was trained as one of them was.
        """
        if not self.models:
            return (subject.model.name,)
        return tuple(subject.other(name).name for name in self.models)
