"""What is known of a device by its family alone, as the drivers describe it."""

from collections.abc import Iterable

from hub.driver import Channel, Driver, base_name


class Families:
    """Asks the drivers of a device's family; a device is named by its uid, `family:name`."""

    def __init__(self, drivers: Iterable[Driver]) -> None:
        """Know the drivers."""
        self._drivers = tuple(drivers)

    def is_health(self, uid: str, channel: str) -> bool:
        """Tell whether a channel says how its device is, not what it measures."""
        known = self._declared(uid, channel)
        return known is not None and known.health

    def is_flag(self, uid: str, channel: str) -> bool:
        """Tell whether a channel is yes or no."""
        known = self._declared(uid, channel)
        return known is not None and known.unit is None and (known.low, known.high) == (0, 1)

    def pace_by(self, uid: str) -> str | None:
        """Return how a device of this family is made to report more often."""
        family = uid.partition(":")[0]
        mine = [driver for driver in self._drivers if driver.family == family]
        if any(driver.period is not None for driver in mine):
            return "set"
        return "poll" if any(driver.ask is not None for driver in mine) else None

    def reach(self, uid: str, channel: str) -> tuple[float, float] | None:
        """Return what a channel may be set to, where its family's description alone tells."""
        family = uid.partition(":")[0]
        for driver in self._drivers:
            base = base_name(channel, driver.commands) if driver.family == family else None
            if base is not None:
                return next((each.low, each.high) for each in driver.channels if each.name == base)
        return None

    def _declared(self, uid: str, channel: str) -> Channel | None:
        """Return a channel as the first driver of its family that knows its name describes it; None: none does."""
        family = uid.partition(":")[0]
        for driver in self._drivers:
            if driver.family == family:
                base = base_name(channel, [each.name for each in driver.channels])
                if base is not None:
                    return next(each for each in driver.channels if each.name == base)
        return None
