"""People who open something for a while, by chance: taps, showers, blow-guns; on whole seconds, seeded."""

import math
import random
from dataclasses import replace

from device_sims.physics import water_leak as physics
from device_sims.physics.water_leak import Draw, Plumbing


class Draws:
    """Draws of a Poisson process, one list of lots: times, volumes and durations follow from the generator alone."""

    def __init__(self, plumbing: Plumbing, chance: random.Random) -> None:
        """Wait for `begin`, which draws the first one."""
        self.plumbing = plumbing
        self.running: tuple[Draw, ...] = ()
        self._chance = chance
        self._next_s = math.inf

    def begin(self, time_s: int, week_s: float) -> None:
        """Wait for the first draw after `time_s` [s of the run], at `week_s` seconds after Monday midnight."""
        pause_s = physics.until_draw_s(self.plumbing, week_s, self._chance.expovariate(1.0))
        self._next_s = math.inf if math.isinf(pause_s) else time_s + max(math.ceil(pause_s), 1)

    def look(self, time_s: int, week_s: float) -> None:
        """Begin the draw that is due now, and forget those that are over."""
        if self.running:
            self.running = tuple(each for each in self.running if each.end_s > time_s)
        while self._next_s <= time_s:
            normal, uniform = self._chance.gauss(0.0, 1.0), self._chance.random()
            drawn = physics.draw(self.plumbing, self._next_s, normal=normal, uniform=uniform)
            self.running += (replace(drawn, duration_s=float(max(round(drawn.duration_s), 1))),)
            self.begin(int(self._next_s), week_s)

    def until_change_s(self, time_s: int) -> float:
        """Return in how long one begins or ends [s]; infinity when none ever comes."""
        return min([self._next_s, *(each.end_s for each in self.running)]) - time_s

    def l_per_h(self, time_s: int) -> float:
        """Return the flow of those that run now [L/h]."""
        return physics.drawn_l_per_h(self.running, time_s) if self.running else 0.0
