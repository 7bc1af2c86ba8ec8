"""What counts as growth of a message's cost."""

from pathlib import Path

import pytest

from hub.bench.growth import Cost, growth, measure, touched


def cost(hub: float, ingest: float) -> Cost:
    """Return what a message cost [µs]."""
    return Cost(hub=hub, ingest=ingest, start=1.0)


def test_growth_is_the_largest_against_the_smallest() -> None:
    """Of both processes together; what lies between is noise where it is dearer."""
    assert growth([cost(30, 10), cost(20, 10), cost(45, 15)]) == pytest.approx(1.5)
    assert growth([cost(30, 10)]) == pytest.approx(1.0)


def test_what_a_machine_asks_for_more_devices_is_told_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quickest of several passes: others' work on the machine only adds."""
    seconds = iter([0.0, 9.0, 9.0, 9.5, *[20.0, 29.0] * 3])
    monkeypatch.setattr("hub.bench.growth.time.thread_time", lambda: next(seconds))
    assert touched(3, messages=10) == pytest.approx(0.5 / 10 * 1e6)


@pytest.mark.long
def test_a_message_costs_as_much_with_a_full_store(tmp_path: Path) -> None:
    """A real hub; a chart of each series."""
    found = measure(messages=5_000, devices_most=100, points_most=1_000_000, charts=str(tmp_path))
    assert found["points_growth"] < 2.0
    assert {each.name for each in tmp_path.iterdir()} == {"growth-devices.svg", "growth-points.svg"}
