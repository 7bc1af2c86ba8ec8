"""What InfluxDB has not confirmed yet, and what it will never take: two tables of store.db.

Lines are put in by the transaction that stores the readings, and go with the confirmation. Killed between the two,
they are sent again, which changes nothing (hub/store/lines.py). Writing methods run inside `StoreFile.transaction()`;
reading ones also work on a connection lent by `StoreFile.reader()`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import apsw
import zstandard
from msgspec import Struct

BATCH = 5_000
"""Lines a request (reliability.md §2.7), so lines a row at most."""
MAX_REFUSED = 10_000
"""Refused lines kept; the oldest go, and stay counted."""
SENT = "influx"
"""Name of the cursor: the journal position up to which InfluxDB has everything."""
_TRIED_AT_ONCE = 500


class Refused(Struct, frozen=True, kw_only=True):
    """A line that InfluxDB will never take.

    Attributes:
        reason: in its words.
        at: when it said so [ns].
        position: in the journal, at or before the message.
    """

    bucket: str
    line: str
    reason: str
    at: int
    position: int


class Batch(Struct, frozen=True):
    """Lines for one request, all for the same bucket."""

    ids: Sequence[int]
    simulated: bool
    lines: Sequence[bytes]
    position: int


class Backlog(Struct, frozen=True):
    """How far InfluxDB is behind.

    Attributes:
        lines: that wait.
        size: bytes they take on disk.
        since: when the oldest was put in [ns]; None: nothing waits.
        position: journal position up to which InfluxDB has everything; None: everything there is.
    """

    lines: int = 0
    size: int = 0
    since: int | None = None
    position: int | None = None


class Outbox:
    """Typed access to the two tables."""

    def __init__(self, db: apsw.Connection) -> None:
        """Work on `StoreFile.db`, or on a reader's connection for reading only."""
        self._db = db

    def put(self, said: Mapping[bool, Sequence[bytes]], *, first: int, at: int) -> None:
        """Keep the lines of a step until InfluxDB has them.

        Args:
            said: simulated or not → lines.
            first: journal position of the step's first message.
            at: wall clock [ns].
        """
        pack = zstandard.ZstdCompressor(level=1, write_checksum=True).compress
        for simulated, lines in said.items():
            for start in range(0, len(lines), BATCH):
                some = lines[start : start + BATCH]
                data = pack(b"\n".join(some))
                self._db.execute(
                    "INSERT INTO outbox(simulated, first, at, lines, size, data) VALUES(?,?,?,?,?,?)",
                    (simulated, first, at, len(some), len(data), data),
                )

    def batch(self, most: int = BATCH) -> Batch | None:
        """Return the oldest lines, with what waits behind them for the same bucket, at least one row; None: none."""
        oldest = self._db.execute("SELECT simulated, first FROM outbox ORDER BY id LIMIT 1").fetchone()
        if oldest is None:
            return None
        simulated, first = oldest
        rows = self._db.execute(
            "SELECT id, lines, data FROM outbox WHERE simulated = ? ORDER BY id LIMIT ?", (simulated, _TRIED_AT_ONCE)
        )
        ids: list[int] = []
        lines: list[bytes] = []
        unpack = zstandard.ZstdDecompressor().decompress
        for number, count, data in rows:
            if ids and len(lines) + count > most:
                break
            ids.append(number)
            lines += unpack(data).split(b"\n")
        return Batch(ids, bool(simulated), lines, first)

    def done(self, ids: Iterable[int], *, everything: int) -> None:
        """Let go what was confirmed, and move the cursor; `everything`: where it stands once nothing waits."""
        self._db.executemany("DELETE FROM outbox WHERE id = ?", [(number,) for number in ids])
        position = self.backlog().position
        self._db.execute(
            "INSERT OR REPLACE INTO cursor VALUES(?,?)", (SENT, everything if position is None else position)
        )

    def drop_oldest(self, size: int) -> int:
        """Let the oldest go unconfirmed until at least `size` bytes are gone; return how many lines went."""
        gone, ids, lines = 0, [], 0
        for number, count, length in self._db.execute("SELECT id, lines, size FROM outbox ORDER BY id"):
            if gone >= size:
                break
            ids.append((number,))
            gone, lines = gone + length, lines + count
        self._db.executemany("DELETE FROM outbox WHERE id = ?", ids)
        return lines

    def backlog(self) -> Backlog:
        """Return what waits."""
        rows: list[Any] = self._db.execute("SELECT sum(lines), sum(size), min(at), min(first) FROM outbox").fetchall()
        lines, size, since, first = rows[0]
        return Backlog() if first is None else Backlog(lines, size, since, first - 1)

    # what was refused

    def refuse(self, refused: Iterable[Refused]) -> None:
        """Keep what InfluxDB refused; the same line again is one."""
        rows = [(each.bucket, each.line, each.reason, each.at, each.position) for each in refused]
        if not rows:
            return
        self._db.executemany(
            "INSERT INTO refused(bucket, line, reason, at, position) VALUES(?,?,?,?,?)"
            " ON CONFLICT(bucket, line) DO UPDATE SET reason = excluded.reason, at = excluded.at",
            rows,
        )
        self._db.execute("DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?", (MAX_REFUSED,))

    def refused(self, limit: int) -> list[Refused]:
        """Return what was refused last, newest first."""
        rows = self._db.execute(
            "SELECT bucket, line, reason, at, position FROM refused ORDER BY at DESC, id DESC LIMIT ?", (limit,)
        )
        return [
            Refused(bucket=bucket, line=line, reason=reason, at=at, position=position)
            for bucket, line, reason, at, position in rows
        ]

    def refused_count(self) -> int:
        """Return how many lines were ever refused."""
        count: int = self._db.execute("SELECT coalesce(max(id), 0) FROM refused").get
        return count
