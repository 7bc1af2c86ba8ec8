"""MQTT connections of simulated devices, against real brokers."""

import asyncio
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from device_sims import link
from device_sims.devices import Packet
from device_sims.errors import SimulationError
from device_sims.link import Broker as Address
from device_sims.link import Connection, parse_url
from servers.brokers import Broker
from servers.parting import letting_in
from servers.ports import free_port

Heard = list[tuple[str, bytes, bool]]
WILL = Packet("tele/door-sim/LWT", b"Offline", retain=True)


async def until(done: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something is so; TimeoutError says it never was."""
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 — what is waited for belongs to a broker
            await asyncio.sleep(0.01)


async def listener(address: Address, heard: Heard, *filters: str) -> Connection:
    """Return a subscriber that has its subscriptions."""
    one = Connection(address, "listener", subscribe=filters or ("#",), on_message=lambda *what: heard.append(what))
    one.start()
    await one.subscribed()
    return one


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://10.0.0.5", Address("10.0.0.5", 1883)),
        ("mqtt://hub:s%40fe@10.0.0.5:1884", Address("10.0.0.5", 1884, "hub", "s@fe")),
        ("localhost:1885", Address("localhost", 1885)),
        ("mqtts://broker.example", Address("broker.example", 8883, tls=True)),
    ],
)
def test_a_brokers_address_is_read(url: str, expected: Address) -> None:
    """User and password may hold percent-encoded signs."""
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    "url", ["", "http://x", "mqtt://", "mqtt://host:port", "mqtt://host:70000", "mqtt://host/path"]
)
def test_what_is_no_address_is_refused_without_showing_a_password(url: str) -> None:
    """The message gives the form only."""
    with pytest.raises(SimulationError, match="mqtt://"):
        parse_url(url)


def test_an_address_shows_no_password() -> None:
    """It stands in logs."""
    assert str(parse_url("mqtt://hub:secret@host:1884")) == "mqtt://host:1884"


async def test_a_message_is_acknowledged_by_the_broker_and_heard(broker: Broker) -> None:
    """QoS 1, PUBACK waited for."""
    heard: Heard = []
    address = parse_url(broker.url)
    ear = await listener(address, heard)
    one = Connection(address, "door-sim", will=WILL)
    one.start()
    await one.publish(Packet("tele/door-sim/SENSOR", b"{}"))
    await until(lambda: heard)
    assert heard == [("tele/door-sim/SENSOR", b"{}", False)]
    await one.close()
    await ear.close()


async def test_a_dropped_device_leaves_its_will_and_comes_back(broker: Broker) -> None:
    """drop: the broker says Offline; resume: `on_up` again."""
    heard: Heard = []
    ups: list[int] = []
    address = parse_url(broker.url)
    ear = await listener(address, heard)
    one = Connection(address, "door-sim", will=WILL, on_up=lambda: ups.append(1))
    one.start()
    await until(lambda: ups)
    one.drop()
    await until(lambda: (WILL.topic, b"Offline", False) in heard)
    assert not one.send(Packet("tele/door-sim/SENSOR", b"{}"))
    await asyncio.sleep(0.2)
    assert len(ups) == 1  # it stays away
    one.resume()
    await until(lambda: len(ups) == 2)
    await one.close()
    await ear.close()


async def test_one_that_is_closed_while_its_broker_ends_is_closed(embedded: Broker) -> None:
    """Both end together where a terminal is closed: who closes it waits without end."""
    for turns in range(4):
        one = Connection(parse_url(embedded.url), "door-sim")
        one.start()
        await until(one.up.is_set)
        one._disconnected(*[None] * 5)  # type: ignore[arg-type]  # paho's word for it, none of which is looked at
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(30):
            await one.close()


async def test_who_takes_leave_hangs_up_once_its_broker_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in broker says the will of whoever says farewell and hangs up in one moment, and retains it."""
    monkeypatch.setattr(link, "HANG_UP_S", 30.0)
    async with letting_in(0.1) as (address, heard):
        await came_and_left(address)
    assert heard == []


async def test_a_broker_that_does_not_hang_up_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be hanging itself; nobody waits longer than told."""
    monkeypatch.setattr(link, "HANG_UP_S", 0.05)
    async with letting_in(30.0) as (address, heard):
        await came_and_left(address)
    assert heard == [b""]


async def came_and_left(address: Address) -> None:
    """Let a device with a will connect, and take leave."""
    one = Connection(address, "door-sim", will=WILL)
    one.start()
    await one.up.wait()
    await one.close()


def connecting_slowly(one: Connection) -> tuple[asyncio.Event, threading.Event]:
    """Let a connection be made only once the second event is set; the first is, when it begins."""
    made, go = asyncio.Event(), threading.Event()
    loop, connect = asyncio.get_running_loop(), one._client.connect

    def slowly(*where: Any) -> Any:  # noqa: ANN401 — paho's own
        loop.call_soon_threadsafe(made.set)
        go.wait(30)
        return connect(*where)

    one._client.connect = slowly  # type: ignore[method-assign, assignment]
    return made, go


@pytest.mark.parametrize("late", ["connection", "answer"])
async def test_a_device_that_takes_leave_while_it_connects_has_no_will(embedded: Broker, late: str) -> None:
    """Neither before its connection is there, nor before the broker's answer was read: nothing stays behind."""
    heard: Heard = []
    address = parse_url(embedded.url)
    ear = await listener(address, heard)
    one = Connection(address, "door-sim", will=WILL)
    made, go = connecting_slowly(one)
    one._client.on_connect = lambda *_: None
    one.start()
    await made.wait()
    if late == "answer":
        go.set()
        await until(one._client.is_connected)
    closing = asyncio.create_task(one.close())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not closing.done()
    go.set()
    await closing
    await ear.publish(Packet("all/said", b""))
    await until(lambda: ("all/said", b"", False) in heard)
    assert [topic for topic, _, _ in heard] == ["all/said"]
    await ear.close()


async def test_connections_that_had_not_begun_are_not_made_once_their_devices_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A broker that swallows every packet holds each thread for seconds: those who left leave none of them busy."""
    monkeypatch.setattr(link, "FAREWELL_S", 0.0)
    with ThreadPoolExecutor(1) as pool:
        asyncio.get_running_loop().set_default_executor(pool)
        go, begun = threading.Event(), list[int]()
        many = [Connection(parse_url("localhost"), f"door-sim-{n}") for n in range(4)]

        def swallowed(n: int, *_: object) -> None:
            begun.append(n)
            go.wait(30)

        for n, one in enumerate(many):
            one._client.connect = partial(swallowed, n)  # type: ignore[method-assign, assignment]
            one.start()
        await until(lambda: begun)
        await asyncio.gather(*(one.close() for one in many))
        go.set()
        await asyncio.to_thread(int)  # behind all that was waiting
    assert begun == [0]


async def test_a_broker_that_refuses_who_has_left_already_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the connection any more: its failure is not told as a fault of the program."""
    told, go, begun = list[str](), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, what: told.append(what["message"]))
    for farewell_s in (0.0, 30.0):
        monkeypatch.setattr(link, "FAREWELL_S", farewell_s)
        go.clear()
        begun.clear()
        one = Connection(parse_url("localhost"), "door-sim")

        def refused(*_: object) -> None:
            begun.set()
            go.wait(30)
            raise ConnectionRefusedError

        one._client.connect = refused  # type: ignore[method-assign, assignment]
        one.start()
        await until(begun.is_set)
        closing = asyncio.create_task(one.close())
        if farewell_s:
            await asyncio.sleep(0)
            go.set()
        await closing
        go.set()
        connecting = one._connecting
        assert connecting is not None
        await asyncio.wait([connecting])
        del one, closing, connecting
        gc.collect()
    assert told == []


