"""What store.db keeps where InfluxDB is the store: enough for charts while that is away, not every reading twice."""

from collections.abc import Iterable

from hub.model import NS, Quality, Reading

EVERY = NS
"""Shortest time between two readings of a curve that are both kept [ns]."""


class Thinner:
    """Lets pass at most one good reading a second and curve; a device that speaks less often keeps all."""

    def __init__(self) -> None:
        """Know nothing yet: the first of each curve passes."""
        self._newest: dict[tuple[str, str], dict[str, int]] = {}

    def forget(self) -> None:
        """Begin anew: what passed may not have been kept."""
        self._newest.clear()

    def thinned(self, readings: Iterable[Reading]) -> list[Reading]:
        """Return those that pass, in their order."""
        passed, good = [], Quality.GOOD
        newest, device, run = dict[str, int](), None, None
        for each in readings:
            if each.device is not device or each.run is not run:  # those of a message follow each other
                device, run = each.device, each.run
                newest = self._newest.setdefault((device, run), {})
            since = each.time - newest.get(each.channel, -EVERY)
            if 0 <= since < EVERY and each.quality is good:
                continue
            newest[each.channel] = each.time
            passed.append(each)
        return passed
