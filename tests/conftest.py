"""What the whole test run needs."""

# ruff: noqa: E402
from vae_core.explorer.process import prepare_process

prepare_process()  # before NumPy: the last digits are those of the server

from collections.abc import Iterator

import pytest
import streamlit as st

from vae_core.explorer.claims import caching
from vae_core.explorer.server import library
from vae_core.models import catalogue, data

WORKERS = 2  # processes; what is long runs alone, since it measures time and memory


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Several processes for the short tests, none beside this one for long ones or a debugger."""
    chosen = config.option.markexpr
    if "long" in chosen.replace("not long", "") or not chosen:
        config.option.dist = "no"
        return 0
    return WORKERS


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
    found = (catalogue.shipped_models, catalogue._metadata, catalogue._dataset, data._sha256)
    for cached in (*found, library._brought):
        cached.cache_clear()
