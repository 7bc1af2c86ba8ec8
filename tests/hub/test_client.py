"""The typed client reads, acts and listens, at a real server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from hub.client import HubClient, ProblemError
from hub.live import Batch
from hub.model import NS, Alarm
from hub.web.app import make_app
from hub.web.security import Security
from hub.web.shapes.live import DeltaFrame, FullFrame
from servers.answers import Net
from servers.web import SECRET, WALL, FakeHub


@pytest.fixture
def hub() -> FakeHub:
    """Lend a hub with a device."""
    found = FakeHub()
    found.speak("generic:a/b c", "temperature", 21.5)
    return found


@pytest.fixture
async def server(hub: FakeHub, tmp_path: Path) -> AsyncIterator[TestServer]:
    """Lend a server of it."""
    net = Net()
    app = await asyncio.to_thread(make_app, hub, Security(hub.config, demo=True, lan=False, secret=SECRET), tmp_path)
    net.spread(app)
    server = TestServer(app)
    async with server:
        yield server
    assert not net.faults, "\n".join(net.faults)


@pytest.fixture
async def client(server: TestServer) -> AsyncIterator[HubClient]:
    """Lend a client that waits for nothing."""
    async with HubClient(str(server.make_url("/")), language="fr", pause=lambda _most: 0.01) as client:
        yield client


async def test_devices_are_read_by_any_name(client: HubClient) -> None:
    """With slashes, colons and spaces in it."""
    (device,) = await client.devices()
    again = await client.device(device.id)
    assert (again.id, again.channels[0].value, again.channels[0].unit) == ("generic:a/b c", 21.5, "°C")


async def test_readings_come_page_by_page(hub: FakeHub, client: HubClient) -> None:
    """Each once, as if there were no pages."""
    for number in range(5):
        hub.speak("generic:x", "temperature", float(number), time=WALL + number)
    found = [each.value async for each in client.readings(device="generic:x", limit="2")]
    assert found == [0, 1, 2, 3, 4]
    (curve,) = await client.series(device="generic:x")
    assert curve.v == found


async def test_alarms_are_read_and_acknowledged(hub: FakeHub, client: HubClient) -> None:
    """In the client's language."""
    for number in range(3):
        alarm = Alarm(
            id=f"a{number}",
            usecase="cold_room",
            rule="r",
            measure="m",
            device="generic:x",
            run="real",
            priority="high",
            raised_at=WALL + number * NS,
            texts={"fr": "Trop chaud", "en": "Too warm"},
        )
        hub.known_alarms[alarm.id] = alarm
    assert [each.id async for each in client.alarms(limit="1")] == ["a2", "a1", "a0"]
    done = await client.acknowledge("a1", "porte fermée", "Léa")
    assert (done.text, done.comment) == ("Trop chaud", "porte fermée")


async def test_a_command_and_a_measure_act_once_under_their_key(hub: FakeHub, client: HubClient) -> None:
    """A refusal is an answer, with its reason."""
    given = [await client.command("generic:a/b c", "switch", 1, key="k") for _ in range(2)]
    assert [each.state for each in given] == ["sent", "sent"]
    assert len(hub.given) == 1
    await client.ingest("shed", {"temperature": 4.5}, key="m")
    await client.ingest("shed", {"temperature": 4.5}, key="m")
    assert len(hub.journal) == 1
    hub.refuse = "locked"
    assert (await client.command("generic:a/b c", "switch", 1)).reason == "locked"


async def test_a_refusal_is_told_with_its_remedy(client: HubClient) -> None:
    """In the client's language."""
    with pytest.raises(ProblemError, match="Aucun objet") as problem:
        await client.device("nobody")
    assert problem.value.status == 404
    assert "GET /api/v1/devices" in problem.value.remedy


async def test_frames_come_whole_first_then_what_changes(hub: FakeHub, client: HubClient) -> None:
    """Typed."""
    frames = client.live()
    first = await anext(frames)
    assert isinstance(first, FullFrame)
    assert first.devices[0].id == "generic:a/b c"
    hub.live.apply(Batch(siren=3))
    second = await anext(frames)
    assert isinstance(second, DeltaFrame)
    assert (second.siren, second.seq) == (3, first.seq + 1)
    await frames.aclose()


async def test_a_lost_connection_comes_back_with_the_whole_state(server: TestServer, client: HubClient) -> None:
    """Whoever listens notices a full frame, and no error."""
    frames = client.live(rate=20)
    await anext(frames)
    assert server.handler is not None
    for connection in [*server.handler.connections]:
        assert connection.transport is not None
        connection.transport.abort()
    async with asyncio.timeout(30):
        while not isinstance(await anext(frames), FullFrame):
            pass
    await frames.aclose()
