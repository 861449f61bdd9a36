"""Prose, equations and figures of a page whose symbols light up together."""

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

from ..frontend import source
from .equations import linked

__all__ = ["mount_symbol_links", "say"]


@cache
def _links() -> Callable[..., Any]:
    return st.components.v2.component("vae_symbol_links", js=source("argument.js"))


def mount_symbol_links() -> None:
    """Links the symbols of the container `argument`; to be called once, within it."""
    _links()(key="symbol-links")


def say(markdown: str) -> None:
    """Prose in which every symbol lights up with its likes."""
    st.markdown(linked(markdown), unsafe_allow_html=True)
