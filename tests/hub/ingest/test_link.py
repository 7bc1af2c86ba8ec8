"""The link between ingest and hub: either side may die and come back."""

import asyncio
import contextlib
import os
import selectors
import socket
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from hub.errors import JournalError
from hub.ingest.link import (
    FILE,
    FROM_INGEST,
    LENGTH,
    Address,
    AppendFailed,
    End,
    FromIngest,
    Hello,
    Keep,
    LinkServer,
    Publish,
    Status,
    frame,
    wish,
)
from hub.ingest.linkclient import KEPT_AGAIN_S, LinkClient
from hub.model import Message, Source
from servers.brokers import Broker
from servers.bytes_on_disk import on_disk
from servers.clock import Clock
from servers.ingest import Ingest, ingesting
from servers.publisher import Publisher
from servers.web import eventually


@pytest.fixture
def ingest(embedded: Broker, tmp_path: Path) -> Ingest:
    """Lend an ingest process that is not yet started."""
    return Ingest(embedded, tmp_path)


async def test_the_hub_appends_over_the_link(embedded: Broker, tmp_path: Path, link: LinkClient) -> None:
    """Messages of other edges get their place in the journal, with run and time, before the answer."""
    with ingesting(embedded, tmp_path) as ingest:
        await eventually(lambda: link.connected)
        message = Message("a/b", b"1", 5, Source.IMPORT, run="r", time=7)
        assert [await link.append([message, message]), await link.append([message])] == [2, 3]
        assert [record.message for record in ingest.records()] == [message] * 3


