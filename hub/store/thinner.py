"""What store.db keeps where InfluxDB is the store: enough for charts while that is away, not every reading twice."""

from collections.abc import Iterable

from hub.model import NS, Quality, Reading

EVERY = NS
"""Shortest time between two readings of a curve that are both kept [ns]."""


class Thinner:
    """Lets pass at most one good reading a second and curve; a device that speaks less often keeps all."""

    def __init__(self) -> None:
        """Know nothing yet: the first of each curve passes."""
        self._newest: dict[tuple[str, str, str], int] = {}

    def forget(self) -> None:
        """Begin anew: what passed may not have been kept."""
        self._newest.clear()

    def thinned(self, readings: Iterable[Reading]) -> list[Reading]:
        """Return those that pass, in their order."""
        newest = self._newest
        passed = []
        for each in readings:
            key = (each.device, each.channel, each.run)
            time = newest.get(key, -EVERY)
            if 0 <= each.time - time < EVERY and each.quality is Quality.GOOD:
                continue
            newest[key] = each.time
            passed.append(each)
        return passed
