"""Repetitions of one behaviour: some in every run of the tests, all of them in the long one."""

from collections.abc import Collection, Iterable
from typing import TypeVar

import pytest

__all__ = ["seldom"]

Value = TypeVar("Value")


def seldom(values: Iterable[Value], often: Collection[Value]) -> list[object]:
    """Parameters of a test, of which all but `often` are left to the long run."""
    return [
        value if value in often else pytest.param(value, marks=pytest.mark.long) for value in values
    ]