async def test_a_device_that_is_dropped_while_it_connects_is_away(embedded: Broker) -> None:
    """A power cut at the beginning of a run: it does not go on speaking."""
    one = Connection(parse_url(embedded.url), "door-sim")
    made, go = connecting_slowly(one)
    one.start()
    await made.wait()
    one.drop()
    ended = asyncio.create_task(one._down.wait())
    up = asyncio.create_task(one.up.wait())
    go.set()
    try:
        first, _ = await asyncio.wait([ended, up], timeout=30, return_when=asyncio.FIRST_COMPLETED)
        assert first == {ended}
        one.resume()
        await up
    finally:
        await one.close()


async def test_a_device_speaks_at_its_own_quality_of_service(broker: Broker) -> None:
    """QoS 0, 1 and 2 all arrive; what is sent without a connection is lost, whatever its quality."""
    heard: Heard = []
    address = parse_url(broker.url)
    ear = await listener(address, heard)
    for qos in (0, 1, 2):
        one = Connection(address, f"door-sim-{qos}", qos=qos)
        assert not one.send(Packet("lost", b""))
        one.start()
        await until(one.up.is_set)
        assert one.send(Packet("tele/door-sim/SENSOR", b"%d" % qos))
        await until(lambda: heard)
        assert heard.pop() == ("tele/door-sim/SENSOR", b"%d" % qos, False)
        await one.close()
    await ear.close()


