"""A guest as the registry knows it: its description, and functions that ask the guests' process."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from msgspec import Raw, structs

from hub.driver import Announced, Channel, Command, Content, Decoded, Driver, Order, Period, Target
from hub.errors import PayloadError
from hub.guests.house import Guests, installed, learnt, refusal
from hub.guests.protocol import PERIOD_ASK, PERIOD_SET, Answer, Description, Reports, Understood, pack
from hub.model import Message
from hub.registry import Remote, encode_context, load_bundled

Messages = tuple[tuple[str, bytes], ...]
REMEMBERED = 20_000
"""Topics of which it is remembered what a driver says."""


def drivers(guests: Guests) -> dict[str, Remote]:
    """Return every guest that could be loaded, by its model."""
    return {each.model: Proxy(guests, each).driver() for each in guests.descriptions}


@contextmanager
def lodged() -> Iterator[dict[str, Driver]]:
    """Lend every driver: the hub's own, and those of other packages in their process while it lasts."""
    bundled = load_bundled()
    guests = Guests(installed(), taken=bundled)
    try:
        yield {**bundled, **drivers(guests)}
    finally:
        guests.close()


class Proxy:
    """What one guest is asked."""

    def __init__(self, guests: Guests, description: Description) -> None:
        """Ask this guest of these."""
        self._guests = guests
        self._said = description
        self._name = description.model
        self._ahead: deque[tuple[Message, Any, Answer, Raw | None]] = deque()

    def driver(self) -> Remote:
        """Return it as a driver; its context is bytes here, whose meaning only the guest knows."""
        said = self._said
        plain = {
            name: getattr(said, name) for name in said.__struct_fields__ if name not in {"commands", "period", "has"}
        }
        functions: dict[str, Any] = {
            "claims": self._of_topic("claims", bool, otherwise=True),
            "loose": self._of_topic("loose", bool, otherwise=False),
            "scope": self._of_topic("scope", str, otherwise=""),
            "names": self._of_topic("names", str | None, otherwise=None),
            "adopts": self._adopts,
            "about": self._about,
            "ask": self._ask,
            "command": self._command,
            "settable": self._settable,
            "reads": self._reads,
        }
        here = {name: function for name, function in functions.items() if name in said.has}
        commands = said.commands if "command" in said.has else ()
        return Remote(
            **plain,
            **here,
            commands=commands,
            period=self._period(said.period) if said.period is not None else None,
            context=Raw,
            decode=self._decode,
            prepare=self._prepare,
        )

    def _prepare(self, messages: Sequence[Message], context: Any) -> None:  # noqa: ANN401 — Raw, or a shared one
        """Decode messages ahead, as if nothing else came between."""
        self._ahead.clear()
        for message, (said, after) in zip(messages, self._converse(context, messages), strict=True):
            self._ahead.append((message, context, said, after))
            context = context if after is None else after

    def _decode(self, message: Message, context: Any) -> tuple[Decoded, Any]:  # noqa: ANN401 — likewise
        """Return what was decoded ahead where it was this message in this context; else ask now."""
        while self._ahead:
            known, before, said, after = self._ahead.popleft()
            if known is message and (before is context or blob(before) == blob(context) == b""):
                break
        else:
            ((said, after),) = self._converse(context, [message])
        if not isinstance(said, Understood):
            raise refusal(said, after)
        return said.decoded, context if after is None else after

    def _converse(self, context: Any, messages: Sequence[Message]) -> list[tuple[Answer, Raw | None]]:  # noqa: ANN401 — likewise
        """Return each answer and the context it leaves; another driver's context is only read."""
        found = self._guests.converse(self._name, blob(context), messages)
        is_own = self._said.shares is None
        return [(each, Raw(new) if is_own and (new := learnt(each)) is not None else None) for each in found]

    def _of_topic(self, function: str, kind: Any, otherwise: Any) -> Callable[[str], Any]:  # noqa: ANN401 — a type, a value of it
        """Return a function of a topic; a driver that fails, or is off, says what stands for its answer."""

        @lru_cache(REMEMBERED)
        def known(topic: str) -> Any:  # noqa: ANN401 — of that kind
            return self._guests.call(self._name, function, kind, topic)

        def ask(topic: str) -> Any:  # noqa: ANN401 — of that kind
            try:
                return known(topic)
            except PayloadError:
                return otherwise

        return ask

    def _adopts(self, scope: str, context: Any) -> Sequence[str]:  # noqa: ANN401 — Raw, or a shared one
        try:
            return self._guests.call(self._name, "adopts", tuple[str, ...], scope, blob(context))
        except PayloadError:
            return ()

    def _about(self, names: Collection[str], context: Any) -> Announced | None:  # noqa: ANN401 — likewise
        kind: Any = Announced | None
        try:
            found: Announced | None = self._guests.call(self._name, "about", kind, tuple(names), blob(context))
        except PayloadError:
            return None
        return found

    def _ask(self, device: str, topic: str) -> list[tuple[str, bytes]]:
        try:
            return self._guests.call(self._name, "ask", list[tuple[str, bytes]], device, topic)
        except PayloadError:
            return []

    def _settable(self, target: Target) -> tuple[Channel, ...]:
        bare = structs.replace(target, context=None)
        try:
            return self._guests.call(self._name, "settable", tuple[Channel, ...], bare, blob(target.context))
        except PayloadError:
            return ()

    def _command(self, target: Target, command: Command) -> Order:
        bare = structs.replace(target, context=None)
        return self._guests.call(self._name, "command", Order, bare, command, blob(target.context))

    def _period(self, said: Reports) -> Period:
        return Period(ask=self._ask_period, set=self._set_period, low=said.low, high=said.high, proof=said.proof)

    def _ask_period(self, target: Target) -> Messages:
        try:
            return self._of_period(PERIOD_ASK, target)
        except PayloadError:
            return ()

    def _set_period(self, target: Target, seconds: int) -> Messages:
        try:
            return self._of_period(PERIOD_SET, target, seconds)
        except PayloadError:
            return ()

    def _of_period(self, function: str, target: Target, *seconds: int) -> Messages:
        bare = structs.replace(target, context=None)
        return self._guests.call(self._name, function, Messages, bare, *seconds, blob(target.context))

    def _reads(self, data: bytes) -> Content:
        return self._guests.call(self._name, "reads", Content, pack(data))


def blob(context: Any) -> bytes:  # noqa: ANN401 — Raw, or another driver's
    """Return a context as it travels."""
    if context is None:
        return b""
    return bytes(context) if isinstance(context, Raw) else encode_context(context)
