"""A clock that a test turns."""


class Clock:
    """Time [s] that stands until a test moves `now`; what a limiter or a watch takes as its `monotonic`."""

    def __init__(self, now: float = 0.0) -> None:
        """Begin at `now` [s]."""
        self.now = now

    def __call__(self) -> float:
        """Return the time [s]."""
        return self.now
