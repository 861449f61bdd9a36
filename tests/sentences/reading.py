"""Reading sentences back: numbers out of words."""

import re

__all__ = ["NUMBER", "close", "groups", "number"]

NUMBER = r"([+−-]?\d[\d,]*(?:\.\d+)?)"
WITHIN = r"(?: \(within ([\d.]+)\))?"


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", "").replace("+", ""))


def groups(pattern: str, sentence: str) -> list[float]:
    """The numbers of a pattern, in which # stands for one, and #w for one with its bound.

    A bound that is not stated is 0.
    """
    escaped = re.escape(pattern).replace(r"\#w", NUMBER + WITHIN).replace(r"\#", NUMBER)
    found = re.search(escaped, sentence)
    assert found, (pattern, sentence)
    return [0.0 if one is None else number(one) for one in found.groups()]


def close(stated: float, own: float, allowed: float = 0.0, digits: int = 2) -> bool:
    """Whether a stated number is another one, up to half a unit of its last digit and more."""
    return abs(stated - own) <= 0.5 * 10**-digits * 1.02 + allowed
