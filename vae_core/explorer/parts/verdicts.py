"""A verdict for one image, and the rule over many images beside it; tables of text."""

from collections.abc import Sequence

import streamlit as st

from .equations import linked
from .symbol_links import say

__all__ = ["show_here", "show_rule", "table"]


def show_here(verdict: str) -> None:
    """What is so for the visitor's image."""
    with st.container(key="here"):
        say(f'<p class="tag">This image</p>\n\n{verdict}')


def show_rule(sentence: str) -> None:
    """What is so over many test images."""
    with st.container(key="rule"):
        say(f'<p class="tag">The rule, over test images</p>\n\n{sentence}')


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table of text; the first column names the row, the others are aligned as numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    st.markdown(linked(text), unsafe_allow_html=True)
