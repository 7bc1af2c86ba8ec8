"""The connection to NATS, for threads that wait: the only place that knows nats-py, which the extra `cluster` brings.

One connection a process and address, on a loop of its own; whoever asks waits in his own thread. JetStream's own words
(subjects `$JS.API.…`, headers `Nats-…`) are those of the server's documentation and of NATS ADR-2, -31 and -50.
"""

import asyncio
import base64
import contextlib
import itertools
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from msgspec import Struct

from hub.errors import ConfigError, JournalError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

T = TypeVar("T")
SCHEMES = ("nats", "tls")
NAME = "matinales"
LEAST_PAYLOAD = 4 * 1024 * 1024
"""What a server must take at once [byte]: a message of 1 MiB, as it came, and what a group says of itself."""
HOW_TO_INSTALL = "pip install 'matinales-hub[cluster]'"
_PATIENCE_S = 2.0
_FIRST_S = 5.0
_AGAIN_S = 0.1
_ASK_AGAIN_S = 0.25
"""What changes nothing is asked again so often [s] until an answer comes: while a stream has no leader nobody answers,
and who waits for his first question to end learns of the new one up to 2 s late (measured, decision 0045)."""
_CANCEL_S = 0.1
_NOT_FOUND = 404
_BUSY = 503
_TOLD = 200
"""Bytes of a question that an error tells: `bad request` alone explains nothing."""
_LOG = logging.getLogger(__name__)


class UnknownFateError(JournalError):
    """No answer came: what was asked for may have been done, or may be done yet."""


class RefusedError(JournalError):
    """The server said no; nothing was done."""


class Url(Struct, frozen=True, kw_only=True):
    """Where a journal lies: `nats://[user:password@]host[:port],…[/name][?replicas=3&partitions=8]`.

    Attributes:
        servers: addresses to try.
        user, password: None: nobody's.
        name: of the stream.
        replicas: servers that keep each message, where the stream does not exist yet.
        partitions: parts that a group is cut into by device.
    """

    servers: tuple[str, ...]
    user: str | None
    password: str | None
    name: str
    replicas: int
    partitions: int

    @classmethod
    def parsed(cls, url: str) -> "Url":
        """Read an address.

        Raises:
            ConfigError: it is none; the message says what one looks like.
        """
        wrong = f"journal_url {without_password(url)!r}: write nats://[user:password@]host:port[,host:port…][/name]"
        try:
            scheme, netloc, path, query, _ = urlsplit(url)
            login, _, hosts = netloc.rpartition("@")
            names = [each for each in hosts.split(",") if each]
            asked = {name: values[0] for name, values in parse_qs(query, strict_parsing=bool(query)).items()}
            replicas = int(asked.pop("replicas", 3 if len(names) >= 3 else 1))  # noqa: PLR2004 — a majority of three
            partitions = int(asked.pop("partitions", 8))
        except ValueError:
            raise ConfigError(wrong) from None
        name = path.strip("/") or NAME
        good = scheme in SCHEMES and names and not asked and replicas in {1, 3, 5} and 1 <= partitions <= 64  # noqa: PLR2004
        if not good or not name.replace("-", "").replace("_", "").isalnum():
            raise ConfigError(f"{wrong}[?replicas=1|3|5&partitions=1…64]")  # noqa: EM102 — one more word to the same
        user, _, password = login.partition(":")
        return cls(
            servers=tuple(f"{scheme}://{each}" for each in names),
            user=unquote(user) or None,
            password=unquote(password) or None,
            name=name,
            replicas=replicas,
            partitions=partitions,
        )


def without_password(url: str) -> str:
    """Return an address as it may be shown."""
    scheme, found, rest = url.partition("://")
    return f"{scheme}{found}{rest.rpartition('@')[2]}"


class Stored(NamedTuple):
    """A message of a stream: its place there, its subject, headers and bytes."""

    sequence: int
    subject: str
    headers: Mapping[str, str]
    data: bytes


class Outgoing(NamedTuple):
    """A message for a stream."""

    subject: str
    data: bytes
    headers: Mapping[str, str]


class Delivered(NamedTuple):
    """A message that came without being waited for: where to, what answers it, its headers and bytes."""

    subject: str
    reply: str
    headers: Mapping[str, str]
    data: bytes


class _Answer(NamedTuple):
    """An answer of several messages: those that came, and, once it is whole, whether there are more."""

    found: list[Stored]
    more: "asyncio.Future[bool]"


Heard = Callable[[bytes, Callable[[bytes], None]], None]
"""Takes a question and what answers it."""


