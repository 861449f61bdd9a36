"""The style of all pages, and the wait for it.

The browser loads what shows an element when the first such element arrives, each at its own time.
A page that is drawn before its style is there moves when it comes. So the first run of a session
draws the style alone, and the page follows when the browser says that it has it.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st
from streamlit import runtime

from ..frontend import source

__all__ = ["mount_style"]


@cache
def _component() -> Callable[..., Any]:
    return st.components.v2.component(
        "vae_style",
        css="".join(map(source, ("symbols.css", "page.css", "argument.css"))),
        js=source("page_style.js"),
        isolate_styles=False,
    )


def mount_style() -> bool:
    """Hands the style to the browser; returns whether it is there.

    Without a server, as in a notebook or a test of the script alone, nobody waits.
    """
    # What the call returns, not the session: a browser that comes back to another process says so
    # again at once, and a run without widgets would lose what they hold.
    found = _component()(key="style", on_styled_change=_nothing)
    return bool(getattr(found, "styled", False)) or not _has_browser()


def _has_browser() -> bool:
    """Whether a server runs the script for a browser, and no test or notebook."""
    return runtime.exists() and type(runtime.get_instance()) is runtime.Runtime


def _nothing() -> None:
    """A component's state exists only with a callback."""
