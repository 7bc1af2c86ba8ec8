"""The bench's own crowd of devices, before a real broker."""

from hub.bench._publisher import Pace, load
from servers.brokers import running


def test_a_slow_crowd_speaks_on_every_connection() -> None:
    """One that never spoke was dropped after its keep-alive, and every bench of more than 90 s with it."""
    with running() as broker:
        figures = load(broker.port, Pace(100), seconds=0.3, devices=8, connections=4)
    assert figures["confirmed"] == figures["sent"] > 8
    assert figures["quietest"] > 0
