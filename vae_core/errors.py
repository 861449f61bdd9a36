"""The one exception that means "what you gave me is wrong", as opposed to a bug."""

__all__ = ["InputError"]


class InputError(ValueError):
    """Invalid input from outside: names the value and what was expected, in one line."""
