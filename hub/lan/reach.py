"""Whether any other machine of the room ever asked for the page: many a venue's Wi-Fi keeps its guests apart.

What happens between a phone and the network, the hub cannot see. It knows who came, and for how long it has been
inviting in vain.
"""

from collections.abc import Callable, Collection

SILENT_S = 120.0
"""In a room that sees the code, somebody has scanned it by then."""


class Reach:
    """What is known of one network."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Nobody came yet.

        Args:
            monotonic: clock [s].
        """
        self._monotonic = monotonic
        self._own: Collection[str] = frozenset()
        self._invited: float | None = None
        self.is_reached = False

    def moved(self, own: Collection[str]) -> None:
        """Begin anew when the machine's own addresses have changed: it may be on another network."""
        if own != self._own:
            self._own, self.is_reached = own, False
            self._invited = None if self._invited is None else self._monotonic()

    def heard(self, remote: str | None) -> None:
        """Take notice of who asks; this machine itself does not count."""
        if remote is not None and remote not in self._own:
            self.is_reached = True

    def invite(self, *, shown: bool) -> None:
        """Take notice of whether the room sees how to join."""
        if not shown:
            self._invited = None
        elif self._invited is None:
            self._invited = self._monotonic()

    @property
    def is_vain(self) -> bool:
        """Whether the room has been invited for long and nobody ever came."""
        return not self.is_reached and self._invited is not None and self._monotonic() - self._invited >= SILENT_S
