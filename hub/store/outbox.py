"""What InfluxDB has not confirmed yet, and what it will never take: two tables of store.db.

Lines are put in by the transaction that stores the readings, and go with the confirmation. Killed between the two,
they are sent again, which changes nothing (hub/store/lines.py). Writing methods run inside `StoreFile.transaction()`;
reading ones also work on a connection lent by `StoreFile.reader()`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import apsw
import msgspec
import zstandard
from msgspec import Struct

BATCH = 5_000
"""Lines a request (reliability.md §2.7), so lines a row at most."""
MAX_REFUSED = 10_000
"""Refused lines kept; the oldest go, and stay counted."""
SENT = "influx"
"""Name of the cursor: the journal position up to which InfluxDB has everything."""
_TRIED_AT_ONCE = 500
_MOST_SHARES = 64
"""Partitions of a journal at most, so that a row's are the bits of one number."""
_PUT = "INSERT INTO outbox(simulated, first, at, lines, size, data, shares, lasts) VALUES(?,?,?,?,?,?,?,?)"
_LASTS = msgspec.json.Decoder(dict[int, int]).decode


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

    def put(
        self, said: Mapping[bool, Sequence[bytes]], *, first: int, at: int, shares: Mapping[int, int] | None = None
    ) -> None:
        """Keep the lines of a step until InfluxDB has them.

        Args:
            said: simulated or not → lines.
            first: journal position of the step's first message.
            at: wall clock [ns].
            shares: partition of the journal that they come from → position of the last message; None: nobody else
                sends them.
        """
        bits, lasts = (None, None) if shares is None else (_bits(shares), msgspec.json.encode(shares).decode())
        pack = zstandard.ZstdCompressor(level=1, write_checksum=True).compress
        for simulated, lines in said.items():
            for start in range(0, len(lines), BATCH):
                some = lines[start : start + BATCH]
                data = pack(b"\n".join(some))
                row = (simulated, first, at, len(some), len(data), data, bits, lasts)
                self._db.execute(_PUT, row)

    def forget(self, named: Callable[[bytes], bool]) -> None:
        """Take the lines that name a forgotten device out of what waits, and of what was refused."""
        pack = zstandard.ZstdCompressor(level=1, write_checksum=True).compress
        unpack = zstandard.ZstdDecompressor().decompress
        waiting: list[Any] = self._db.execute("SELECT id, data FROM outbox").fetchall()
        for number, data in waiting:
            lines = unpack(data).split(b"\n")
            left = [line for line in lines if not named(line)]
            if not left:
                self._db.execute("DELETE FROM outbox WHERE id = ?", (number,))
            elif len(left) < len(lines):
                again = pack(b"\n".join(left))
                row = (len(left), len(again), again, number)
                self._db.execute("UPDATE outbox SET lines = ?, size = ?, data = ? WHERE id = ?", row)
        refused: list[Any] = self._db.execute("SELECT id, line FROM refused").fetchall()
        for number, line in refused:
            if named(line.encode()):
                self._db.execute("DELETE FROM refused WHERE id = ?", (number,))

    def batch(self, most: int = BATCH, of: Collection[int] | None = None) -> Batch | None:
        """Return the oldest lines, with what waits behind them for the same bucket, at least one row; None: none.

        Args:
            most: lines.
            of: partitions whose lines are wanted, beside those of none; None: all. What waits in one row with them
                comes along: whoever else sends it too changes nothing by it.
        """
        shares = "" if of is None else f" AND (shares IS NULL OR shares & {_bits(of)})"
        oldest = self._db.execute(f"SELECT simulated, first FROM outbox WHERE 1{shares} ORDER BY id LIMIT 1").fetchone()  # noqa: S608 — numbers
        if oldest is None:
            return None
        simulated, first = oldest
        rows = self._db.execute(
            f"SELECT id, lines, data FROM outbox WHERE simulated = ?{shares} ORDER BY id LIMIT ?",  # noqa: S608 — numbers
            (simulated, _TRIED_AT_ONCE),
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

    def waiting(self) -> dict[int, int]:
        """Return partition → journal position from which on lines of it wait; those of which none wait are left out."""
        found: dict[int, int] = {}
        for bits, first in self._db.execute(
            "SELECT shares, min(first) FROM outbox WHERE shares IS NOT NULL GROUP BY shares"
        ):
            for share in (each for each in range(_MOST_SHARES) if bits >> each & 1):
                found[share] = min(first, found.get(share, first))
        return found

    def confirmed(self, until: Mapping[int, int]) -> list[int]:
        """Return which rows InfluxDB has from whoever sent them, where it has each partition up to a position."""
        rows: list[Any] = self._db.execute("SELECT id, lasts FROM outbox WHERE shares IS NOT NULL").fetchall()
        said = ((number, _LASTS(lasts)) for number, lasts in rows)
        return [number for number, of in said if all(last <= until.get(share, 0) for share, last in of.items())]

    def send_all(self) -> None:
        """Have everything that waits sent from here, whoever else may send it: twice changes nothing."""
        self._db.execute("UPDATE outbox SET shares = NULL, lasts = NULL")

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


def _bits(shares: Iterable[int]) -> int:
    """Return partitions as the bits of a number that SQLite keeps."""
    bits = sum(1 << each for each in shares)
    return bits - (1 << _MOST_SHARES) if bits >> (_MOST_SHARES - 1) else bits
