"""A device that rings: on while an alarm does, off once it was acknowledged or is over. Pure."""

from collections.abc import Iterable

from hub.model import NS, Alarm, AlarmState, Commanded, CommandState
from hub.notify.wishes import Wishes

BY = "alarm"
"""Who gives the command, as it is recorded."""
AGAIN = 30 * NS
"""Pause [ns] after a refusal: each one is recorded."""


def rings(alarms: Iterable[Alarm], wishes: Wishes) -> bool:
    """Tell whether one of the alarms rings: live, of a priority that is told, unacknowledged and still true."""
    return any(each.state is AlarmState.UNACKNOWLEDGED and wishes.takes(each) for each in alarms)


class Siren:
    """What the device was last told, and what it is to be told next."""

    def __init__(self, channel: str, commands: Iterable[Commanded]) -> None:
        """Go on from the newest command that an alarm gave, so that a restart gives none again.

        Args:
            channel: that rings.
            commands: of the device, newest first.
        """
        mine = (each for each in commands if each.by == BY and each.channel == channel)
        given = next((each for each in mine if each.state is not CommandState.REFUSED), None)
        self._rang = given is not None and given.value > 0
        self._quiet_until = 0

    def due(self, now: int, *, rings: bool) -> float | None:
        """Return what to command now [wall clock, ns]; None: nothing."""
        if rings == self._rang or now < self._quiet_until:
            return None
        return 1.0 if rings else 0.0

    def given(self, command: Commanded) -> None:
        """Take what became of it: one that was refused is given again after a pause."""
        if command.state is CommandState.REFUSED:
            self._quiet_until = command.wall + AGAIN
        else:
            self._rang = command.value > 0
