"""The message a new driver starts from, and what can be read in it."""

import keyword
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from hub.errors import PayloadError, UsageError
from hub.payload import boolean, epoch_milliseconds, epoch_seconds, json_value, number, slug

OWN = "matinales/"
TIMES = re.compile(r"(^|_)(time|timestamp|ts|date|datetime|epoch)$")
"""Names under which a device tells when, not what: no channel."""
TAKEN = {"cls", "topic", "payload"}
"""Parameters of `Example.gives`: a channel of that name could not be written there."""

Path_ = tuple[str | int, ...]


class First(Struct, frozen=True):
    """One message as it was heard; the payload may be any bytes."""

    topic: str
    payload: bytes


class Field(Struct, frozen=True):
    """A value found in a payload.

    Attributes:
        path: keys and indices that lead to it.
        channel: the channel name made of them.
        reader: the function of `hub.payload` that reads it.
        value: what it read.
    """

    path: Path_
    channel: str
    reader: str
    value: float


class _Heard(Struct):
    topic: str
    payload: str = ""
    payload_hex: str | None = None


class _Capture(Struct):
    messages: list[_Heard]


def captured(path: Path) -> First:
    """Return the message of a capture file that tells most: the first with the most values.

    Raises:
        UsageError: it cannot be read, is no capture, or holds no message.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Capture).messages
        messages = [
            First(each.topic, each.payload.encode() if each.payload_hex is None else bytes.fromhex(each.payload_hex))
            for each in found
        ]
    except OSError as error:
        msg = f"--from: {path} cannot be read ({error.strerror}); check the path"
        raise UsageError(msg) from None
    except (msgspec.DecodeError, ValueError) as error:
        msg = f'--from: {path} is no capture ({error}); one holds {{"messages": [{{"topic", "payload"}}]}}'
        raise UsageError(msg) from None
    if not messages:
        msg = f"--from: {path} holds no message; a driver starts from one"
        raise UsageError(msg)
    return max(messages, key=lambda each: len(fields(each)))


def check_topic(topic: str, option: str) -> None:
    """Refuse what no device publishes on.

    Raises:
        UsageError: naming the option and what is due there.
    """
    if not topic or any(char in "+#" or not char.isprintable() for char in topic):
        msg = (
            f"{option}: {topic!r} is no topic of a message; give the one it came on, without +, # or control characters"
        )
        raise UsageError(msg)
    if topic.startswith((OWN, "$")):
        msg = f"{option}: {topic!r} belongs to the hub or the broker, never to a device"
        raise UsageError(msg)


def device_level(topic: str) -> int:
    """Return the index of the level that names the device: the second one, or all there is; a leading / counts not."""
    leading = topic.startswith("/")
    return min(1 + leading, topic.count("/"))


def topic_filter(topic: str) -> str:
    """Return the filter for devices of this kind: any name in the device's level, the others as they are."""
    levels, index = topic.split("/"), device_level(topic)
    if index > topic.startswith("/"):
        levels[index] = "+"
    return "/".join(levels)


def fields(message: First) -> list[Field]:
    """Return the numbers and booleans of a JSON payload in its order; nothing where it is no JSON."""
    try:
        document = json_value(message.payload)
    except PayloadError:
        return []
    found: list[Field] = []
    names = set[str]()
    for path, leaf in _leaves(document, ()):
        reader = "boolean" if isinstance(leaf, bool) else "number"
        try:
            value = boolean(leaf) if reader == "boolean" else number(leaf)
        except PayloadError:
            continue
        name = _named(path, message.topic)
        if TIMES.search(name) and (epoch_seconds(value) or epoch_milliseconds(value)):
            continue
        channel = _unlike(name, names)
        names.add(channel)
        found.append(Field(path, channel, reader, value))
    return found


def _leaves(value: object, path: Path_) -> Iterator[tuple[Path_, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path, value


def _named(path: Path_, topic: str) -> str:
    """Return a channel name: the keys joined, indices counted from 1; of a bare value the topic's last level."""
    words = [str(step + 1) if isinstance(step, int) else step for step in path] or [topic.rpartition("/")[2]]
    name = slug("_".join(words)) or "value"
    if not name[0].isalpha() or name in TAKEN or keyword.iskeyword(name):
        return f"value_{name}"
    return name


def _unlike(name: str, taken: set[str]) -> str:
    """Return a name that is not taken yet."""
    count, free = 2, name
    while free in taken:
        free, count = f"{name}_{count}", count + 1
    return free
