"""The bench's own publisher (hub/bench/_publisher.py)."""

from hub.bench._publisher import connect_packet

LONGEST_BENCH_S = 2 * 3600


def test_a_connection_may_be_silent_for_as_long_as_a_bench_lasts() -> None:
    """At a low rate one of four says everything; a broker hangs up on the others after their keep-alive."""
    keep_alive = connect_packet("load-3")[10:12]
    assert int.from_bytes(keep_alive, "big") > LONGEST_BENCH_S
