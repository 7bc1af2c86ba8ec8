"""How a run is named and says what it plays."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims import announce

Y2K = datetime(2000, 1, 1)  # noqa: DTZ001 — hypothesis adds the zone
PARIS = ZoneInfo("Europe/Paris")


@given(word=st.integers(0, 2**40), wall=st.datetimes(min_value=Y2K, timezones=st.just(UTC)))
def test_a_runs_id_holds_small_letters_digits_and_dashes(word: int, wall: datetime) -> None:
    """`<scenario>-<UTC start>-<4 hex>`."""
    run = announce.run_id("cold_room", wall, word)
    assert re.fullmatch(r"cold-room-\d{8}t\d{6}z-[0-9a-f]{4}", run)
    assert announce.is_run(run)


@pytest.mark.parametrize(
    ("wall", "start"),
    [
        pytest.param("2026-11-24T09:00:00+01:00", "2026-11-24T08:30:00+01:00", id="today, half past eight has passed"),
        pytest.param("2026-11-24T08:30:00+01:00", "2026-11-24T08:30:00+01:00", id="this very moment"),
        pytest.param("2026-11-24T08:29:59+01:00", "2026-11-23T08:30:00+01:00", id="yesterday, it has not passed"),
        pytest.param("2026-03-01T07:00:00+01:00", "2026-02-28T08:30:00+01:00", id="over a month's end"),
        pytest.param("2026-03-29T12:00:00+02:00", "2026-03-29T08:30:00+02:00", id="the day summer time begins"),
        pytest.param("2026-10-26T02:00:00+01:00", "2026-10-25T08:30:00+01:00", id="the day it has ended"),
    ],
)
def test_a_run_starts_at_the_last_half_past_eight(wall: str, start: str) -> None:
    """08:30 in the configured zone, on the last day that has passed it."""
    found = announce.start_of("08:30", PARIS, datetime.fromisoformat(wall))
    assert found == datetime.fromisoformat(start)


def test_a_beat_gives_wall_simulated_and_speed() -> None:
    """QoS 0 on `matinales/sim/<run>/clock`."""
    wall, simulated = datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
    topic, payload = announce.beat("run-1", wall=wall, simulated=simulated, speed=60.0)
    assert topic == "matinales/sim/run-1/clock"
    assert msgspec.json.decode(payload) == {
        "wall": "2026-11-24T09:00:00.000000Z",
        "simulated": "2026-11-24T07:30:00.000000Z",
        "speed": 60.0,
    }
