"""What the whole test run needs."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The browser tests last: they are slow, and Playwright keeps an event loop running in this
    # thread until the end, which no other test should find there.
    items.sort(key=lambda item: "browser" in item.path.parts)
