"""The bench's own crowd of devices (hub/bench/_publisher.py), before a real broker."""

from hub.bench._publisher import Pace, connect_packet, load
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
