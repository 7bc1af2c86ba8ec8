"""Memory that was freed goes back to the system: glibc keeps what lies between other blocks until it is told."""

import ctypes
import sys
from collections.abc import Callable

Trim = Callable[[int], object]


def trimmer(platform: str = sys.platform) -> Trim | None:
    """Return glibc's `malloc_trim`; None where there is none: musl, macOS and Windows give back by themselves."""
    if platform != "linux":
        return None
    found: Trim | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found


class GivingBack:
    """Tells it once much was done and nothing waits: it takes some milliseconds."""

    def __init__(self, after: int, trim: Trim | None = None) -> None:
        """Know when.

        Args:
            after: how many records were taken since the last time.
            trim: the system's own unless told.
        """
        self._after = after
        self._trim = trimmer() if trim is None else trim
        self._taken = 0

    def took(self, records: int, *, more: bool) -> None:
        """Count records; `more`: others wait, and memory is needed again at once."""
        self._taken += records
        if more or self._taken < self._after:
            return
        self._taken = 0
        if self._trim is not None:
            self._trim(0)
