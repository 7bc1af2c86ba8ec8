"""What end-to-end tests borrow: a browser, and brokers beside the demo's own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from servers.brokers import broker
from servers.browser import chromium

__all__ = ["broker", "browser"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Lend a module one Chromium; each reader has a memory of its own."""
    with chromium() as lent:
        yield lent
