"""What a fuzzer throws its bytes at: one function a target, good inputs to start from, words to put in.

An input of a driver is a conversation: parts divided by `NEXT`, each one byte that picks a topic, then the payload.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from msgspec import Struct

from hub.driver import Driver
from hub.drivercheck import RECEIVED, branches, tried
from hub.errors import PayloadError
from hub.ingest.lines import Framer, Lost
from hub.model import Device, Message
from hub.registry import Contexts, Registry, load_drivers
from hub.store.lines import Encoder, field, name_of, tag
from servers.captures import captures
from servers.stores import reading

NEXT = b"\xff\x1e\xff"
LONGEST = 12
"""Messages of a conversation that are read."""
PIECES = 64
"""Reads that a stream of a serial port is cut into, at most."""
SLOW = 0.1
"""CPU time [s] of one message from which it is a finding."""
Said = tuple[str, bytes]


class Target(Struct, frozen=True):
    """Something that takes any bytes.

    Attributes:
        take: raises AssertionError, or anything else, for a finding.
        seeds: inputs that go deep.
        words: byte strings worth putting into others.
    """

    take: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()


def targets() -> dict[str, Target]:
    """Return every target by its name: each driver, and what reads foreign bytes beside them."""
    drivers = load_drivers()
    found = {model: of_driver(driver, _conversations(driver, drivers)) for model, driver in drivers.items()}
    topics = tuple(
        f"{example.topic}\n".encode() + example.payload for driver in drivers.values() for example in driver.examples
    )
    return found | {
        "topics": Target(partial(_topic, Registry(drivers)), topics),
        "serial-lines": Target(_serial, (b"\x08t:21.5\r\nh:40\r\n", b"\x01" + b"x" * 5000 + b"\n1\n", b"\x00\r\r\n")),
        "line-protocol": Target(_lines, (b"a:b\nc\n\xc2\xb0C", b"a b,=\\\nx__q\n\\", b"%\n%41\n\x00")),
    }


def of_driver(driver: Driver, conversations: Iterable[list[Said]]) -> Target:
    """Return a driver as a target; its topics are those of the conversations."""
    said = list(conversations)
    topics = list(dict.fromkeys(topic for each in said for topic, _ in each))[:256]
    seeds = tuple(NEXT.join(bytes([topics.index(topic)]) + payload for topic, payload in each) for each in said)
    words = dict.fromkeys(word for each in said for _, payload in each for word in _words(payload))
    return Target(partial(_converse, driver, topics), seeds, tuple(words))


def _conversations(driver: Driver, drivers: dict[str, Driver]) -> Iterator[list[Said]]:
    """Return the driver's examples and proofs, and of every capture what it would take."""
    for example in driver.examples:
        yield [*example.before, (example.topic, example.payload)]
    for proof in driver.commandings:
        yield [*proof.before, *proof.sends, proof.report]
    registry, contexts = Registry(drivers), Contexts()
    for capture in captures().values():
        mine = [
            (heard.topic, heard.raw)
            for heard in capture.messages
            if registry.decode(Message(heard.topic, heard.raw, RECEIVED), contexts).driver is driver
        ]
        if mine:
            yield mine


def _words(payload: bytes) -> Iterator[bytes]:
    """Return the keys and texts of a JSON payload."""
    try:
        document = json.loads(payload)
    except ValueError:
        return
    for holder, key in branches(document):
        for each in (key, holder[key]):
            if isinstance(each, str) and 1 < len(each) < 40:
                yield each.encode()


def _converse(driver: Driver, topics: list[str], data: bytes) -> None:
    context = driver.empty_context()
    for part in data.split(NEXT)[:LONGEST]:
        if not part:
            continue
        message = Message(topics[part[0] % len(topics)], part[1:], RECEIVED)
        before = time.thread_time()
        problems, context = tried(driver, message, context)
        spent = time.thread_time() - before
        assert not problems, f"{message.topic} {message.payload!r}: {problems}"
        assert spent < SLOW, f"{message.topic} {message.payload!r} took {spent * 1000:.0f} ms"
        if driver.adopts is not None:
            driver.adopts(driver.scope(message.topic), context)
    if driver.reads is not None:
        _read(driver, data)


def _read(driver: Driver, data: bytes) -> None:
    try:
        content = driver.reads(data) if driver.reads is not None else None
    except PayloadError:
        return
    assert content is not None
    assert all(isinstance(sample.value, float) for sample in content.samples)


def _topic(registry: Registry, data: bytes) -> None:
    """Any topic has an outcome, whoever takes it."""
    topic, _, payload = data.partition(b"\n")
    message = Message(topic.decode(errors="replace"), payload, RECEIVED)
    outcome = registry.decode(message, {})
    assert outcome.decoded is not None or outcome.reason
    assert "failed" not in (outcome.reason or ""), outcome.reason
    registry.named([message.topic])
    if outcome.driver is not None and outcome.decoded is not None and outcome.driver.ask is not None:
        outcome.driver.ask(outcome.decoded.device, message.topic)


def _serial(data: bytes) -> None:
    """However a port's bytes are cut, the lines are the same, and so is what is lost."""
    stream = data[1:]
    step = max(1 + data[0] if data else 1, len(stream) // PIECES)
    whole, cut = Lost(), Lost()
    at_once = Framer(0.0, whole).feed(stream, 1.0)
    framer = Framer(0.0, cut)
    in_pieces = [line for at in range(0, len(stream), step) for line in framer.feed(stream[at : at + step], 1.0)]
    assert at_once == in_pieces
    assert whole == cut


def _lines(data: bytes) -> None:
    """One point is one line, and every name comes back."""
    device, channel, unit, *_ = [*data.decode(errors="surrogateescape").split("\n"), "", ""]
    known = Device(uid=device, family="acme", name=unit, run="real", topic="t", seen=1)
    said = Encoder().lines([reading(device=device, channel=channel, unit=unit)], [known])
    assert all(b"\n" not in line and b"\r" not in line for line in said[False])
    assert len(said[False]) == 3
    assert name_of(tag(device)) == device
    assert name_of(field(channel)) == channel
