"""What a crashed simulation left at a broker is taken off, and nothing of one that lives (test_sim.py: by command)."""

import asyncio
from datetime import UTC, datetime

import pytest

from device_sims import announce, clean
from device_sims.link import Connection, parse_url
from servers.brokers import Broker

WALL = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
RUN = "cold-room-20261124t083000z-abcd"


async def test_a_run_that_beats_late_is_spared_and_waited_for_no_longer(
    embedded: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy laptop a second may take several; once it was heard nothing more is waited for."""
    monkeypatch.setattr(clean, "SETTLE_S", 0.1)
    monkeypatch.setattr(clean, "LISTEN_S", 300.0)
    said = announce.announcement(
        RUN, "cold_room", seed=7, speed=1.0, state="running", wall=WALL, simulated=WALL, devices=()
    )
    run = Connection(parse_url(embedded.url), "run")
    run.start()
    try:
        await run.publish(announce.announced(said))
        cleaning = asyncio.create_task(clean.clean(parse_url(embedded.url)))
        await asyncio.sleep(0.5)
        assert not cleaning.done()
        async with asyncio.timeout(30):
            while not cleaning.done():
                run.tell(*announce.beat(RUN, wall=WALL, simulated=WALL, speed=1.0))
                await asyncio.sleep(0.05)
        assert await cleaning == []
    finally:
        await run.close()