async def test_a_will_may_name_its_connection(broker: Broker) -> None:
    """Asked anew at each: the broker says those of two broken connections, in turn."""
    heard: Heard = []
    address = parse_url(broker.url)
    ear = await listener(address, heard)
    numbers = iter(range(100))
    ups: list[int] = []

    def will() -> Packet:
        return Packet("sim/NDEATH", f"{next(numbers)}".encode())

    one = Connection(address, "edge-sim", will=will, on_up=lambda: ups.append(1))
    one.start()
    await until(lambda: ups)
    one.drop()
    await until(lambda: heard)
    one.resume()
    await until(lambda: len(ups) == 2)
    one.drop()
    await until(lambda: len(heard) == 2)
    await one.close()
    await ear.close()
    first, second = (int(payload) for _, payload, _ in heard)
    assert first < second


async def test_a_device_that_takes_leave_has_no_will(broker: Broker) -> None:
    """DISCONNECT, so the broker says nothing."""
    heard: Heard = []
    address = parse_url(broker.url)
    ear = await listener(address, heard)
    one = Connection(address, "door-sim", will=WILL)
    one.start()
    await one.publish(Packet("a", b"1"))
    await one.close()
    await one_more(address)
    await until(lambda: len(heard) == 2)
    assert [topic for topic, _, _ in heard] == ["a", "z"]
    await ear.close()


async def one_more(address: Address) -> None:
    """Publish a last message, so that what came before has been heard."""
    last = Connection(address, "last")
    last.start()
    await last.publish(Packet("z", b""))
    await last.close()


async def test_a_broker_that_starts_later_is_found(broker: Broker) -> None:
    """Restarted on the same port: every device comes back by itself, its subscriptions too."""
    heard: Heard = []
    ups: list[int] = []
    one = Connection(
        parse_url(broker.url),
        "door-sim",
        subscribe=("cmnd/#",),
        on_up=lambda: ups.append(1),
        on_message=lambda *w: heard.append(w),
    )
    one.start()
    await until(lambda: ups)
    await asyncio.to_thread(broker.kill)
    await until(lambda: not one.up.is_set())
    await asyncio.to_thread(broker.start)
    await until(lambda: len(ups) == 2)
    await one.publish(Packet("cmnd/x", b"on"))
    await until(lambda: heard)
    await one.close()


async def test_hundreds_of_devices_share_one_loop(embedded: Broker) -> None:
    """Each its own connection and its own will."""
    heard: Heard = []
    address = parse_url(embedded.url)
    ear = await listener(address, heard)
    many = [Connection(address, f"d{n}", will=Packet(f"sim/{n}/LWT", b"Offline")) for n in range(200)]
    for one in many:
        one.start()
    await asyncio.gather(*(one.up.wait() for one in many))
    await asyncio.gather(*(one.publish(Packet(f"sim/{n}", b"1")) for n, one in enumerate(many)))
    await until(lambda: len(heard) == 200)
    many[7].drop()
    await until(lambda: ("sim/7/LWT", b"Offline", False) in heard)
    await asyncio.gather(*(one.close() for one in many))
    assert heard[200:] == [("sim/7/LWT", b"Offline", False)]
    await ear.close()


async def test_without_a_broker_the_reason_is_told() -> None:
    """An acknowledgement that never comes names the broker and why."""
    one = Connection(parse_url(f"mqtt://127.0.0.1:{free_port()}"), "door-sim")
    one.start()
    await until(lambda: one._refused)
    with pytest.raises(SimulationError, match=r"127.0.0.1:\d+ did not acknowledge.*refused"):
        await one.publish(Packet("a", b"1"), timeout_s=0.5)
    await one.close()


async def test_a_wrong_password_is_told() -> None:
    """The broker's refusal stands in the message."""
    from servers.brokers import running  # noqa: PLC0415 — a broker of its own

    with running("embedded", user="hub", password="right") as lent:
        one = Connection(parse_url(f"mqtt://hub:wrong@127.0.0.1:{lent.port}"), "door-sim")
        one.start()
        with pytest.raises(SimulationError, match="did not acknowledge"):
            await one.publish(Packet("a", b"1"), timeout_s=1.0)
        await one.close()
