"""How soon a telegram of a thousand a second is confirmed by the broker, journalled, and seen in a real browser.

`journalled` is the moment at which the hub is told of the commit, up to 5 ms after it: the latest at which it can be
acknowledged to the broker. `puback` is the broker's own word to the device, which is not the hub's (reliability.md
§1.3). `seen`: the value is part of what Chromium paints, on the page of all devices.
"""

import asyncio
import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from hub.bench import _browser, _processes
from hub.bench._publisher import Publisher, sent_at
from hub.bench._seen import MARKED, percentile, watched
from hub.bench.ingest import PREFIX
from hub.errors import HubError
from hub.ingest.linkclient import LinkClient
from hub.journal import place

GATES = {"journalled_p99_ms": ("<=", 50.0), "seen_p99_ms": ("<=", 150.0)}
"""reliability.md §3.4, P3 and P4."""
DEVICES = 50
SETTLED_S = 2.0
"""Of load before anything is counted: fifty devices have been met by then."""
AT_ONCE = 5_000
"""Records read at a time."""


def measure(*, seconds: float = 60.0, rate: float = 1_000.0) -> dict[str, float]:
    """Return milliseconds since a telegram was sent, the median and what one in a hundred exceeds.

    Args:
        seconds: how long it is measured; four marked telegrams a second are looked for in the browser.
        rate: telegrams a second of 50 other devices, on the same page.

    Raises:
        UsageError: no Chromium is installed; the message says how to get it.
        HubError: the hub did not start, or too few telegrams were seen.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        browser = stack.enter_context(_browser.chromium())
        hub = stack.enter_context(_processes.demo(folder))
        port = urlsplit(hub.said["mqtt"]).port or 0
        longest = SETTLED_S + seconds + 30
        stack.enter_context(_processes.crowd(port, rate=rate, seconds=longest, devices=DEVICES))
        time.sleep(SETTLED_S)
        publisher = stack.enter_context(Publisher(port, MARKED))
        with journalled(hub.data) as ages:
            waits = watched(browser.new_page(), hub.page, publisher, seconds)
    found = {"puback": waits.confirmed, "journalled": ages, "seen": waits.seen}
    counts = {"crowd_per_s": rate, "journalled": float(len(ages)), "looked_for": float(len(waits.confirmed))}
    if len(ages) < rate * seconds / 2:
        msg = f"only {len(ages)} telegrams were journalled in {seconds:g} s of {rate:g} a second: try a lower --rate"
        raise HubError(msg)
    return counts | {
        f"{name}_p{share}_ms": percentile(values, share) for name, values in found.items() for share in (50, 99)
    }


@contextmanager
def journalled(folder: Path) -> Iterator[list[float]]:
    """Lend the ages [ms] at which the telegrams of a data folder's journal are known to be committed, as they come."""
    ages: list[float] = []
    loop = asyncio.new_event_loop()
    task = loop.create_task(_listen(folder, ages))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.close()

    thread = threading.Thread(target=run, name="journalled")
    thread.start()
    try:
        yield ages
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


async def _listen(folder: Path, ages: list[float]) -> None:
    reader, link = place.reader(folder), LinkClient(folder)
    position = reader.end

    def told(end: int) -> None:
        nonlocal position
        now = time.time()
        while position < end and (records := reader.read(position, AT_ONCE)):
            position = records[-1].position
            said = (each.message for each in records if each.message.topic.startswith(PREFIX))
            ages.extend((now - sent_at(message.payload)) * 1e3 for message in said)

    link.on_end(told)
    try:
        await link.run()
    finally:
        reader.close()
