"""The checker of the ledger: what devices sent and saw confirmed, against journal and store (reliability.md §3.1).

Pure: books in, verdicts out. Who fills the books is `hub.bench._devices`, `_wire` and `_books`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

Key = tuple[str, int, int]
"""Device, boot id and sequence: what tells every message from every other."""


class Sent(Struct):
    """One line of a device's book.

    Attributes:
        key: device, boot id, sequence.
        value: what it measured.
        time: when [ns].
        states_time: whether the message says so; else its time is that of its arrival.
        confirmed: when the broker's PUBACK came [ns]; None: it never did.
    """

    key: Key
    value: float
    time: int
    states_time: bool = True
    confirmed: int | None = None


class Written(Struct, frozen=True):
    """One record of the journal: whose message, and when it arrived [ns]."""

    key: Key
    received: int


class Stored(Struct, frozen=True):
    """One message in the store; a value of None: not all of its readings are there."""

    key: Key
    value: float | None
    time: int


class Verdict(Struct, frozen=True):
    """What became of the messages that somebody was told are safe.

    Attributes:
        acked: how many those are.
        stored: how many of them the store holds.
        lost: not in the journal, or not in the store.
        dup: more than once in the store.
        ghost: in journal or store, and never sent.
        mismatch: stored with another value, or at another time.
    """

    acked: int
    stored: int
    lost: list[Key]
    dup: list[Key]
    ghost: list[Key]
    mismatch: list[Key]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.dup or self.ghost or self.mismatch)

    def counts(self) -> dict[str, int]:
        """Return the six figures by name."""
        wrong = {name: len(getattr(self, name)) for name in ("lost", "dup", "ghost", "mismatch")}
        return {"acked": self.acked, "stored": self.stored, **wrong}


def judge(
    acked: Collection[Key], sent: Mapping[Key, Sent], written: Iterable[Written], stored: Iterable[Stored]
) -> Verdict:
    """Hold what was acknowledged against what is there, once the hub has drained.

    Args:
        acked: the messages that somebody was told are safe.
        sent: every device's book.
        written: the journal, repeats included.
        stored: the store.
    """
    arrivals: dict[Key, set[int]] = {}
    for record in written:
        arrivals.setdefault(record.key, set()).add(record.received)
    rows = list(stored)
    times = Counter(row.key for row in rows)
    claimed = set(acked)
    return Verdict(
        acked=len(claimed),
        stored=len(claimed & times.keys()),
        lost=sorted(key for key in claimed if key not in arrivals or key not in times),
        dup=sorted(key for key, many in times.items() if many > 1),
        ghost=sorted((arrivals.keys() | times.keys()) - sent.keys()),
        mismatch=sorted({row.key for row in rows if row.key in sent and not _true(row, sent[row.key], arrivals)}),
    )


def _true(row: Stored, sent: Sent, arrivals: Mapping[Key, set[int]]) -> bool:
    """Tell whether a stored message is the one sent: its own time, or that of an arrival where that is allowed."""
    at = {sent.time} if sent.states_time else arrivals.get(sent.key, set())
    return row.value == sent.value and row.time in at
