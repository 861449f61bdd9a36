"""The one exception that means "what you gave me is wrong", as opposed to a bug."""

import tokenize
import zipfile
import zlib

__all__ = ["DAMAGED", "InputError"]


class InputError(ValueError):
    """Invalid input from outside: names the value and what was expected, in one line."""


# What np.load and the members of its archive raise for a file that is cut off, altered, or
# something else than an .npz (TypeError and AttributeError: a single .npy array; MemoryError,
# SyntaxError and TokenError: an altered header of an array).
DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    AttributeError,
    TypeError,
    RuntimeError,
    MemoryError,
    SyntaxError,
    tokenize.TokenError,
    zlib.error,
    zipfile.BadZipFile,
)
