"""How sentences write numbers: signs, bounds of integrals, shares, lists, and sums that add up."""

import math
from collections.abc import Sequence

from .quantity import bound, nats, remainder

__all__ = [
    "ONE_RUN",
    "bounded",
    "listed",
    "remainder",
    "signed",
    "significant",
    "within",
]

# What every sentence that compares two trained models has to say.
ONE_RUN = "One run each: a difference between two trained models carries no spread."


def within(error: float) -> str:
    """The bound of an integral, in brackets; nothing where it is below the last digit."""
    text = bound(error)
    return f" ({text})" if text else ""


def bounded(value: float, error: float) -> str:
    """A number of nats with the bound of its error."""
    return nats(value) + (within(error) if math.isfinite(value) else "")


def signed(value: float, error: float = 0.0) -> str:
    """A difference in nats with its sign."""
    if not math.isfinite(value):
        return nats(value)
    text = nats(value)
    plus = "" if text.startswith("−") or float(text) == 0 else "+"
    return f"{plus}{text}{within(error)}"


def significant(value: float, digits: int = 2) -> str:
    """A positive number with so many significant digits: 0.00012, 0.024, 1.3, 18,000."""
    if not math.isfinite(value) or value == 0:
        return "0" if value == 0 else "∞"
    rounded = float(f"{value:.{digits - 1}e}")
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, decimals)}f}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
