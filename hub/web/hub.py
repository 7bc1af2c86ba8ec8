"""What the web layer needs of the running hub: the one contract it knows beside the words."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hub.config import Config
from hub.live import Live
from hub.model import Alarm, Heard, Message
from hub.store.base import History


class Hub(Protocol):
    """The running hub. Everything is called on the event loop; what blocks is a coroutine or says so."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def live(self) -> Live:
        """The live state; the web layer applies the scenario's news to it and reads the rest."""

    @property
    def history(self) -> History:
        """The store of readings. Blocks: the web layer calls it in a worker thread, several at a time."""

    def resolve(self, name: str) -> str:
        """Return the uid that a uid, alias or native id means; the name itself when nobody knows it."""

    async def alarms(self, limit: int) -> Sequence[Alarm]:
        """Return the newest alarms of all states and runs, newest first."""

    async def acknowledge(self, alarm: str, by: str, comment: str | None) -> Alarm:
        """Acknowledge an alarm, commit it, apply it to the live state and return it; again changes nothing.

        Raises:
            NotFoundError: no such alarm.
        """

    async def messages(self, limit: int, *, understood: bool | None) -> Sequence[Heard]:
        """Return the newest messages, newest first; `understood` None: both kinds."""

    def usecases(self) -> Sequence[Mapping[str, Any]]:
        """Return `{"name", "title": {fr, en}, "run", "state"}` of each use case."""

    def usecase(self, name: str) -> Mapping[str, Any]:
        """Return everything the page shows of a use case, as the API gives it.

        Raises:
            NotFoundError: no such use case.
        """

    def setup(self) -> Mapping[str, Any]:
        """Return `{"broker": {"host", "port", "user", "password", "is_open"}, "families": […]}` (`hub.setup`)."""

    async def append(self, messages: Sequence[Message]) -> int:
        """Journal messages (import door, webhooks) and return the journal's end after the commit.

        Raises:
            JournalError: nothing was written.
        """

    def counters(self) -> Mapping[str, float]:
        """Return what `/health` and `/metrics` count, `snake_case`; a name that only grows ends in `_total`."""
