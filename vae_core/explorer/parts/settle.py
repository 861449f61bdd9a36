"""The wait for a page's style, so that nothing moves when it comes."""

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

from ..frontend import source

__all__ = ["settle"]

STYLED = "styled"  # of the session: its browser has the style
MARK = "<style>:root { --vae-styled: 1; }</style>"


@cache
def _styled() -> Callable[..., Any]:
    return st.components.v2.component("vae_styled", js=source("styled.js"))


def settle(style: str) -> None:
    """Sends the style of a page, and in a new session nothing else before the browser has it.

    Streamlit's code for HTML is loaded when it is first needed, after that of the title: what is
    sent together with the style is drawn without it first, and is seen to move.

    Args:
        style: of the page, all of it.
    """
    st.html(style + MARK)
    if st.session_state.get(STYLED) or not st.context.headers:  # no browser: a script
        return
    _styled()(key="styled-now", on_styled_change=_is_styled)
    if not st.session_state.get(STYLED):
        st.stop()


def _is_styled() -> None:
    st.session_state[STYLED] = True
