"""The pages of the app, and links between them."""

import streamlit as st

__all__ = ["link", "pages"]


def pages() -> dict[str, st.Page]:
    """The pages by name, in the order of the navigation."""
    from .pages import argument, explore, train  # here: pages link to each other

    return {
        "explore": st.Page(explore.show, title="Explore", url_path="explore", default=True),
        "argument": st.Page(argument.show, title="The argument", url_path="argument"),
        "train": st.Page(train.show, title="Train", url_path="train"),
    }


def link(page: str, label: str, query: dict[str, str]) -> None:
    """A link to a page with these choices."""
    st.page_link(pages()[page], label=label, query_params=query)
