"""The pages of the app, and links between them."""

from functools import partial

import streamlit as st

from .parts.style import mount_style
from .visitor.heartbeat import keep_runs

__all__ = ["run"]

FRAMED = "framed"  # of the session: the frame of the pages was sent
SETTLING = 0.15  # seconds that it gets, once in a session


# A page is imported when it is shown: Plotly, which only some need, is a quarter of a cold start.


def _explore() -> None:
    from .pages import explore

    explore.show()


def _argument() -> None:
    from .pages import argument

    argument.show(partial(_link, pages()))


def _train() -> None:
    from .pages import train

    train.show(partial(_link, pages()))


def pages() -> dict[str, st.Page]:
    """The pages by name, in the order of the navigation."""
    return {
        "explore": st.Page(_explore, title="Explore", url_path="explore", default=True),
        "argument": st.Page(_argument, title="The argument", url_path="argument"),
        "train": st.Page(_train, title="Train", url_path="train"),
    }


def _link(known: dict[str, st.Page], page: str, label: str, query: dict[str, str]) -> None:
    """A link to a page with these choices."""
    st.page_link(known[page], label=label, query_params=query)


def run() -> None:
    """Draws the page that the address names."""
    st.set_page_config(page_title="Why does a VAE decode samples?")
    known = pages()
    page = st.navigation([*known.values()], position="hidden")
    if not mount_style():
        st.container(key="waiting")  # for who watches the page: it is not all of it
        return
    # Own links: Streamlit's hide behind a sign on a phone.
    with st.container(horizontal=True, gap="small", key="pages"):
        for one in known.values():
            st.page_link(one)
    page.run()
    if page.title != "Train":  # which asks more often
        keep_runs()
