"""What the whole test run needs."""

from collections.abc import Iterator

import pytest
import streamlit as st

from vae_core.explorer.claims import caching
from vae_core.explorer.server import library
from vae_core.models import catalogue


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The browser tests last: they are slow, and Playwright keeps an event loop running in this
    # thread until the end, which no other test should find there.
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture
def fresh_caches() -> Iterator[None]:
    """What the server keeps, for any session, is forgotten before and after a test."""
    forget()
    yield
    forget()


def forget() -> None:
    """Forgets which models there are, what was loaded of them and what was computed with them."""
    st.cache_data.clear()
    for memo in (library._models, library._images, library._sums, caching._results):
        memo.clear()
    for found in (
        *(catalogue.shipped_models, catalogue._metadata, catalogue._dataset, library._brought),
    ):
        found.cache_clear()
