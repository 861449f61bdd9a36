"""What a visitor may be told of a file: its name, never where it lies on the server."""

import os
import re
import tempfile
from pathlib import Path

from ...models import catalogue
from ...models.data import ASSETS

__all__ = ["without_paths"]

# What begins like an absolute path, up to its last component.
ABSOLUTE = re.compile(
    r"(?<![\w.:/\\)])(?:[A-Za-z]:)?[/\\]"  # a root, not a fraction
    r"(?:[^\s/\\:;,'\"]+[/\\])*(?=[^\s/\\:;,'\"])"
)


def without_paths(text: str) -> str:
    """A message without the folders of this server.

    Files of models are named from the model's folder on, others of the project from `assets` on;
    of any other absolute path the last component is left.
    """
    shown = {catalogue.MODELS, ASSETS}
    if brought := os.environ.get("VAE_MODELS"):
        shown |= {Path(brought), Path(brought).absolute()}
        text = text.replace(f"VAE_MODELS={brought}", "VAE_MODELS")
    for folder in sorted(map(str, shown), key=len, reverse=True):
        text = text.replace(f"{folder}{os.sep}", "")
    hidden = {ASSETS.parent, Path.cwd(), Path.home(), Path(tempfile.gettempdir())}
    for folder in sorted(map(str, hidden), key=len, reverse=True):
        if len(folder) > 1:  # whole, blanks in it included
            text = text.replace(f"{folder}{os.sep}", os.sep)
    return ABSOLUTE.sub("", text)
