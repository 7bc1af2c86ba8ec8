"""A fleet that loads a broker, and the packets it is made of."""

import asyncio
import json
from collections.abc import Callable

import pytest

from device_sims import fleet, swarm
from device_sims.devices import Packet
from device_sims.errors import SimulationError
from device_sims.link import Connection, parse_url
from servers.brokers import Broker
from servers.ports import free_port


async def until(done: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something is so; TimeoutError says it never was."""
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 — what is waited for belongs to a broker
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [0, 7, 123_456, 10**9])
def test_a_payload_has_150_bytes_and_three_values(number: int) -> None:
    """As a BME280 on Tasmota says them; no two are alike."""
    payload = fleet.payload(number, "2026-11-23T07:30:00+00:00")
    assert len(payload) == 150
    body = json.loads(payload)["BME280"]
    assert body.keys() == {"Id", "Temperature", "Humidity", "Pressure"}
    assert int(body["Id"]) == number


@pytest.mark.parametrize(
    ("size", "prefix"), [(10, b"\x0a"), (127, b"\x7f"), (128, b"\x80\x01"), (16_384, b"\x80\x80\x01")]
)
def test_the_size_of_a_packet_takes_as_few_bytes_as_it_can(size: int, prefix: bytes) -> None:
    """MQTT 3.1.1 §2.2.3."""
    assert swarm.framed(0x30, b"x" * size) == b"\x30" + prefix + b"x" * size


def test_a_publish_packet_is_what_the_standard_says() -> None:
    """MQTT 3.1.1 §3.3: topic, packet id, payload; QoS 1, retain in the flags."""
    assert swarm.publish("a/b", b"hi", 258) == b"\x32\x09\x00\x03a/b\x01\x02hi"
    assert swarm.publish("a/b", b"hi", 258, retain=True)[0] == 0x33


async def test_a_fleet_is_heard_and_every_message_acknowledged(broker: Broker) -> None:
    """Announced before it speaks, 200 messages in a second, nothing left on the broker."""
    heard: list[tuple[str, bytes, bool]] = []
    address = parse_url(broker.url)
    ear = Connection(address, "ear", subscribe=("#",), on_message=lambda *what: heard.append(what))
    ear.start()
    await ear.subscribed()
    result = await fleet.play(address, devices=5, rate=40, seconds=1.0, stop=asyncio.Event())
    assert (result.sent, result.acknowledged, result.skipped) == (200, 200, 0)
    assert 0 < result.p50_ms <= result.p99_ms
    assert 0 <= result.late_p50_ms <= result.late_p99_ms
    assert result.connections == 5
    await until(lambda: heard[-1][0].startswith("matinales/sim/") and heard[-1][1] == b"")
    sensors = [json.loads(payload) for topic, payload, _ in heard if topic.endswith("/SENSOR")]
    assert sorted(int(body["BME280"]["Id"]) for body in sensors) == list(range(200))
    first = json.loads(heard[0][1])
    assert heard[0][0] == f"matinales/sim/{first['run']}"
    assert (first["state"], len(first["devices"])) == ("running", 5)
    assert {payload for topic, payload, _ in heard if topic.endswith("/LWT")} == {b"Online", b""}
    await ear.close()


async def test_devices_may_share_connections(broker: Broker) -> None:
    """Each still speaks for itself: seven devices over two connections, all heard, all forgotten."""
    heard: list[tuple[str, bytes, bool]] = []
    address = parse_url(broker.url)
    ear = Connection(address, "ear", subscribe=("#",), on_message=lambda *what: heard.append(what))
    ear.start()
    await ear.subscribed()
    result = await fleet.play(address, devices=7, rate=10, seconds=1.0, connections=2, stop=asyncio.Event())
    assert (result.sent, result.acknowledged, result.connections) == (70, 70, 2)
    await until(lambda: heard[-1][0].startswith("matinales/sim/") and heard[-1][1] == b"")
    spoke = {topic for topic, _, _ in heard if topic.endswith("/SENSOR")}
    assert spoke == {f"tele/{fleet.name_of(number)}/SENSOR" for number in range(7)}
    forgotten = {topic for topic, payload, _ in heard if topic.endswith("/LWT") and not payload}
    assert len(forgotten) == 7
    await ear.close()


async def test_a_fleet_device_that_breaks_leaves_its_will(embedded: Broker) -> None:
    """Each has its own connection."""
    heard: list[tuple[str, bytes, bool]] = []
    address = parse_url(embedded.url)
    ear = Connection(address, "ear", subscribe=("#",), on_message=lambda *what: heard.append(what))
    ear.start()
    await ear.subscribed()
    (member,) = await swarm.gather(address, [("d", Packet("tele/d-sim/LWT", b"Offline", retain=True))])
    member.abort()
    await until(lambda: heard)
    assert heard == [("tele/d-sim/LWT", b"Offline", False)]
    await ear.close()


@pytest.mark.parametrize(("devices", "rate"), [(0, 1), (10_001, 1), (1, 0), (1, -1), (1, float("nan"))])
async def test_impossible_figures_are_refused(devices: int, rate: float) -> None:
    """The message gives the bounds."""
    with pytest.raises(SimulationError, match="1 to 10000 devices"):
        await fleet.play(parse_url("mqtt://127.0.0.1"), devices=devices, rate=rate, seconds=1, stop=asyncio.Event())


@pytest.mark.parametrize("connections", [0, 3])
async def test_more_connections_than_devices_are_refused(connections: int) -> None:
    """At least one, at most one a device."""
    address = parse_url("mqtt://127.0.0.1")
    with pytest.raises(SimulationError, match="at most one a device"):
        await fleet.play(address, devices=2, rate=1, seconds=1, connections=connections, stop=asyncio.Event())


async def test_an_absent_broker_is_told_at_once() -> None:
    """With its address."""
    address = parse_url(f"mqtt://127.0.0.1:{free_port()}")
    with pytest.raises(SimulationError, match=r"mqtt://127.0.0.1:\d+: "):
        await fleet.play(address, devices=1, rate=1, seconds=1, stop=asyncio.Event())
