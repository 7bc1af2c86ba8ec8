"""Gives commands to devices: who may, when it is refused and why, and what is recorded (design.md §4; X16).

Runs in the worker's thread. A command is stored before it goes out, so that none is ever sent twice or unaccounted.
"""

import logging
import secrets
import uuid
from collections.abc import Callable

import msgspec

from hub.commands import order
from hub.driver import Command
from hub.errors import NotFoundError, PayloadError
from hub.kept import Kept
from hub.model import REAL, Commanded, CommandState, Device
from hub.timeline import LIVING
from hub.worker import Worker

_LOG = logging.getLogger(__name__)

REASONS = {
    "replay": "this command was given before: a replay",
    "not_playing": "it belongs to a run that is not playing: nobody is there to obey",
    "consent": "the broker is not the hub's own: HUB_COMMANDS=on lets the hub command its devices",
    "locked": "the facilitator has locked it",
    "ignored": "it is ignored",
    "proposed": "it is only proposed: accept it first",
    "away": "the broker cannot be reached now; a command is never sent late",
}
"""Why nothing is sent, by code; `cannot` comes with the driver's own words."""


class Commander:
    """Takes the commands that people give, one at a time."""

    def __init__(self, *, kept: Kept, worker: Worker, consent: bool, wall: Callable[[], int]) -> None:
        """Speak through `worker`; `consent`: the operator lets the hub command devices of this broker."""
        self._kept = kept
        self._worker = worker
        self._consent = consent
        self._wall = wall

    def give(
        self, name: str, wanted: Command, by: str, key: str | None, *, there: bool, again: bool = False
    ) -> Commanded:
        """Send a command, or refuse it with the reason; both are recorded.

        Args:
            name: of the device.
            wanted: channel and value.
            by: who gives it.
            key: the sender's own id of this command, so that the same request again is recognised; None: a new one.
            there: whether the broker can be reached now: a command is never sent late.
            again: another worker had this id already.

        Raises:
            NotFoundError: no such device.
        """
        mind = self._worker.understanding
        device = mind.devices.get(mind.resolve(name))
        if device is None:
            msg = f"no device is called {name!r}; GET /api/v1/devices lists them"
            raise NotFoundError(msg)
        wall = self._wall()
        ticket = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
        wanted = msgspec.structs.replace(wanted, id=ticket, at=wall)
        given = Commanded(
            id=key or secrets.token_hex(6),
            ticket=ticket,
            device=device.uid,
            channel=wanted.channel,
            value=wanted.value,
            by=by,
            run=device.run,
            at=mind.timelines.now(device.run, wall),
            wall=wall,
        )
        if again or (key is not None and self._kept.command(key) is not None):
            return self._refused(given, "replay", recorded=False)
        obstacle = self.obstacle(device, there=there)
        if obstacle is not None:
            return self._refused(given, obstacle)
        driver, target = mind.target(device.uid)
        try:
            due = order(driver, target, wanted)
        except PayloadError as error:
            return self._refused(given, "cannot", str(error))
        return self._worker.send(given, due)

    def may(self, device: Device) -> bool:
        """Tell whether the operator lets the hub command a device at all."""
        return device.run != REAL or self._consent

    def obstacle(self, device: Device, *, there: bool) -> str | None:
        """Return which of REASONS forbids sending anything to a device now; None: it may be."""
        run = self._worker.understanding.timelines.runs.get(device.run)
        if device.run != REAL and (run is None or run.state not in LIVING):
            return "not_playing"
        if not self.may(device):
            return "consent"
        found = (name for name in ("locked", "ignored", "proposed") if getattr(device, name))
        return next(found, None if there else "away")

    def _refused(self, given: Commanded, code: str, reason: str | None = None, *, recorded: bool = True) -> Commanded:
        reason = reason or REASONS[code]
        refused = Commanded(
            id=given.id,
            device=given.device,
            channel=given.channel[:100],
            value=given.value if abs(given.value) < float("inf") else 0.0,
            by=given.by,
            run=given.run,
            at=given.at,
            wall=given.wall,
            state=CommandState.REFUSED,
            code=code,
            reason=reason,
        )
        _LOG.warning(
            "Command %r = %g to %r by %s refused: %r", refused.channel, given.value, given.device, given.by, reason
        )
        if recorded:
            self._worker.note_commands([refused], given=refused)
        return refused
