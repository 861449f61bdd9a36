"""What the whole test run needs."""

# ruff: noqa: E402
from vae_core.explorer.process import prepare_process

prepare_process()  # before NumPy: the last digits are those of the server

from collections.abc import Iterator
from functools import cache

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner

from vae_core.explorer.claims import caching
from vae_core.explorer.server import library
from vae_core.models import catalogue, data

WORKERS = 2  # processes; what is long runs alone, since it measures time and memory
# Files of more than fifteen seconds, longest first: whoever comes last to one of them waits for it.
SLOW = (
    "test_worker.py",
    "test_command_line.py",
    "test_explore_page.py",
    "test_damaged_files.py",
    "test_read_back.py",
    "test_outcomes.py",
    "test_faults.py",
    "test_training.py",
    "test_own_data.py",
    "test_gradient_noise.py",
    "test_carrying.py",
    "test_hostile_uploads.py",
    "test_carry_away.py",
    "test_train.py",  # of the browser's
    "test_plane.py",
    "test_page.py",
    "test_plane_input.py",
    "test_argument.py",
)

# Each page that runs in a test would look through all installed packages for components of theirs:
# four fifths of its time, and they are the same each time.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Several processes for the short tests, none beside this one for long ones or a debugger."""
    chosen = config.option.markexpr
    if "long" in chosen.replace("not long", "") or not chosen:
        config.option.dist = "no"
        return 0
    return WORKERS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The browser tests last: Playwright keeps an event loop running in this thread until the end,
    # which no other test should find there. Among these and the others the slow files first.
    place = {name: number for number, name in enumerate(SLOW)}
    items.sort(
        key=lambda item: ("browser" in item.path.parts, place.get(item.path.name, len(SLOW)))
    )


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
