"""Keeps what was typed in a workshop from the room of the next one. Pure.

An acknowledgement's words and who spoke them are of the session in which it was given; once that is over, they are its
report's and the facilitator's.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

from msgspec import structs

from hub.model import TYPED, Alarm
from hub.workshop.session import Span


class Veil:
    """Takes from alarms what was typed in sessions that are over.

    Attributes:
        over: ids of these sessions.
    """

    def __init__(self, over: Collection[str] = (), spans: Iterable[Span] = ()) -> None:
        """Know which stretches of which timelines were theirs, those of no length too (`session.spans`)."""
        self.over = frozenset(over)
        self._spans: dict[str, list[Span]] = defaultdict(list)
        for span in spans:
            self._spans[span.run].append(span)

    def __call__(self, alarm: Alarm) -> Alarm:
        """Return an alarm as today's room may see it: the same one where nothing of it was typed before today."""
        gone = [name for at, names in TYPED.items() if self._covers(alarm.run, getattr(alarm, at)) for name in names]
        if not any(getattr(alarm, name) for name in gone):
            return alarm
        return structs.replace(alarm, **dict.fromkeys(gone))

    def _covers(self, run: str, at: int | None) -> bool:
        """Tell whether it was typed inside, the last moment included: a story that is paused stands at it."""
        return at is not None and any(span.start <= at <= span.stop for span in self._spans.get(run, ()))
