"""The guests' process, `python -m hub.guests`: imports drivers of other packages and calls them for the hub.

It ends with its input. What a driver prints goes to standard error: standard output is the hub's.
"""

import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from operator import attrgetter
from typing import IO, Any

import msgspec

from hub.driver import Command, Decoded, Driver, Target
from hub.drivercheck import broken
from hub.errors import ConfigError, ForeignPayloadError, PayloadError
from hub.guests.protocol import (
    LONGEST,
    PERIOD_ASK,
    PERIOD_SET,
    Answer,
    Call,
    Conversation,
    Failed,
    Load,
    Loaded,
    Refused,
    Returned,
    Understood,
    describe,
    frames,
    pack,
    question,
    send,
)
from hub.registry import GROUP, check_description, decode_context, encode_context

SHOWN = 300
"""Characters of a fault that are told."""


OF_TARGET: dict[str, type] = {"command": Command, "settable": Command, PERIOD_ASK: int, PERIOD_SET: int}
"""Functions of a device (`Target`), and what is wanted of it."""


class Lodging:
    """The drivers that were loaded."""

    def __init__(self) -> None:
        """Hold none yet."""
        self._drivers: dict[str, Driver] = {}

    def answers(self, frame: bytes) -> Iterator[bytes]:
        """Do what is asked, and yield each answer packed; whatever a driver does wrong is one of them."""
        asked = question(frame)
        try:
            if isinstance(asked, Load):
                yield packed(self._load(asked.place))
            elif isinstance(asked, Call):
                yield packed(self._call(asked))
            else:
                yield from self._converse(asked)
        except Exception as error:  # noqa: BLE001 — it is the driver's, and told
            yield pack(failed(error))

    def _load(self, place: str) -> Answer:
        driver = EntryPoint(place, place, GROUP).load()
        try:
            check_description(driver, place)
        except ConfigError as error:
            return Failed(str(error))
        self._drivers[driver.model] = driver
        return Loaded(describe(driver))

    def _call(self, asked: Call) -> Answer:
        driver = self._drivers[asked.model]
        try:
            value = attrgetter(asked.function)(driver)(*arguments(driver, asked))
        except PayloadError as error:
            return refused(error)
        return Returned(pack(value))

    def _converse(self, asked: Conversation) -> Iterator[bytes]:
        driver = self._drivers[asked.model]
        context = remembered(driver, asked.context)
        for message in asked.messages:
            try:
                decoded, after = driver.decode(message, context)
                said: Answer = understood(driver, decoded, None if after is context else after)
                context = after
            except PayloadError as error:
                said = refused(error)
                context = context if error.context is None else error.context
            yield packed(said)


def arguments(driver: Driver, asked: Call) -> list[Any]:
    """Return the arguments of a call as the contract types them."""
    if asked.function == "adopts":
        scope, context = asked.arguments
        return [msgspec.msgpack.decode(scope, type=str), remembered(driver, context)]
    if asked.function == "about":
        names, context = asked.arguments
        return [msgspec.msgpack.decode(names, type=tuple[str, ...]), remembered(driver, context)]
    if asked.function in OF_TARGET:
        target, *wanted, context = asked.arguments
        meant = msgspec.msgpack.decode(target, type=Target)
        meant = msgspec.structs.replace(meant, context=remembered(driver, context))
        return [meant, *(msgspec.msgpack.decode(each, type=OF_TARGET[asked.function]) for each in wanted)]
    return [msgspec.msgpack.decode(each) for each in asked.arguments]


def remembered(driver: Driver, context: bytes) -> Any:  # noqa: ANN401 — each driver has its own type
    """Return a context as the driver knows it."""
    return decode_context(driver, context) if context else driver.empty_context()


def understood(driver: Driver, decoded: Any, after: Any) -> Understood:  # noqa: ANN401 — whatever a driver returns
    """Return a message's meaning, proved to be what the contract says; `after` None: nothing was learnt.

    Raises:
        Exception: it is not.
    """
    if not isinstance(decoded, Decoded):
        msg = f"decode returned {type(decoded).__name__}, not a Decoded"
        raise TypeError(msg)
    proved = msgspec.msgpack.decode(pack(decoded), type=Decoded)
    fault = next(broken(driver, proved), None)
    if fault is not None:
        raise ValueError(fault)
    return Understood(proved, None if after is None else encode_context(after))


def refused(error: PayloadError) -> Refused:
    """Return a driver's own refusal."""
    context = None if error.context is None else encode_context(error.context)
    return Refused(str(error), isinstance(error, ForeignPayloadError), error.asks, context)


def failed(error: Exception) -> Failed:
    """Return a driver's fault in one line."""
    return Failed(f"{type(error).__name__}: {error}"[:SHOWN])


def packed(said: Answer) -> bytes:
    """Return an answer as it travels.

    Raises:
        ValueError: it is longer than any may be.
    """
    frame = pack(said)
    if len(frame) > LONGEST:
        msg = f"an answer of {len(frame)} bytes"
        raise ValueError(msg)
    return frame


def _own_output() -> IO[bytes]:
    """Take standard output for the hub alone; what a driver prints goes to standard error."""
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return own


def _questions(stream: IO[bytes], asked: "queue.SimpleQueue[bytes]") -> None:
    """Hand on what the hub asks; once it has gone, end at once, whatever a driver is doing."""
    for frame in frames(stream):
        asked.put(frame)
    os._exit(0)


def main() -> None:
    """Answer until the hub has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's
    answers, asked, lodging = _own_output(), queue.SimpleQueue[bytes](), Lodging()
    threading.Thread(target=_questions, args=(sys.stdin.buffer, asked), daemon=True).start()
    while True:
        for frame in lodging.answers(asked.get()):
            send(answers, frame)


if __name__ == "__main__":
    main()
