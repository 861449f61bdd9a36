"""How a page says that something is wrong."""

import streamlit as st

from ..server.paths import without_paths

__all__ = ["show_problem"]


def show_problem(error: Exception | str) -> None:
    """The message of an error in a box; it names files, not where they lie on the server."""
    st.error(without_paths(str(error)))
