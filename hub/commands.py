"""Commands to devices: given → sent → confirmed by the device's own later report, or timed out; never optimistic.

Pure: times and reports are arguments. What a command becomes on the wire is the driver's (`Driver.command`).
"""

import math
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from hub.driver import Command, Driver, Order, Progress, Target, reach
from hub.errors import PayloadError
from hub.model import NS, Commanded, CommandState, Stage

SOONEST = 2 * NS
"""Wall time [ns] that any command gets: at sixty times the speed its seconds are shorter than a round trip."""

Report = tuple[str, str, float, int]
"""(uid, channel, value, arrival on the wall clock [ns]) of a device's own live word."""


def order(driver: Driver | None, target: Target, wanted: Command) -> Order:
    """Return a command in the dialect of a driver.

    Raises:
        PayloadError: why this device cannot be told so, in plain words.
    """
    try:
        channel = None if driver is None else reach(driver, target, wanted.channel)
    except Exception as error:
        raise _failed(driver, error) from error
    if driver is None or driver.command is None or channel is None:
        msg = f"channel {wanted.channel[:80]!r} cannot be set"
        raise PayloadError(msg)
    if not math.isfinite(wanted.value) or not channel.low <= wanted.value <= channel.high:
        unit = f" {channel.unit}" if channel.unit else ""
        msg = f"{wanted.channel} is {wanted.value:g}: from {channel.low:g} to {channel.high:g}{unit} is expected"
        raise PayloadError(msg)
    try:
        return driver.command(target, wanted)
    except PayloadError:
        raise
    except Exception as error:
        raise _failed(driver, error) from error


def _failed(driver: Driver | None, error: Exception) -> PayloadError:
    model = driver.model if driver is not None else "?"
    return PayloadError(f"driver {model} failed: {type(error).__name__}: {error}"[:300])


class Underway:
    """The commands that wait for the device's report."""

    def __init__(self, kept: Iterable[Commanded] = ()) -> None:
        """Go on with what the store kept."""
        self._waiting = {each.id: each for each in kept if each.state is CommandState.SENT}

    @property
    def devices(self) -> set[str]:
        """Whose reports are waited for."""
        return {each.device for each in self._waiting.values()}

    def give(self, sent: Commanded) -> list[Commanded]:
        """Wait for a command's report; one before it for the same channel is overtaken, and returned timed out."""
        before = [each for each in self._waiting.values() if _place(each) == _place(sent)]
        self._waiting[sent.id] = sent
        return [self._ended(each, CommandState.TIMED_OUT, "another command came after it") for each in before]

    def hear(self, reports: Iterable[Report]) -> list[Commanded]:
        """Return what the devices' reports confirm: a report after the command, with the value it wants."""
        confirmed: list[Commanded] = []
        for uid, channel, value, received in reports:
            for each in [*self._waiting.values()]:
                is_it = (each.device, each.report or each.channel) == (uid, channel) and received >= each.wall
                if is_it and abs(value - each.expected) <= each.tolerance:
                    confirmed.append(self._ended(each, CommandState.CONFIRMED))
        return confirmed

    def progress(self, uid: str, said: Progress) -> list[Commanded]:
        """Return what a network's word changes of a command on its way; one that it gave up has ended, refused.

        An acknowledgement says that the device received it, not what it made of it: only its report confirms.
        """
        each = next((one for one in self._waiting.values() if one.device == uid and one.ticket == said.command), None)
        if each is None or each.stage is said.stage:
            return []
        if said.stage is Stage.FAILED:
            reason = f"the network gave it up: {said.reason or 'it does not say why'}"[:300]
            return [replace(self._ended(each, CommandState.REFUSED, reason), stage=said.stage, code="network")]
        self._waiting[each.id] = replace(each, stage=said.stage)
        return [self._waiting[each.id]]

    def tick(self, now: Callable[[str], int], wall: int) -> list[Commanded]:
        """Return what has waited too long: on its timeline, and long enough for the wire."""
        late = [each for each in self._waiting.values() if now(each.run) > each.until and wall - each.wall >= SOONEST]
        return [self._ended(each, CommandState.TIMED_OUT) for each in late]

    def forget(self, uids: Iterable[str]) -> None:
        """Wait no more for devices that are forgotten."""
        gone = set(uids)
        self._waiting = {name: each for name, each in self._waiting.items() if each.device not in gone}

    def _ended(self, each: Commanded, state: CommandState, reason: str | None = None) -> Commanded:
        del self._waiting[each.id]
        return replace(each, state=state, reason=reason)


def _place(each: Commanded) -> tuple[str, str]:
    return each.device, each.channel
