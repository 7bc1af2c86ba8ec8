"""What InfluxDB is to do beside taking lines: two tables of store.db, so that no outage and no kill loses it.

Devices that a person forgot are to be erased there too, and hours whose five-minute values its own task missed are to
be computed again. Writing methods run inside `StoreFile.transaction()`; reading ones also work on a connection lent by
`StoreFile.reader()`.
"""

from collections.abc import Iterable

import apsw
from msgspec import Struct

_HEARD = "influx_heard"
"""Setting: when InfluxDB last took lines, wall clock [ns]."""


class Erasure(Struct, frozen=True):
    """A device whose points are to go.

    Attributes:
        device: uid.
        at: when a person asked [ns].
        refused: why InfluxDB will not, in its words; None: not answered yet.
    """

    device: str
    at: int
    refused: str | None = None


class Errands:
    """Typed access to the two tables."""

    def __init__(self, db: apsw.Connection) -> None:
        """Work on `StoreFile.db`, or on a reader's connection for reading only."""
        self._db = db

    # devices to be erased

    def erase(self, uids: Iterable[str], at: int) -> None:
        """Keep the wish that devices be erased; asked again, it is asked for anew."""
        self._db.executemany("INSERT OR REPLACE INTO erasure VALUES(?,?,NULL)", [(uid, at) for uid in uids])

    def erased(self, device: str) -> None:
        """Let a wish go: it is done."""
        self._db.execute("DELETE FROM erasure WHERE device = ?", (device,))

    def refused(self, device: str, reason: str) -> None:
        """Keep why a wish will not be done; it is not tried again."""
        self._db.execute("UPDATE erasure SET refused = ? WHERE device = ?", (reason, device))

    def erasures(self) -> list[Erasure]:
        """Return what is to be erased, the oldest wish first."""
        return [
            Erasure(*row) for row in self._db.execute("SELECT device, at, refused FROM erasure ORDER BY at, device")
        ]

    # hours to be computed

    def again(self, hours: Iterable[int]) -> None:
        """Note hours (counted since 1970) whose five-minute values are to be computed again."""
        self._db.executemany("INSERT OR IGNORE INTO coarse VALUES(?)", [(hour,) for hour in hours])

    def computed(self, hour: int) -> None:
        """Let an hour go: it is done."""
        self._db.execute("DELETE FROM coarse WHERE hour = ?", (hour,))

    def hours(self) -> list[int]:
        """Return the hours to be computed, the newest first: it is looked at most."""
        return [hour for (hour,) in self._db.execute("SELECT hour FROM coarse ORDER BY hour DESC")]

    # when InfluxDB was last there

    def took(self, at: int) -> None:
        """Note that InfluxDB took lines."""
        self._db.execute("INSERT OR REPLACE INTO setting VALUES(?,?)", (_HEARD, str(at)))

    def last_took(self) -> int | None:
        """Return when it last did [ns]; None: never."""
        row = self._db.execute("SELECT value FROM setting WHERE name = ?", (_HEARD,)).fetchone()
        return None if row is None else int(row[0])
