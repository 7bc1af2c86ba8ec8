"""The journal contract: the durable, ordered log of messages. One append side, many readers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from hub.model import Message, Record

ERASED = "matinales/erased"
"""Topic of a record whose content was erased: the hub's own, so that no reader takes it for a device's."""
WINDOW = 2_000
"""Messages that a broker may deliver again after a resumed session; a larger in-flight window is not compared."""
LATELY = 200_000
"""Messages searched for what a killed broker delivers again from its last snapshot: 100 s at 2,000 a second."""


class Opening(NamedTuple):
    """When the append side began to write.

    Attributes:
        id: of this opening; another one has another.
        position: of the last record then: what lies above is new since.
        born: tells the journal from one that was made anew in its place; empty: not known.
    """

    id: int
    position: int
    born: str = ""


class Journal(Protocol):
    """The append side; one per journal, owned by the ingest process."""

    @property
    def end(self) -> int:
        """Position of the last committed record; 0 when there is none."""

    def append(self, messages: Sequence[Message], *, epoch: int = 0, late: bool = False) -> int:
        """Commit the messages as one group and return the new end.

        When this returns, they survive a power cut. Repeats found by the resume rule are committed too, marked.

        Raises:
            JournalError: nothing was written; do not acknowledge.
        """

    def resumed(self, epoch: int, *, restarted: bool = False) -> None:
        """Say that connection `epoch` resumed a session: its first messages may repeat the tail (§2.8).

        `restarted`: of a broker that was started anew since, and delivers again what it had at its last snapshot.
        """

    def erase(self, positions: Sequence[int]) -> int:
        """Empty these records for ever, on disk too, and return how many there were; their positions stay.

        Raises:
            JournalError: it could not be written; what was done is done, and doing it again is safe.
        """

    def close(self) -> None:
        """Release the files."""


class Store(Journal, Protocol):
    """A journal that is kept within a budget of room.

    Attributes:
        epoch: number of the newest connection that wrote.
        lost: records found damaged since this journal was opened.
        written: bytes of all groups committed since then.
        faults: what was found or happened, in plain words, newest last.
        superseded: another ingest writes this journal now; this one never will again.
    """

    epoch: int
    lost: int
    written: int
    faults: list[str]
    superseded: bool

    @property
    def size(self) -> int:
        """Bytes that it takes."""

    @property
    def used(self) -> int:
        """Bytes that hold records."""

    @property
    def flow(self) -> Mapping[str, float]:
        """What is counted of the way to the servers, by the names of metrics.toml; empty: there is no way."""

    @property
    def oldest(self) -> int:
        """Arrival time of the oldest record kept [ns]; 0: there is none."""

    @property
    def newest(self) -> int:
        """Arrival time of the last record [ns]; 0: there is none."""

    def make_room(self, budget: int, *, below: int, before: int) -> int:
        """Drop the oldest groups while more than `budget` bytes are used, a bounded number a call; return records gone.

        Args:
            budget: bytes that may be used.
            below: only records before this position: what every reader has.
            before: only groups that arrived before this time [ns].

        Raises:
            JournalError: they cannot be deleted.
        """


class JournalReader(Protocol):
    """A reader; never writes, never blocks the append side."""

    @property
    def end(self) -> int:
        """Position of the last committed record as this reader sees it now."""

    @property
    def start(self) -> int:
        """Position of the oldest record still kept; `end + 1` when there is none."""

    @property
    def opening(self) -> Opening:
        """The newest opening of the append side."""

    def read(self, after: int, limit: int, *, end: int = 0) -> list[Record]:
        """Return up to about `limit` records with a position above `after`, in order; bounded work per call.

        Whole groups are read, so slightly more than `limit` may come. Empty at the end. `end`: a position that the
        append side says it has committed, so that who would have to ask for it need not; 0: not known.
        """

    def close(self) -> None:
        """Release the files."""
