"""Where, when and with what luck a run begins: what every world of it has in common."""

from datetime import datetime, tzinfo
from typing import NamedTuple


class Stage(NamedTuple):
    """The beginning of a run.

    Attributes:
        seed: of every noise.
        start: the instant of time zero.
        zone: of the devices' local times.
        initial: named state; None: the first.
        clock: local hour of time zero; None: the state's, else the scenario's.
        finely: whether boards that speak several times a second do so, as live; else there are whole seconds alone.
    """

    seed: int
    start: datetime
    zone: tzinfo
    initial: str | None = None
    clock: str | None = None
    finely: bool = False
