"""What InfluxDB does for the hub beside taking lines: it erases forgotten devices and computes five-minute values anew.

Both are kept in store.db until they are done (hub/store/errands.py), so an InfluxDB that is away does them when it is
back. Devices are erased before any line is sent: what one says after it was forgotten is sent later, and stays.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from msgspec import Struct

from hub.store import influx_thinning
from hub.store.delivery import PauseError
from hub.store.errands import Errands
from hub.store.influx_client import BUSY, Answer, Client, RefusedError
from hub.store.influx_thinning import MARGIN

_LOG = logging.getLogger(__name__)

NOT_FOUND = 404
_PERSONS = frozenset({401, 403})
"""Statuses that only a person can correct."""


class Due(Struct, frozen=True):
    """What is still to be done.

    Attributes:
        erasures: forgotten devices that InfluxDB has not erased yet.
        refused: how many of them it will not.
        hours: whose five-minute values are to be computed.
    """

    erasures: int = 0
    refused: int = 0
    hours: int = 0


class InfluxErrands:
    """Has them done, one after the other, in the writer's thread."""

    def __init__(
        self,
        client: Client,
        *,
        errands: Callable[[], AbstractContextManager[Errands]],
        note: Callable[[Callable[[Errands], None]], None],
    ) -> None:
        """Ask `client`, which has patience (`hub.store.influx_client.SLOW`).

        Args:
            client: of InfluxDB.
            errands: lends what is to be done, for reading.
            note: commits a change of it; blocks.
        """
        self._client = client
        self._errands = errands
        self._note = note

    def due(self) -> Due:
        """Return what is still to be done."""
        with self._errands() as errands:
            wishes = errands.erasures()
            return Due(len(wishes), sum(each.refused is not None for each in wishes), len(errands.hours()))

    def resume(self, now: int) -> None:
        """Note which hours InfluxDB's task may have missed while it, or the hub, was away until `now` [ns]."""
        with self._errands() as errands:
            last = errands.last_took()
        if last is not None and now - last > MARGIN:
            self._note(lambda errands: errands.again(influx_thinning.around(last)))

    def erase(self) -> None:
        """Have every forgotten device erased, in every bucket of ours.

        Raises:
            PauseError: try again later.
        """
        with self._errands() as errands:
            wishes = [each.device for each in errands.erasures() if each.refused is None]
        for device in wishes:
            refused = self._erased(device)
            if refused is None:
                self._note(lambda errands, device=device: errands.erased(device))  # type: ignore[misc]
                _LOG.info("InfluxDB has erased a forgotten device")
            else:
                self._note(lambda errands, device=device, why=refused: errands.refused(device, why))  # type: ignore[misc]
                _LOG.warning("InfluxDB does not erase a forgotten device: %s", refused)

    def _erased(self, device: str) -> str | None:
        """Erase a device and return why not, None: it is erased.

        Raises:
            PauseError: try again later.
        """
        place = self._client.place
        for bucket in (place.bucket, place.simulated, place.coarse):
            try:
                self._client.erase(bucket, device)
            except RefusedError as error:
                if error.answer.status == NOT_FOUND:
                    continue  # no bucket, no points
                if _passes(error.answer):
                    raise PauseError(error.answer) from error
                return error.answer.reason
        return None

    def compute(self) -> bool:
        """Have the five-minute values of one hour computed, if one is due; tell whether one was.

        Raises:
            PauseError: try again later.
        """
        with self._errands() as errands:
            hour = next(iter(errands.hours()), None)
        if hour is None:
            return False
        try:
            influx_thinning.compute(self._client, hour)
        except RefusedError as error:
            if error.answer.status is None or error.answer.status in _PERSONS:
                raise PauseError(error.answer) from error
            _LOG.warning("InfluxDB cannot compute the five-minute values of the hour %d: %s", hour, error)
        self._note(lambda errands: errands.computed(hour))
        return True


def _passes(answer: Answer) -> bool:
    """Tell whether asking again later may help."""
    return answer.status is None or answer.status in BUSY or answer.status in _PERSONS
