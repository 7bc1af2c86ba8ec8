"""An ordinary stop leaves nothing behind; how long it takes is the bench's to say."""

import pytest

from hub.bench import stop


@pytest.mark.long
@pytest.mark.timeout(300)
def test_fifteen_stops_lose_nothing_leave_nobody_and_tell_every_page() -> None:
    """Five of `demo`, five of `demo --lan`, five of `run`, while devices speak and pages watch."""
    found = stop.measure(rounds=5)
    assert {name: found[name] for name in ("left_behind", "not_told", "acknowledged_lost")} == {
        "left_behind": 0,
        "not_told": 0,
        "acknowledged_lost": 0,
    }
