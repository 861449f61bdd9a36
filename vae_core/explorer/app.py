"""The explorer as one function: `app.py` calls it for every run of a visitor's script."""

from .process import prepare_process

__all__ = ["main"]


def main() -> None:
    """Draws the page that the address names."""
    prepare_process()
    from .navigation import run  # NumPy: only now

    run()
