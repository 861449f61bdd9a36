"""What the whole test run needs."""

from collections.abc import Iterator

import pytest
import streamlit as st


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The browser tests last: they are slow, and Playwright keeps an event loop running in this
    # thread until the end, which no other test should find there.
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture
def fresh_caches() -> Iterator[None]:
    """What Streamlit has cached, for any session, is forgotten before and after a test."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()
