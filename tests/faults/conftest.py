"""Brokers and disks for the fault tests."""

from collections.abc import Iterator

import pytest

from servers.brokers import broker, embedded
from servers.disks import Disk, disk

__all__ = ["broker", "embedded", "faulty"]


@pytest.fixture
def faulty() -> Iterator[Disk]:
    """Lend a disk that fails when told to; every SQLite file of this process lies on it."""
    with disk() as lent:
        yield lent
