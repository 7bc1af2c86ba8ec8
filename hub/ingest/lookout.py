"""Whether anything may be missing of the time in which no connection to the broker was: each new one is looked at.

Three things are told as gaps: the broker forgot our session; it was started anew and may have gone back to its last
snapshot; or so much waited for us that its queue may have overflowed, or did: one of our own messages is missing among
those that come back in order (reliability.md §1.3, §2.3).
"""

import re
from collections.abc import Iterable

from hub.ingest.gaps import Gap, Gaps, Why
from hub.ingest.session import Settings
from hub.model import NS, Message

UPTIME = "$SYS/broker/uptime"
"""Mosquitto says here for how long it has run: "123 seconds", retained, renewed every 10 s, and never on disk."""
UPTIME_S = 1.0
"""How long the answer is waited for: nobody may be allowed to read it."""
_SLACK = 12 * NS
"""What two answers of one life may differ in what they say of its beginning."""
_UPTIME = re.compile(rb"(\d{1,10}) seconds")
_UNDER_WAY = NS
"""What the broker confirmed so shortly before the connection ended may not have reached us."""
_HEADER = 8
"""Bytes of a PUBLISH beside topic and payload, about."""


class Lookout:
    """Looks at each connection's beginning, and notes what may be missing.

    Attributes:
        asking: the broker was asked since when it runs, and has not answered.
    """

    def __init__(self, settings: Settings, gaps: Gaps, contact: int) -> None:
        """Begin; `contact`: when something was last heard, by an earlier process [ns]."""
        self.asking = False
        self._settings = settings
        self._gaps = gaps
        self._contact = contact
        self._met = 0
        self._resumed = self._forgotten = False
        self._messages = self._bytes = 0

    def parted(self, at: int) -> None:
        """A connection ended, on which at `at` [ns] nothing waited for us."""
        self._contact = at

    def met(self, at: int, *, resumed: bool, known: bool) -> None:
        """One begins; `resumed`: the session is there; `known`: it should be."""
        self._met, self._resumed, self.asking = at, resumed, self._settings.uptime
        self._messages = self._bytes = 0
        self._forgotten = self._forgotten or (known and not resumed)

    def listening(self, at: int) -> None:
        """It hears all from `at` on [ns]; what was said before is gone where the broker forgot our session."""
        if self._forgotten:
            self._forgotten = False
            self._note(Why.SESSION, at)

    def answered(self, uptime: bytes, at: int) -> bool:
        """Take the broker's word for how long it has run; tell whether it was restarted and kept our session."""
        asked, self.asking = self.asking, False
        found = _UPTIME.match(uptime)
        if found is None:
            return False
        started, before = at - int(found[1]) * NS, self._gaps.started
        anew = before is not None and started - before > _SLACK
        if before is None or anew or before - started > NS:
            self._gaps.started = started
        if not (asked and anew and self._resumed):
            return False
        self._note(Why.RESTART, self._met)
        return True

    def missed(self, since: int, at: int) -> None:
        """One of our own messages did not come back between `since` and `at` [ns], and a later one did."""
        self._gaps.note(Gap(Why.QUEUE, since, at))

    def took(self, messages: Iterable[Message]) -> None:
        """Count what waited for us."""
        for each in messages:
            self._messages += 1
            self._bytes += len(each.topic) + max(len(each.payload), each.length) + _HEADER

    def drained(self) -> None:
        """All that waited has been taken: was it as much as the broker keeps?"""
        settings = self._settings
        if 0 < settings.queue_bytes <= self._bytes or 0 < settings.queue_messages <= self._messages:
            self._note(Why.QUEUE, self._met)
        self._messages = self._bytes = 0

    def _note(self, why: Why, until: int) -> None:
        self._gaps.note(Gap(why, (self._contact or self._met) - _UNDER_WAY, until))
