"""The virtual clock of a run: simulated seconds that follow the wall at a speed.

Pure: the wall's monotonic time is an argument, so tests decide how fast it goes.
"""

from device_sims.errors import SimulationError

MOST_WALL_STEP_S = 2.0
"""A step counts at most this much wall time: a closed lid, a debugger or a swapped-out process floods nothing."""
MOST_LIVE_SPEED = 60.0
"""Over a broker; above, messages go through the hub's import door."""
MOST_SPEED = 3600.0


class VirtualClock:
    """Simulated time [s since the run's start] as a function of the wall's monotonic time [s]."""

    def __init__(self, wall_s: float, *, time_s: float = 0.0, speed: float = 1.0) -> None:
        """Start at `time_s` when the wall shows `wall_s`."""
        self.time_s = time_s
        self.speed = checked_speed(speed)
        self._wall_s = wall_s

    def advance(self, wall_s: float) -> float:
        """Return the simulated time at a wall time; a step longer than two seconds counts as two."""
        elapsed = min(max(wall_s - self._wall_s, 0.0), MOST_WALL_STEP_S)
        self._wall_s = max(wall_s, self._wall_s)
        self.time_s += elapsed * self.speed
        return self.time_s

    def set_speed(self, speed: float, wall_s: float) -> None:
        """Change the speed from now on; simulated time goes on from where it is.

        Raises:
            SimulationError: not between 0 and 3600.
        """
        speed = checked_speed(speed)
        self.advance(wall_s)
        self.speed = speed

    def wall_until(self, time_s: float) -> float:
        """Return how many wall seconds remain until a simulated time; infinity when paused."""
        return float("inf") if self.speed == 0 else max(time_s - self.time_s, 0.0) / self.speed


def checked_speed(speed: float) -> float:
    """Return the speed.

    Raises:
        SimulationError: not a number between 0 (paused) and 3600.
    """
    if not 0 <= speed <= MOST_SPEED:
        msg = f"speed is {speed}: it lies between 0 (paused) and {MOST_SPEED:.0f}; ×1, ×10 and ×60 are usual"
        fr = f"la vitesse est {speed} : entre 0 (en pause) et {MOST_SPEED:.0f} ; ×1, ×10 et ×60 sont habituelles"
        raise SimulationError(msg, fr)
    return float(speed)


def stretched_s(period_s: float, speed: float, most_per_wall_s: float) -> float:
    """Return the period [simulated s] that keeps a device below a number of messages per wall second."""
    return max(period_s, speed / most_per_wall_s)
