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
    """

    number: int
    label: str
    show: Callable[[Subject], None]
