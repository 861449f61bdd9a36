"""Command line: vae-explorer opens the explorer, from wherever it is installed."""

import sys
from pathlib import Path

__all__ = ["main"]

PACKAGE = Path(__file__).resolve().parent.parent
# Installed, the script lies in the package, in a checkout beside it; Streamlit reads the settings
# in the script's folder.
SCRIPTS = (PACKAGE / "entry" / "app.py", PACKAGE.parent / "app.py")


def main() -> int:
    """Runs `streamlit run` with the arguments given; returns its status, 2 without Streamlit."""
    try:
        from streamlit.web import cli
    except ModuleNotFoundError as error:
        if error.name != "streamlit":
            raise
        print(
            "vae-explorer: Streamlit is not installed; "
            "install it with: pip install 'vae-explorer[explorer]'",
            file=sys.stderr,
        )
        return 2
    script = next((path for path in SCRIPTS if path.is_file()), None)
    if script is None:
        print(f"vae-explorer: {SCRIPTS[0]} is missing; install vae-explorer again", file=sys.stderr)
        return 2
    cli.main(["run", str(script), *sys.argv[1:]], prog_name="streamlit")  # ends by itself
    return 0
