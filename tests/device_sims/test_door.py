"""What goes through the hub's import door, and what happens when the hub is away or refuses."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims import door
from device_sims.announce import Announcement
from device_sims.door import Line
from device_sims.errors import SimulationError
from servers.fake_hub import fake_hub

START = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
SAID = Announcement(
    run="cold-room-20261123t073000z-0001",
    scenario="cold_room",
    seed=7,
    speed=1.0,
    state="paused",
    wall="2026-11-24T09:00:00.000000Z",
    simulated="2026-11-23T07:30:00.000000Z",
    devices=("tasmota:coldroom-sim-probe",),
    topics=("tele/coldroom-sim-probe/#",),
)
lines = st.builds(Line, st.integers(-86_400, 0), st.just("tele/coldroom-sim-probe/SENSOR"), st.binary(max_size=100_000))


@settings(max_examples=30, deadline=None)
@given(said=st.lists(lines, max_size=40))
def test_requests_are_small_and_lose_nothing(said: list[Line]) -> None:
    """Each at most 1 MiB, each with the announcement first; the lines come in order, bytes as they were."""
    got: list[Line] = []
    for body in door.requests(SAID, START, said):
        assert len(body) <= 1024 * 1024
        head, *rest = [json.loads(line) for line in body.splitlines()]
        assert head["run"] == SAID.run
        for one in rest:
            payload = one["payload"].encode() if "payload" in one else bytes.fromhex(one["payload_hex"])
            second = (datetime.fromisoformat(one["time"]) - START).total_seconds()
            got.append(Line(round(second), one["topic"], payload))
    assert got == said


def test_nothing_to_say_is_no_request() -> None:
    """An announcement alone is not sent."""
    assert list(door.requests(SAID, START, [])) == []


BODIES = list(door.requests(SAID, START, [Line(-60, "tele/coldroom-sim-probe/SENSOR", b"{}")]))


async def test_a_hub_that_starts_is_waited_for(tmp_path: Path) -> None:
    """503 until it is ready."""
    async with fake_hub(tmp_path) as hub:
        hub.refuse = 503
        asyncio.get_running_loop().call_later(0.3, setattr, hub, "refuse", None)
        took = await asyncio.to_thread(
            door.post, lambda: door.find(tmp_path), SAID.run, BODIES, patience_s=30, stopped=lambda: False
        )
        assert took == 1
        assert hub.lines[SAID.run][0]["time"] == "2026-11-23T07:29:00.000000Z"


async def test_a_refusal_is_told_with_the_hubs_reason(tmp_path: Path) -> None:
    """A request that the hub will never take is not sent again."""
    async with fake_hub(tmp_path) as hub:
        hub.refuse = 400
        with pytest.raises(SimulationError, match="refused for the test"):
            await asyncio.to_thread(
                door.post, lambda: door.find(tmp_path), SAID.run, BODIES, patience_s=30, stopped=lambda: False
            )


@pytest.mark.parametrize(
    "content", [None, b"", b"not json", b'{"url": 1}', b'{"url": "http://127.0.0.1:1/", "secret": "x"}']
)
def test_a_hub_that_stays_away_is_told(tmp_path: Path, content: bytes | None) -> None:
    """No run.json, one that cannot be read, or the address of a hub that has died."""
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(SimulationError, match="the hub took no history"):
        door.post(lambda: door.find(tmp_path), SAID.run, BODIES, patience_s=0.1, stopped=lambda: False)


async def test_a_run_that_ends_hands_over_no_more(tmp_path: Path) -> None:
    """However much is left: a hub that is far behind does not hold up its end."""
    async with fake_hub(tmp_path) as hub:
        took = await asyncio.to_thread(
            door.post, lambda: door.find(tmp_path), SAID.run, 5 * BODIES, patience_s=30, stopped=lambda: True
        )
        assert took == len(hub.lines[SAID.run]) == 1


def test_nobody_waits_for_the_hub_when_the_run_ends(tmp_path: Path) -> None:
    """`stopped` ends the wait at once."""
    with pytest.raises(SimulationError, match=r"no run\.json yet"):
        door.post(lambda: door.find(tmp_path), SAID.run, BODIES, patience_s=60, stopped=lambda: True)
