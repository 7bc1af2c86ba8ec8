"""Several hubs that share what a broker hands out (`$share`): the light way beyond one machine, and what it loses."""

import asyncio
import random
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import paho.mqtt.publish
import pytest

from device_sims.link import Broker as Address
from hub.bench import _books
from hub.bench._devices import Devices
from hub.bench._ledger import Key
from servers.brokers import Broker, running
from servers.ingest import Ingest, ingesting
from servers.ports import HOST, until

SHARE = ("--topics", "$share/hub/#", "--client-id")
RATE = 1_000.0


def journalled(ingests: list[Ingest]) -> list[Key]:
    """Return whose messages lie in the journals, once for each time."""
    return [each.key for ingest in ingests for each in _books.written(ingest.folder)]


def sharing(stack: ExitStack, broker: Broker, folder: Path, many: int) -> list[Ingest]:
    """Lend hubs with journals of their own that share everything."""
    folders = [folder / f"{number}" for number in range(many)]
    return [stack.enter_context(ingesting(broker, each, *SHARE, f"hub-{each.name}")) for each in folders]


@pytest.mark.mosquitto
def test_each_message_goes_to_one_of_the_hubs_and_all_of_them_get_some(tmp_path: Path) -> None:
    """And what a hub says to itself to see whether its connection lives comes back to it, and is nobody's message."""
    with running("mosquitto") as broker, ExitStack() as stack:
        hubs = sharing(stack, broker, tmp_path, 2)
        until("both are subscribed", lambda: all((each.folder / "subscription.json").exists() for each in hubs))
        said: list[Any] = [("a/b", f"{number}", 1, False) for number in range(100)]
        paho.mqtt.publish.multiple(said, hostname=HOST, port=broker.port)
        until("all are journalled", lambda: sum(len(each.records()) for each in hubs) >= 100)
        found = [[record.message for record in each.records()] for each in hubs]
        assert all(found)
        assert {each.topic for of in found for each in of} == {"a/b"}
        assert sorted(int(each.payload) for of in found for each in of) == [*range(100)]


@pytest.mark.long
@pytest.mark.mosquitto
@pytest.mark.timeout(200)
@pytest.mark.parametrize("comes_back", [True, False])
async def test_a_killed_hub_loses_what_was_on_its_way_to_it_and_nothing_else(tmp_path: Path, comes_back: bool) -> None:  # noqa: FBT001 — a case
    """S2: confirmed to the device, and in no journal: never more than the window. The figure is printed."""
    with running("mosquitto") as broker, ExitStack() as stack:
        hubs = await asyncio.to_thread(sharing, stack, broker, tmp_path, 2)
        fleet = Devices(Address(HOST, broker.port), 50, random.Random(7))
        await fleet.gather()
        try:
            loading = asyncio.create_task(fleet.load(RATE, 12))
            for _ in range(5):
                await asyncio.sleep(2)
                await asyncio.to_thread(hubs[0].kill)
                if comes_back:
                    await asyncio.to_thread(hubs[0].start)
                else:
                    break
            await loading
            await fleet.drained(60)
        finally:
            await fleet.close()
        before = -1
        while (now := len(await asyncio.to_thread(journalled, hubs))) != before:  # until nothing more comes
            before = now
            await asyncio.sleep(1)
        found = await asyncio.to_thread(journalled, hubs)
        lost, doubled = fleet.confirmed - {*found}, len(found) - len({*found})
        kills = 5 if comes_back else 1
        words = f"{kills} kills at {RATE:.0f} messages/s lost {len(lost)} of {len(fleet.confirmed)}, doubled {doubled}"
        print(words)  # noqa: T201 — figures of the long tier are reported
        assert len(lost) <= kills * broker.window
        assert len({*found}) > RATE * 12 / 2
