"""The bench's own crowd of devices (hub/bench/_publisher.py), before a real broker."""

import socket
import threading

import pytest

from hub.bench._publisher import Pace, Publisher, connect_packet, load
from servers.brokers import running

LONGEST_BENCH_S = 2 * 3600


def test_a_connection_may_be_silent_for_as_long_as_a_bench_lasts() -> None:
    """At a low rate one of four says everything; a broker hangs up on the others after their keep-alive."""
    keep_alive = connect_packet("load-3")[10:12]
    assert int.from_bytes(keep_alive, "big") > LONGEST_BENCH_S


def test_a_slow_crowd_speaks_on_every_connection() -> None:
    """One that never spoke was dropped after its keep-alive, and every bench of more than 90 s with it."""
    with running() as broker:
        figures = load(broker.port, Pace(100), seconds=0.3, devices=8, connections=4)
    assert figures["confirmed"] == figures["sent"] > 8
    assert figures["quietest"] > 0


def test_a_publisher_whose_broker_dies_at_the_door_leaves_nothing_open() -> None:
    """Who tries again until a broker is back opens many."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        publisher = Publisher(door.getsockname()[1], "early")

        def die() -> None:
            door.accept()[0].close()  # with CONNECT unread: a reset

        dying = threading.Thread(target=die)
        dying.start()
        with pytest.raises(OSError), publisher:  # noqa: PT011 — reset or closed, as the system has it
            pass
        dying.join()
    assert publisher.socket.fileno() == -1
