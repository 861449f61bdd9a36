"""The models that a visitor trained or brought: named in the URL, held by the server."""

import streamlit as st

from ...errors import InputError
from ..server.shelf import server_shelf

__all__ = ["TRAINED", "add_own_model", "own_models", "usable_models"]

TRAINED = "trained"  # in the URL and of the session
MOST = 6


def own_models() -> list[str]:
    """Names of the visitor's models that the server still has, the newest last.

    They come from the session and from the address, which survives a reload and can be shared.
    """
    query = st.query_params
    named = [*query.get(TRAINED, "").split(",")[:MOST], query.get("model"), query.get("versus")]
    names = dict.fromkeys([*st.session_state.get(TRAINED, []), *named])
    try:
        shelf = server_shelf()
    except InputError:  # the page Train says what is wrong
        return []
    own = [name for name in names if name and shelf.folder(name) is not None][-MOST:]
    st.session_state[TRAINED] = own
    return own


def usable_models() -> list[str]:
    """Those of `own_models` that can be shown: not while they are trained."""
    own = own_models()
    if not own:
        return []
    shelf = server_shelf()
    return [
        name
        for name in own
        if not shelf.in_use(name)
        and (folder := shelf.folder(name))
        and (folder / "metadata.json").exists()
    ]


def add_own_model(name: str) -> None:
    """Makes a model the visitor's newest, in the session and in the address."""
    own = [*(one for one in own_models() if one != name), name][-MOST:]
    st.session_state[TRAINED] = own
    st.query_params[TRAINED] = ",".join(own)
