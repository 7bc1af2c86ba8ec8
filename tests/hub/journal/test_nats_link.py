"""The connection to NATS servers (hub/journal/nats_link.py), on a real one behind a relay that drops connections."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from hub.errors import JournalError
from hub.journal import nats_link
from hub.journal.nats_link import Link, RefusedError, Url, given_back, taken
from servers import nats
from servers.ports import HOST, free_port


class Relay:
    """Hands connections on to a server; of the first few it drops what the client says once it was greeted.

    Attributes:
        port: where it listens.
        met: connections so far.
    """

    def __init__(self, target: int, dropped: int) -> None:
        """Listen on a free port."""
        self.met = 0
        self._target, self._dropped = target, dropped
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.met += 1
                threading.Thread(target=self._serve, args=(client, self.met <= self._dropped), daemon=True).start()

    def _serve(self, client: socket.socket, drops: bool) -> None:  # noqa: FBT001 — of a thread
        with client, socket.create_connection((HOST, self._target)) as server, contextlib.suppress(OSError):
            client.sendall(server.recv(65_536))
            if drops:
                client.recv(65_536)
                client.shutdown(socket.SHUT_RDWR)
                return
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(dropped: int) -> Iterator[Relay]:
    """Lend a relay in front of a real server."""
    made = Relay(nats.server().port, dropped)
    try:
        yield made
    finally:
        made.close()


def test_a_server_that_greets_and_hangs_up_at_the_start_is_tried_again() -> None:
    """As one that ends while a cluster starts: who asks first waits for a real connection, and is not refused."""
    with relay(2) as between:
        url = Url.parsed(f"nats://{HOST}:{between.port}/unused")
        link = taken(url)
        try:
            assert link.request("INFO")["type"] == "io.nats.jetstream.api.v1.account_info_response"
            assert between.met >= 3, "nats-py gives up a connection that a busy machine keeps waiting, too"
        finally:
            given_back(url)


def test_a_refusal_tells_what_was_asked_for() -> None:
    """`bad request` alone would explain nothing."""
    url = Url.parsed(nats.fresh_url())
    link = taken(url)
    with pytest.raises(RefusedError, match=r'^JetStream refuses STREAM.CREATE.x \{"name":"y"\}: '):
        link.request("STREAM.CREATE.x", {"name": "y"})
    given_back(url)


def test_a_server_that_takes_too_little_is_told_at_each_question_and_not_waited_for() -> None:
    """The connection is given up, and known to be: nobody waits 5 s for it to begin."""
    with nats.to_kill(payload="1MB") as small:
        url = Url.parsed(f"nats://{HOST}:{small.port}/unused")
        link = taken(url)
        try:
            link._opening.result(10)
            with pytest.raises(JournalError, match="max_payload: 8MB"):
                link.request("INFO")
        finally:
            given_back(url)


def test_a_server_that_never_answered_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by each who asks: a hub that ends without one would be ended by force, and a worker's tick take seconds."""
    monkeypatch.setattr(nats_link, "_FIRST_S", 0.05)
    waits: list[str] = []

    async def wait() -> bool:
        waits.append("waited")
        return True

    link = Link(Url.parsed(f"nats://{HOST}:{free_port()}/nobody"))
    try:
        for number in range(3):
            with pytest.raises(JournalError, match="does not answer"):
                link.request("INFO")
            if number == 0:
                link._up.wait = wait  # type: ignore[method-assign,assignment]
        assert waits == []
    finally:
        link.close()


def test_it_ends_though_what_it_does_lets_a_word_to_end_pass() -> None:
    """As dialling does now and then in Python 3.11: a hub that stops while no server answers would wait for ever."""
    link = Link(Url.parsed(f"nats://{HOST}:{free_port()}/nobody"))
    heard: list[str] = []

    async def deaf() -> None:
        while len(heard) < 2:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                heard.append("end")

    asyncio.run_coroutine_threadsafe(deaf(), link._loop)
    ending = threading.Thread(target=link.close, daemon=True)
    ending.start()
    ending.join(30)
    assert not ending.is_alive()


def test_what_changes_nothing_is_asked_again_until_somebody_answers() -> None:
    """A stream that has just got a new leader: who asked before it had one would wait for 2 s, and get nothing."""
    url = Url.parsed(nats.fresh_url())
    link, asked = taken(url), list[bytes]()

    def late(question: bytes, answer: Callable[[bytes], None]) -> None:
        asked.append(question)
        if len(asked) > 1:
            answer(b'{"found": 7}')

    end = link.serve("$JS.API.TEST.LATE", late)
    try:
        assert link.found("TEST.LATE", {"of": "all"}) == {"found": 7}
        assert len(asked) > 1
        assert {*asked} == {b'{"of":"all"}'}
    finally:
        end()
        given_back(url)
