"""Real brokers, on a loop that watches sockets."""

import asyncio
import sys
from collections.abc import Callable, Mapping

from servers.brokers import broker, embedded

__all__ = ["broker", "embedded"]

if sys.platform == "win32":

    def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
        """Use a loop with `add_reader`, as the simulators do."""
        return {"selector": asyncio.SelectorEventLoop}
