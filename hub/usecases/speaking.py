"""What each use case says on the page: one line at a time, each long enough to be read (design.md §1).

Only alarms do not wait for that: no line says that all is well beside one that rings. And the numbers of a line follow
those beside it: at ×60 a second is a minute of the story (decisions/0024).
"""

from collections.abc import Collection

from msgspec import Struct

from hub.rules.wording import Sentence

STANDS_S = 5.0
"""The words of a line stand at least this long unless an alarm begins or ends: at most one every 5 s a use case."""
FOLLOWS_S = 0.9
"""Its numbers alone change at most so often: each second, by the worker's own steps."""
SETTLED_S = 2.0
"""Another line than the one that stands must have been due for so long: what flickers at a limit is not told."""


WAITING = "waiting"
"""A line that tells of nothing yet does not stand beside the first value."""


class Line(Struct):
    """The line of a use case, and the one that is due instead.

    Attributes:
        since: when the words on the screen were last changed [s]; `counted`: when their numbers were.
        alarms: ids of those that were active then.
        due: code of another line that is due; due_since: for how long [s].
    """

    run: str
    said: Sentence
    since: float
    alarms: frozenset[str]
    counted: float
    due: str | None = None
    due_since: float = 0.0


class Speaker:
    """Chooses what is said; knows no clock but the one it is told."""

    def __init__(self) -> None:
        """Nothing is said yet."""
        self._lines: dict[str, Line] = {}

    def say(self, usecase: str, run: str, due: Sentence, now: float, alarms: Collection[str] = ()) -> Sentence:
        """Return what is said now.

        Args:
            usecase: whose line.
            run: the run it tells of: another one begins with its own words.
            due: what is true now.
            now: monotonic [s]; people read at their own pace, whatever the speed of the run.
            alarms: ids of those that are active: where one has begun or ended, what is true now is said at once.
        """
        line, active = self._lines.get(usecase), frozenset(alarms)
        if line is None or line.run != run or line.alarms != active or line.said.code == WAITING:
            self._lines[usecase] = Line(run, due, now, active, now)
            return due
        if due.code == line.said.code:
            line.due = None
            if due != line.said and now - line.counted >= FOLLOWS_S:
                line.said, line.counted = due, now
            return line.said
        if due.code != line.due:
            line.due, line.due_since = due.code, now
        if now - line.due_since >= SETTLED_S and now - line.since >= STANDS_S:
            line.said, line.since, line.counted, line.due = due, now, now, None
        return line.said
