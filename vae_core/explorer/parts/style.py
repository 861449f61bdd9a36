"""What the pages owe every visitor: legible captions, a focus that shows, rest for who wants it."""

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

from ..frontend import source

__all__ = ["COMMON", "settle"]

STYLED = "styled"  # of the session: its browser has the style
MARK = "<style>:root { --vae-styled: 1; }</style>"

# The colour of the focus has 3:1 on either theme: a popover does not say which one it is in.
# A summary's outline lies within: what it unfolds cuts off the rest.
# Streamlit writes what is chosen fainter than what is not.
# What unfolds is animated by a script, which only an important rule overrules.
# One frame for all pages, so that their titles stand at one left edge.
COMMON = """
<style>
.stAppHeader { height: 2.75rem; min-height: 2.75rem; }
.stMainBlockContainer { padding: 2.6rem 1.5rem 2rem; max-width: 1880px; }
.stMainBlockContainer h1 { font-size: 1.6rem; line-height: 1.25; padding: 0 0 .3rem; }
.stApp [data-testid="stCaptionContainer"] { opacity: .8; }
:root :is(a, button, summary, .stCode):focus-visible { outline: 2px solid #7b8490; }
:root summary:focus-visible { outline-offset: -2px; }
:root button[role="radio"][data-selected] { color: inherit; }
:root button[role="radio"][data-selected] p { font-weight: 600; }
@media (prefers-reduced-motion: reduce) {
    .stApp :is(.stProgress *, .stSidebar, .stSidebar *) { transition: none !important; }
    .stApp details { height: auto !important; }
}
</style>
"""


@cache
def _styled() -> Callable[..., Any]:
    return st.components.v2.component("vae_styled", js=source("styled.js"))


def settle(style: str) -> None:
    """Sends the style of a page, and in a new session nothing else before the browser has it.

    Streamlit's code for HTML is loaded when it is first needed, after that of the title: what is
    sent together with the style is drawn without it first, and is seen to move.

    Args:
        style: `COMMON`, and what the page needs besides.
    """
    st.html(style + MARK)
    if st.session_state.get(STYLED) or not st.context.headers:  # no browser: a script
        return
    _styled()(key="styled-now", on_styled_change=_is_styled)
    if not st.session_state.get(STYLED):
        st.stop()


def _is_styled() -> None:
    st.session_state[STYLED] = True
