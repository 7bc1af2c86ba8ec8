"""`matinales bench journal`: what a journalled message costs, wherever the journal lies."""

import pytest

from hub.bench.journal import measure
from servers import nats


@pytest.mark.parametrize("elsewhere", [False, True], ids=["sqlite", "jetstream"])
def test_every_message_is_journalled_and_read_and_each_stage_has_its_price(*, elsewhere: bool) -> None:
    """The same figures for both."""
    figures = measure(messages=120, group=50, journal=nats.fresh_url() if elsewhere else "")
    assert all(value > 0 for value in figures.values())
    assert figures["commit_slowest_ms"] >= figures["commit_ms"]
    assert figures["append_us"] == pytest.approx(1e6 / figures["per_second"])
