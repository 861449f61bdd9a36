"""What a visitor may be told of a file: its name, never where it lies on the server."""

import os
import re
import tempfile
from pathlib import Path

from ...models.data import ASSETS

__all__ = ["without_paths"]

# What begins like an absolute path, up to its last component.
ABSOLUTE = re.compile(
    r"(?<![\w.:/\\)])(?:[A-Za-z]:)?[/\\]"  # a root, not a fraction
    r"(?:[^\s/\\:;,'\"]+[/\\])*(?=[^\s/\\:;,'\"])"
)


def without_paths(text: str) -> str:
    """A message without the folders of this server.

    Those that are known are taken off whole, blanks in them included; of any other absolute path
    the last component is left.
    """
    known = {ASSETS.parent, ASSETS / "models", Path.cwd(), Path.home(), Path(tempfile.gettempdir())}
    if brought := os.environ.get("VAE_MODELS"):
        known |= {Path(brought), Path(brought).absolute()}
        text = text.replace(f"VAE_MODELS={brought}", "VAE_MODELS")
    for folder in sorted(map(str, known), key=len, reverse=True):
        if len(folder) > 1:
            text = text.replace(f"{folder}{os.sep}", "").replace(folder, Path(folder).name)
    return ABSOLUTE.sub("", text)