async def test_appends_at_once_get_their_own_answers(embedded: Broker, tmp_path: Path, link: LinkClient) -> None:
    """Answers are told apart by their number."""
    with ingesting(embedded, tmp_path):
        await eventually(lambda: link.connected)
        each = [link.append([Message("a", b"1", 5, Source.HTTP)] * count) for count in range(1, 20)]
        ends = await asyncio.gather(*each)
        assert sorted(ends) == [count * (count + 1) // 2 for count in range(1, 20)]


async def test_an_over_size_message_of_another_edge_is_cut_too(
    embedded: Broker, tmp_path: Path, link: LinkClient
) -> None:
    """One policy for every edge, and counted."""
    said: list[Status | None] = []
    link.on_status(said.append)
    with ingesting(embedded, tmp_path) as ingest:
        await eventually(lambda: link.connected)
        await link.append([Message("a", b"x" * 2_000_000, 5, Source.HTTP)])
        (record,) = ingest.records()
        assert (record.message.payload, record.message.length) == (b"x" * 1024, 2_000_000)
        await eventually(lambda: said[-1] is not None and said[-1].oversize == 1)


async def test_a_hub_that_comes_while_another_is_there_is_told_everything_too(
    embedded: Broker, tmp_path: Path, link: LinkClient
) -> None:
    """A hub that was killed may still be there for the ingest when the next one comes, and then nothing happens."""
    with ingesting(embedded, tmp_path) as ingest:
        said: list[Status | None] = []
        link.on_status(said.append)
        await eventually(lambda: said and said[-1] is not None and said[-1].subscribed)
        other, ends, told = LinkClient(ingest.folder), list[int](), list[Status | None]()
        other.on_end(ends.append)
        other.on_status(told.append)
        task = asyncio.create_task(other.run())
        try:
            await eventually(lambda: told and told[-1] is not None and told[-1].subscribed)
            assert ends == [0]
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def test_the_end_is_told_after_each_commit(embedded: Broker, tmp_path: Path, link: LinkClient) -> None:
    """The hub knows at connection, and soon after each commit, how far the journal goes."""
    ends: list[int] = []
    said: list[Status] = [Status()]
    link.on_end(ends.append)
    link.on_status(lambda status: said.append(status or Status()))
    with ingesting(embedded, tmp_path):
        await eventually(lambda: ends and said[-1].subscribed)  # what is published before is nobody's
        with Publisher(embedded.port, "p") as publisher:
            await asyncio.to_thread(publisher.say_all, (("a", b"1") for _ in range(1_000)))
        await eventually(lambda: ends[-1] == 1_000)
        assert ends == sorted(set(ends))


async def test_the_hub_publishes_over_the_link(embedded: Broker, tmp_path: Path, link: LinkClient) -> None:
    """A command goes to the broker, and comes back as any other message."""
    said: list[Status] = [Status()]
    link.on_status(lambda status: said.append(status or Status()))
    with ingesting(embedded, tmp_path) as ingest:
        await eventually(lambda: said[-1].subscribed)
        link.publish("cmnd/lamp/POWER", b"ON", qos=1)
        records = await asyncio.to_thread(ingest.wait_for, 1)
        assert (records[0].message.topic, records[0].message.payload) == ("cmnd/lamp/POWER", b"ON")


async def test_records_are_erased_over_the_link(embedded: Broker, tmp_path: Path, link: LinkClient) -> None:
    """Positions stay; the answer says how many there were."""
    with ingesting(embedded, tmp_path) as ingest:
        await eventually(lambda: link.connected)
        await link.append([Message(topic, b"1", 5, Source.HTTP) for topic in ("a", "zzforgotten", "c")])
        assert await link.erase([2, 9]) == 1
        assert [record.message.topic for record in ingest.records()] == ["a", "matinales/erased", "c"]
        assert on_disk(tmp_path, b"zzforgotten") == []


async def test_without_an_ingest_nothing_is_pretended(link: LinkClient) -> None:
    """An append that cannot be written says so."""
    with pytest.raises(JournalError, match="away"):
        await link.append([Message("a", b"1", 5)])


async def test_a_killed_ingest_is_found_again(ingest: Ingest, link: LinkClient) -> None:
    """The hub is told that it is away, and goes on with the next one, on another port."""
    said: list[Status | None] = []
    link.on_status(said.append)
    ingest.start()
    await eventually(lambda: said and said[-1] is not None)
    await link.append([Message("a", b"1", 5, Source.HTTP)])
    ingest.kill()
    await eventually(lambda: said[-1] is None)
    ingest.start()
    await eventually(lambda: link.connected)
    assert await link.append([Message("a", b"2", 5, Source.HTTP)]) == 2
    ingest.kill()


async def test_only_who_has_the_secret_is_heard(embedded: Broker, tmp_path: Path) -> None:
    """A wrong secret, or none, closes; the file is readable by its owner only."""
    with ingesting(embedded, tmp_path) as ingest:
        address = msgspec.json.decode((tmp_path / FILE).read_bytes(), type=Address)
        if sys.platform != "win32":
            assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
        for first in (frame(Hello("guess")), b"\xff\xff\xff\xff", b"\x00\x00\x00\x01\xc1", b"GET / HTTP/1.0\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
            writer.write(first)
            assert await asyncio.wait_for(reader.read(), 30) == b""
            writer.close()
        assert ingest.process.poll() is None


@asynccontextmanager
async def listened_to(
    folder: Path, clock: Clock, greeting: bytes = b""
) -> AsyncIterator[tuple[LinkClient, list[object]]]:
    """Lend a hub's end and all that it says, to somebody who says one thing and then listens only."""
    said, gone = list[object](), asyncio.Event()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                said.append(wish(await reader.readexactly(length)))
        writer.close()
        gone.set()

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        (folder / FILE).write_bytes(msgspec.json.encode(Address(port, "secret", 1)))
        link = LinkClient(folder, monotonic=clock)
        running = asyncio.create_task(link.run())
        yield link, said
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await gone.wait()


async def test_an_ingest_is_woken_only_by_what_it_does_not_know(tmp_path: Path) -> None:
    """How far readers are is said when it changed, to each new ingest, and now and then: room may be made by age."""
    clock = Clock()
    async with listened_to(tmp_path, clock) as (link, said):
        await eventually(lambda: link.connected)
        for position, passed in ((7, 0.0), (7, 1.0), (8, 0.0), (8, 9.0), (8, KEPT_AGAIN_S)):
            clock.now += passed
            link.keep(position)
        await eventually(lambda: len(said) > 3)
        assert said == [Hello("secret"), Keep(7), Keep(8), Keep(8)]


async def test_an_ingest_that_stands_by_is_told_each_time_how_far_readers_are(tmp_path: Path) -> None:
    """It passes that on to the one that writes, which may be another since a moment and would not know it for long."""
    told: list[Status | None] = []
    async with listened_to(tmp_path, Clock(), frame(Status(standby=True))) as (link, said):
        link.on_status(told.append)
        await eventually(lambda: bool(told))
        for _ in range(2):
            link.keep(7)
        link.publish("last", b"")
        await eventually(lambda: Publish("last", b"") in said)
        assert said == [Hello("secret"), Keep(7), Keep(7), Publish("last", b"")]


async def test_records_the_hub_no_longer_needs_are_dropped(embedded: Broker, tmp_path: Path, link: LinkClient) -> None:
    """The hub says how far its readers are; over the budget the oldest groups before that go, and no more."""
    with ingesting(embedded, tmp_path, "--budget", "1000000") as ingest:
        await eventually(lambda: link.connected)
        for _ in range(3):
            await link.append([Message("a", os.urandom(30_000), 5, Source.HTTP)] * 10)
        await link.append([Message("a", os.urandom(800_000), time.time_ns(), Source.HTTP)])
        link.keep(21)
        await eventually(lambda: len(ingest.records()) == 11)
        assert ingest.records()[0].position == 21


def taken(stream: socket.socket, selector: selectors.BaseSelector, many: int) -> list[FromIngest]:
    """Read frames at the hub's end while the ingest's goes on in the same thread."""
    found, data = list[FromIngest](), bytearray()
    stream.settimeout(0.01)
    while len(found) < many:
        for key, mask in selector.select(0):
            key.data(mask)
        with contextlib.suppress(TimeoutError):
            data += stream.recv(1 << 20)
        while len(data) >= LENGTH.size and len(data) - LENGTH.size >= (length := LENGTH.unpack_from(data)[0]):
            found.append(FROM_INGEST(bytes(data[LENGTH.size : LENGTH.size + length])))
            del data[: LENGTH.size + length]
    return found


def test_a_hub_that_did_not_read_for_a_while_is_told_the_newest_even_where_nothing_moves_any_more(
    tmp_path: Path,
) -> None:
    """How far the journal is, and how the broker is: both are said only when they change."""
    with selectors.DefaultSelector() as selector, socket.socket() as hub:
        server = LinkServer(tmp_path, selector, lambda _said, _peer: None)
        hub.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        address = msgspec.json.decode((tmp_path / FILE).read_bytes(), type=Address)
        hub.connect(("127.0.0.1", address.port))
        hub.sendall(frame(Hello(address.secret)))
        while not server.admitted:
            for key, mask in selector.select(1):
                key.data(mask)
        answers = 0
        while not server._peers[0].unsent:
            server._peers[0].send(AppendFailed(answers, "x" * 10_000))
            answers += 1
        for each in (End(7), Status(received=7), End(8), Status(received=8)):
            server.send(each)
        said = taken(hub, selector, answers + 2)
        server.close()
    assert said[answers:] == [End(8), Status(received=8)]
    assert [each for each in said[:answers] if not isinstance(each, AppendFailed)] == []
