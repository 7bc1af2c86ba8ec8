"""Asking a broker for the runs announced there, where it does not answer as it should."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.ingest.heralds import announced
from hub.ingest.session import Settings
from servers.brokers import Broker
from servers.ports import free_port
from servers.publisher import Publisher, publish_packet

CONNACK, REFUSED = b"\x20\x02\x00\x00", b"\x20\x02\x00\x05"
NOTHING_GRANTED, ALL_GRANTED = b"\x90\x04\x00\x01\x80\x80", b"\x90\x04\x00\x01\x00\x00"
RUN = publish_packet("matinales/sim/cold-room-1", b"{}", 1, retain=True)


def settings(port: int, folder: Path) -> Settings:
    """Return whom to ask."""
    return Settings(url=f"mqtt://127.0.0.1:{port}", client_id="t", state=folder / "state.json")


@contextmanager
def playing(*answers: bytes) -> Iterator[int]:
    """Lend the port of a broker that gives one answer to each packet, and hangs up where there is none left."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def play() -> None:
            peer, _ = listener.accept()
            with peer:
                for each in answers:
                    peer.recv(4096)
                    peer.sendall(each)
                peer.recv(4096)

        player = threading.Thread(target=play)
        player.start()
        yield listener.getsockname()[1]
        player.join(30)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ((), []),
        ((REFUSED,), []),
        ((CONNACK, NOTHING_GRANTED), []),
        ((CONNACK, ALL_GRANTED + RUN), [("matinales/sim/cold-room-1", b"{}")]),
        ((CONNACK, b"\xff\xff\xff\xff\xff\xff"), []),
    ],
)
def test_a_broker_that_refuses_or_hangs_up_is_listened_to_as_it_is(
    tmp_path: Path, answers: tuple[bytes, ...], found: list[tuple[str, bytes]]
) -> None:
    """What came until then is taken."""
    with playing(*answers) as port:
        assert announced(settings(port, tmp_path), patience_s=60) == found


def test_a_broker_that_says_nothing_is_waited_for_no_longer_than_told(tmp_path: Path) -> None:
    """It accepts the connection, and that is all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert announced(settings(listener.getsockname()[1], tmp_path), patience_s=0.05) == []


def test_where_no_broker_is_nothing_is_announced(tmp_path: Path) -> None:
    """The session itself says what is wrong."""
    assert announced(settings(free_port(), tmp_path)) == []


def test_all_runs_that_a_broker_retains_are_found(broker: Broker, tmp_path: Path) -> None:
    """Beats and what devices left are not; a message that is not retained neither."""
    with Publisher(broker.port, "p") as publisher:
        for number in range(150):
            publisher.say(f"matinales/sim/herald-{number}", b"{}", retain=True)
        publisher.say("matinales/sim/herald-0/clock", b"1", retain=True)
        publisher.say_all(iter([("a", b"1")]))
        assert {topic for topic, _ in announced(settings(broker.port, tmp_path), patience_s=30)} >= {
            f"matinales/sim/herald-{number}" for number in range(150)
        }
        for number in range(150):
            publisher.say(f"matinales/sim/herald-{number}", b"", retain=True)
        publisher.say("matinales/sim/herald-0/clock", b"", retain=True)
        publisher.say_all(iter([("a", b"1")]))
    assert announced(settings(broker.port, tmp_path), patience_s=30) == []
