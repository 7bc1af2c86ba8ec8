"""From a serial port's bytes to lines: whole ones only, none too long, never more than the hub can take.

Pure: bytes and times go in, lines come out (reliability.md §2.9, §2.13).
"""

from msgspec import Struct

LONGEST = 4096
"""A longer line is no measure: it is dropped up to its end, and counted."""
QUIET_S = 0.1
"""What comes after this much silence begins a line; at once after the opening, we may be in the middle of one."""
BURST = 10_000
"""Lines taken at once; beyond, the newest are dropped and counted."""
RATE = 1_000
"""Lines a second that a port may send for ever."""
_ENDS = bytes.maketrans(b"\r", b"\n")


class Lost(Struct):
    """What a port sent and nobody got.

    Attributes:
        half: lines cut by an opening or an unplugging: half a number is another number.
        long: lines over `LONGEST`.
        flood: lines over the rate, or more than the journal could take.
    """

    half: int = 0
    long: int = 0
    flood: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.half + self.long + self.flood


class Framer:
    """Cuts one opening's bytes into lines; ends of line are LF, CR or both."""

    def __init__(self, opened: float, lost: Lost) -> None:
        """Begin at the moment of the opening [s]; `lost` is counted on."""
        self._opened = opened
        self._lost = lost
        self._rest = b""
        self._synced = False
        self._skipping = False
        self._heard = False

    def feed(self, data: bytes, now: float) -> list[bytes]:
        """Return the lines that these bytes, read at `now` [s], complete; without their ends, empty ones left out."""
        if not data:
            return []
        if not self._heard:
            self._heard, self._synced = True, now - self._opened >= QUIET_S
        *whole, rest = (self._rest + data.translate(_ENDS)).split(b"\n")
        if not self._synced and (whole or len(rest) > LONGEST):
            self._drop_first(whole)
        if self._skipping and whole:
            self._skipping = False
            whole.pop(0)
        self._rest = b"" if self._skipping else rest
        if len(self._rest) > LONGEST:
            self._lost.long += 1
            self._rest, self._skipping = b"", True
        kept = [line for line in whole if 0 < len(line) <= LONGEST]
        self._lost.long += sum(len(line) > LONGEST for line in whole)
        return kept

    def end(self) -> None:
        """Count the half line that an unplugging leaves."""
        self._lost.half += bool(self._rest) or self._skipping
        self._rest, self._skipping = b"", False

    def _drop_first(self, whole: list[bytes]) -> None:
        """Drop what was cut by the opening."""
        self._synced = True
        if whole:
            self._lost.half += bool(whole.pop(0))


class Allowance:
    """How many lines may pass: `BURST` at once, `RATE` a second for ever."""

    def __init__(self, now: float) -> None:
        """Start with all of the burst."""
        self._left = float(BURST)
        self._at = now

    def take(self, wanted: int, now: float) -> int:
        """Return how many of the lines wanted at `now` [s] may pass: the oldest of them."""
        self._left = min(self._left + max(now - self._at, 0.0) * RATE, float(BURST))
        self._at = now
        granted = min(wanted, int(self._left))
        self._left -= granted
        return granted
