"""What store.db keeps of the readings that InfluxDB has whole."""

from msgspec.structs import replace

from hub.model import NS, REAL, Quality, Reading, TimeSource
from hub.store.thinner import Thinner

FIRST = Reading("acme:a", "t", "°C", 1.0, 100 * NS, 100 * NS, TimeSource.ARRIVAL, Quality.GOOD, REAL, 1)


def _at(*tenths: int, **changed: object) -> list[Reading]:
    return [replace(FIRST, time=100 * NS + tenth * NS // 10, **changed) for tenth in tenths]


def test_of_those_of_one_second_the_first_is_kept() -> None:
    """Ten a second become one a second, by the time of measurement."""
    thinner = Thinner()
    assert thinner.thinned(_at(0, 1, 9, 10, 15, 25)) == _at(0, 10, 25)
    assert thinner.thinned(_at(30, 35)) == _at(35)


def test_a_device_that_speaks_once_a_second_keeps_all() -> None:
    """Nothing is thinned where nothing is thick."""
    assert Thinner().thinned(_at(0, 10, 20, 30)) == _at(0, 10, 20, 30)


def test_each_curve_counts_for_itself() -> None:
    """Another channel, device or run of the same moment is another curve."""
    readings = [FIRST, replace(FIRST, channel="h"), replace(FIRST, device="acme:b"), replace(FIRST, run="r-1")]
    assert Thinner().thinned(readings) == readings


def test_what_was_measured_before_is_kept() -> None:
    """A late or imported reading lies elsewhere on the curve."""
    assert Thinner().thinned(_at(10, 2)) == _at(10, 2)


def test_a_fault_is_kept_whenever_it_comes() -> None:
    """Bad and uncertain readings are rare, and what people look for."""
    assert Thinner().thinned(_at(0) + _at(1, quality=Quality.BAD)) == _at(0) + _at(1, quality=Quality.BAD)


def test_after_a_commit_that_failed_all_begins_anew() -> None:
    """What passed was not kept: it must pass again."""
    thinner = Thinner()
    thinner.thinned([FIRST])
    thinner.forget()
    assert thinner.thinned([FIRST]) == [FIRST]
