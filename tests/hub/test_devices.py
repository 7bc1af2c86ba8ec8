"""Which uid a name means, and whose clock is believed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hub.devices import Clock, Identities, real_time, run_time, utc
from hub.model import NS, TimeSource

NOW = int(datetime(2026, 11, 24, 9, tzinfo=UTC).timestamp()) * NS
SECOND, HOUR = NS, 3600 * NS


def test_the_first_name_is_the_uid_for_ever() -> None:
    """A device heard under its prefix keeps that uid when its vendor id becomes known."""
    names = Identities()
    assert names.identify("shelly:cellar", ()) == ("shelly:cellar", ["shelly:cellar"])
    uid, news = names.identify("shelly:shellyplus1pm-aabbcc", ("shelly:cellar",))
    assert uid == "shelly:cellar"
    assert news == ["shelly:shellyplus1pm-aabbcc"]
    assert names.resolve("shelly:shellyplus1pm-aabbcc") == "shelly:cellar"


def test_a_name_that_nobody_gave_means_itself() -> None:
    """Asking for a stranger is answered by its own name."""
    assert Identities().resolve("tasmota:kitchen") == "tasmota:kitchen"


def test_a_good_clock_is_believed_and_its_backlog_is_history() -> None:
    """Once trusted, old device times are kept: the minimum does not grow with a draining backlog."""
    clock = Clock()
    assert real_time(NOW - SECOND, NOW, clock, late=False) == (NOW - SECOND, TimeSource.DEVICE)
    assert real_time(NOW - 600 * SECOND, NOW, clock, late=True) == (NOW - 600 * SECOND, TimeSource.DEVICE)


def test_a_clock_an_hour_off_is_replaced_by_arrival() -> None:
    """Ahead or behind, the value is kept with the time it arrived."""
    assert real_time(NOW - HOUR, NOW, Clock(), late=False) == (NOW, TimeSource.ARRIVAL)
    assert real_time(NOW + HOUR, NOW, Clock(), late=False) == (NOW, TimeSource.ARRIVAL)


def test_a_corrected_clock_is_believed_again() -> None:
    """The smallest skew is remembered for 10 to 20 minutes, not for ever."""
    clock = Clock()
    real_time(NOW + HOUR, NOW, clock, late=False)
    later = NOW + HOUR
    assert real_time(later, later, clock, late=False) == (later, TimeSource.DEVICE)


def test_a_message_without_time_that_drains_late_is_marked() -> None:
    """Its arrival says nothing of its measurement."""
    assert real_time(None, NOW, Clock(), late=True) == (NOW, TimeSource.LATE)
    assert real_time(None, NOW, Clock(), late=False) == (NOW, TimeSource.ARRIVAL)


def test_a_run_believes_its_own_devices_unless_their_clock_is_broken() -> None:
    """A simulated clock set to 1970 is a fault, not a time."""
    assert run_time(NOW - 30 * SECOND, NOW, imported=False) == (NOW - 30 * SECOND, TimeSource.DEVICE)
    assert run_time(0, NOW, imported=False) == (NOW, TimeSource.ARRIVAL)
    assert run_time(NOW - 9 * HOUR, NOW, imported=True) == (NOW - 9 * HOUR, TimeSource.DEVICE)


def test_local_time_is_read_in_the_configured_zone() -> None:
    """09:00 in Paris is 08:00Z in winter and 07:00Z in summer."""
    paris = ZoneInfo("Europe/Paris")
    assert utc(NOW, paris) == NOW - HOUR
    july = int(datetime(2026, 7, 1, 9, tzinfo=UTC).timestamp()) * NS
    assert utc(july, paris) == july - 2 * HOUR