class Link:
    """A connection that comes back by itself; every call waits at most a moment, in the caller's thread."""

    def __init__(self, url: Url) -> None:
        """Begin to connect.

        Raises:
            ConfigError: nats-py is not installed.
        """
        try:
            from nats.aio.client import Client as Nats  # noqa: PLC0415 — an extra, and 60 ms
        except ImportError:
            msg = f"a journal at nats:// needs nats-py: {HOW_TO_INSTALL}"
            raise ConfigError(msg) from None
        self._url = url
        self._trouble: str | None = None
        self._up = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._began = self._loop.time()
        self._client: Client = Nats()
        self._inbox = ""
        self._tokens = itertools.count(1)
        self._answers: dict[str, _Answer] = {}
        self._thread = threading.Thread(target=self._run, name="nats", daemon=True)
        self._thread.start()
        self._opening = asyncio.run_coroutine_threadsafe(self._open(), self._loop)

    def request(self, subject: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Ask JetStream's API and return its answer.

        Raises:
            RefusedError: it said no.
            UnknownFateError: no answer came.
        """
        data = msgspec.json.encode(body) if body is not None else b""
        return self._answer(self._call(self._ask(f"$JS.API.{subject}", data)), _asked(subject, data))

    def found(self, subject: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any] | None:
        """Ask JetStream's API for something that may not be there: None then. Asked again until an answer comes."""
        data = msgspec.json.encode(body) if body is not None else b""
        answer = self._call(self._ask_again(f"$JS.API.{subject}", data))
        return None if _code(answer) == _NOT_FOUND else self._answer(answer, _asked(subject, data))

    def message(self, stream: str, body: Mapping[str, Any]) -> Stored | None:
        """Return a message of a stream, from its leader; None: there is none."""
        answer = self.found(f"STREAM.MSG.GET.{stream}", body)
        if answer is None:
            return None
        said = answer["message"]
        headers = dict(_lines(base64.b64decode(said.get("hdrs", ""))))
        return Stored(said["seq"], said["subject"], headers, base64.b64decode(said.get("data", "")))

    def many(self, stream: str, body: Mapping[str, Any]) -> tuple[list[Stored], bool]:
        """Return messages of a stream, from any of its servers, and whether there are more after them.

        Asked once more where no answer came: the server that was to answer may be one that has just been cut off, or
        comes back (seen within seconds after a network healed).
        """
        subject, wanted = f"$JS.API.DIRECT.GET.{stream}", msgspec.json.encode(body)
        try:
            return self._call(self._stream(subject, wanted))
        except UnknownFateError:
            if not self.connected:
                raise
            return self._call(self._stream(subject, wanted))

    def publish(self, message: Outgoing) -> int:
        """Put one message into a stream and return its place once it is stored."""
        answer = self._answer(self._call(self._ask(message.subject, message.data, message.headers)), message.subject)
        return int(answer["seq"])

    def commit(self, group: str, messages: Sequence[Outgoing], *, after: int) -> int:
        """Put all of these into a stream, or none; return the place of the last once all are stored.

        Args:
            group: tells this group from every other.
            messages: at most 1,000.
            after: the place of the stream's last message; otherwise nothing is stored.

        Raises:
            RefusedError: another message is the last, or the server cannot now.
            UnknownFateError: no answer came.
        """
        expected = {"Nats-Expected-Last-Sequence": str(after)}
        answer = self._call(self._commit(group, messages, expected))
        return int(self._answer(answer, messages[-1].subject)["seq"])

    def ask(self, subject: str, data: bytes) -> bytes:
        """Ask whoever serves a subject, and return the answer.

        Raises:
            UnknownFateError: no answer came.
        """
        return self._call(self._ask(subject, data))

    def serve(self, subject: str, heard: Heard) -> Callable[[], None]:
        """Have `heard` take each question of a subject, with what answers it, on the connection's thread.

        Returns:
            What ends it.
        """

        async def take(said: "Msg") -> None:
            heard(said.data, lambda answer: self._reply(said.reply, answer))

        async def listen() -> Callable[[], Coroutine[Any, Any, None]]:
            return (await self._client.subscribe(subject, cb=take)).unsubscribe

        return self._ending(self._call(listen()))

    def _ending(self, ended: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
        """Return what ends a subscription, in any thread."""

        def end() -> None:
            with contextlib.suppress(UnknownFateError, ConnectionError):  # gone with its connection
                self._call(ended())

        return end

    def hear(self, heard: Callable[[Delivered], None]) -> tuple[str, Callable[[], None]]:
        """Have `heard` take, on the connection's thread, what comes to an address of our own and below it.

        Returns:
            The address, and what ends it.

        Raises:
            UnknownFateError: no server is there.
        """
        address = self._client.new_inbox()

        async def take(said: "Msg") -> None:
            heard(Delivered(said.subject, said.reply, said.headers or {}, said.data))

        async def listen() -> Callable[[], Coroutine[Any, Any, None]]:
            return (await self._client.subscribe(f"{address}.>", cb=take)).unsubscribe

        return address, self._ending(self._call(listen()))

    def say(self, messages: Sequence[tuple[str, bytes, str]]) -> None:
        """Send each (subject, bytes, address for the answer) without waiting; what is lost is asked for again."""

        async def publish() -> None:
            with contextlib.suppress(Exception):  # no server: whoever sends says it again
                for subject, data, reply in messages:
                    await self._client.publish(subject, data, reply=reply)

        asyncio.run_coroutine_threadsafe(publish(), self._loop)

    def _reply(self, subject: str, answer: bytes) -> None:
        if subject:  # else nobody waits for it
            asyncio.run_coroutine_threadsafe(self._client.publish(subject, answer), self._loop)

    @property
    def connected(self) -> bool:
        """Whether a server is there now."""
        return bool(self._client.is_connected)

    @property
    def away(self) -> bool:
        """Whether no server is there, though one was, or was waited for as long as the first one is."""
        return not self.connected and (self._up.is_set() or self._loop.time() > self._began + _FIRST_S)

    @property
    def servers(self) -> str:
        """Where it connects, without password."""
        return ", ".join(self._url.servers)

    def close(self) -> None:
        """End the connection."""

        async def end() -> None:
            self._opening.cancel()
            with contextlib.suppress(Exception):  # a server that is gone needs no farewell
                await self._client.close()
            while left := asyncio.all_tasks() - {asyncio.current_task()}:
                for task in left:  # again until it ends: one that dials lets a word pass now and then (Python 3.11)
                    task.cancel()
                done, _ = await asyncio.wait(left, timeout=_CANCEL_S)
                for task in done:
                    with contextlib.suppress(asyncio.CancelledError):
                        task.exception()  # nobody else asks for it
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self._loop)
        self._thread.join()
        self._loop.close()

    # --- on the loop

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _open(self) -> None:
        async def failed(error: Exception) -> None:
            self._trouble = str(error) or type(error).__name__
            _LOG.debug("NATS: %s", self._trouble)

        async def back() -> None:
            self._trouble = None

        while True:
            await self._client.connect(
                list(self._url.servers),
                name="matinales",
                user=self._url.user,
                password=self._url.password,
                error_cb=failed,
                reconnected_cb=back,
                max_reconnect_attempts=-1,
                reconnect_time_wait=_AGAIN_S,  # type: ignore[arg-type]  # a float is slept as well
                connect_timeout=1,
                ping_interval=1,  # a server that is cut off says nothing: 4 s until another one is asked
                max_outstanding_pings=3,
            )
            if self._client.is_connected:
                break
            # greeted, and hung up before the first answer: nats-py 2.16 returns, and who asks now would be refused
            self._trouble = "it ends connections as soon as they begin"
            await self._client.close()
            await asyncio.sleep(_AGAIN_S)
        self._trouble = None
        if self._client.max_payload < LEAST_PAYLOAD:
            self._trouble = f"max_payload is {self._client.max_payload} there; write `max_payload: 8MB` in its file"
            await self._client.close()
        else:
            self._inbox = self._client.new_inbox()
            await self._client.subscribe(f"{self._inbox}.*", cb=self._streamed)
        self._up.set()

    def _call(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(self._checked(what), self._loop).result()

    async def _checked(self, what: Coroutine[Any, Any, T]) -> T:
        from nats.errors import Error  # noqa: PLC0415 — an extra

        try:
            left = self._began + _FIRST_S - self._loop.time()
            if not self._up.is_set() and left > 0:  # once for all who ask: a hub that ends asks often
                async with asyncio.timeout(left):
                    await self._up.wait()
            if not self._client.is_connected:
                await asyncio.sleep(_AGAIN_S)
            if not self._client.is_connected:
                raise ConnectionError(self._trouble or "not connected")
            return await what
        except (Error, OSError, TimeoutError) as error:
            reason = self._trouble or str(error) or type(error).__name__
            msg = f"NATS at {self.servers} does not answer ({reason}); see that nats-server runs there, with JetStream"
            raise UnknownFateError(msg) from None
        finally:
            what.close()

    async def _ask(self, subject: str, data: bytes, headers: Mapping[str, str] | None = None) -> bytes:
        answer = await self._client.request(
            subject, data, timeout=_PATIENCE_S, headers=None if headers is None else dict(headers)
        )
        return answer.data

    async def _ask_again(self, subject: str, data: bytes) -> bytes:
        """Ask, and again every moment, until one of the questions has an answer, or the first of them had its time."""
        asked: set[asyncio.Task[bytes]] = set()
        try:
            while True:
                asked.add(asyncio.create_task(self._ask(subject, data)))
                done, _ = await asyncio.wait(asked, timeout=_ASK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
                if done:
                    return done.pop().result()
        finally:
            for each in asked:
                if not each.cancel() and not each.cancelled():
                    each.exception()  # nobody else asks for it

    async def _commit(self, group: str, messages: Sequence[Outgoing], expected: Mapping[str, str]) -> bytes:
        last = len(messages)
        for number, (subject, data, headers) in enumerate(messages, 1):
            said = {
                **headers,
                **(expected if number == 1 else {}),
                "Nats-Msg-Id": f"{group}-{number}",
                "Nats-Batch-Id": group,
                "Nats-Batch-Sequence": str(number),
            }
            if number < last:
                await self._client.publish(subject, data, headers=said)
            else:
                return await self._ask(subject, data, {**said, "Nats-Batch-Commit": "1"})
        return b"{}"

    async def _stream(self, subject: str, body: bytes) -> tuple[list[Stored], bool]:
        token = str(next(self._tokens))
        answer = self._answers[token] = _Answer([], self._loop.create_future())
        try:
            await self._client.publish(subject, body, reply=f"{self._inbox}.{token}")
            came = 0
            while not answer.more.done():
                await asyncio.wait((answer.more,), timeout=_PATIENCE_S)
                if not answer.more.done() and len(answer.found) == came:
                    raise TimeoutError
                came = len(answer.found)
            return answer.found, answer.more.result()
        finally:
            del self._answers[token]

    async def _streamed(self, said: "Msg") -> None:
        """Take a message of an answer that has several; one task of its own for each would cost more than the rest."""
        answer, headers = self._answers.get(said.subject.rpartition(".")[2]), said.headers or {}
        if answer is None or answer.more.done():
            return  # it comes too late
        if "Status" in headers:
            answer.more.set_result(_more(headers))
        else:
            answer.found.append(_stored(said))

    @staticmethod
    def _answer(data: bytes, subject: str) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = msgspec.json.decode(data)
        if "error" in answer:
            error = answer["error"]
            msg = f"JetStream refuses {subject}: {error.get('description', error)}"
            raise (UnknownFateError if error.get("code") == _BUSY else RefusedError)(msg)
        return answer


def _asked(subject: str, data: bytes) -> str:
    """Return what was asked for, as an error tells it."""
    return f"{subject} {data[:_TOLD].decode(errors='replace')}".rstrip()


def _code(data: bytes) -> int:
    answer = msgspec.json.decode(data)
    return int(answer.get("error", {}).get("code", 0)) if isinstance(answer, dict) else 0


def _more(headers: Mapping[str, str]) -> bool:
    return headers["Status"] == "204" and headers.get("Nats-Num-Pending", "0") != "0"


def _stored(said: "Msg") -> Stored:
    headers = said.headers or {}
    return Stored(int(headers["Nats-Sequence"]), headers["Nats-Subject"], headers, said.data)


def _lines(raw: bytes) -> list[tuple[str, str]]:
    """Return the headers of a stored message: lines `Name: value` after the first."""
    pairs = (line.partition(":") for line in raw.decode(errors="replace").split("\r\n")[1:] if ":" in line)
    return [(name.strip(), value.strip()) for name, _, value in pairs]


_LIVING: dict[Url, tuple[Link, int]] = {}
_GUARD = threading.Lock()


def taken(url: Url) -> Link:
    """Return the process's connection to these servers, made at first use; give it back with `given_back`."""
    with _GUARD:
        link, many = _LIVING.get(url, (None, 0))
        if link is None:
            link = Link(url)
        _LIVING[url] = link, many + 1
        return link


def given_back(url: Url) -> None:
    """End the connection where nobody uses it any more."""
    with _GUARD:
        link, many = _LIVING[url]
        if many > 1:
            _LIVING[url] = link, many - 1
            return
        del _LIVING[url]
    link.close()
