"""How a page links to another one, without knowing it."""

from collections.abc import Callable

__all__ = ["Link"]

Link = Callable[[str, str, dict[str, str]], None]  # name of the page, label, query
