"""What a broker delivers again after a resumed session, found by what was heard before (reliability.md §2.8). Pure."""

from array import array
from collections.abc import Iterable, Sequence
from itertools import takewhile

from hub.model import Message, Source

Same = tuple[str, bytes]
"""Topic and payload: all that a repeat has in common with what it repeats."""


def same(message: Message) -> Same:
    """Return what a message would have in common with its repeat."""
    return message.topic, message.payload


def delivered_again(message: Message) -> bool:
    """Tell whether a broker may deliver a message a second time."""
    return message.source is Source.MQTT and message.qos > 0


def at_the_tail(heard: Sequence[Same], tail: Sequence[Same]) -> int:
    """Return how many of the first messages heard repeat the tail of what was heard before.

    A run that ends exactly where the tail ends is a repeat; 0 when several fit: a double beats a loss.
    """
    fitting = [
        length
        for length in range(1, min(len(heard), len(tail)) + 1)
        if tail[-length] == heard[0] and tail[-length:] == heard[:length]
    ]
    return fitting[0] if len(fitting) == 1 else 0


class Echo:
    """A broker that was killed delivers again what waited at its last snapshot, acknowledged since or not.

    That is a run of what was heard before, from somewhere on, which may go on for many groups; it ends with the first
    message that is not the next one.
    """

    def __init__(self, before: Iterable[Same]) -> None:
        """Take what was heard before, in order: kept as hashes, 8 bytes a message."""
        self._before = array("q", map(hash, before))
        self._at: int | None = None
        self.over = False

    def leading(self, heard: Sequence[Same]) -> int:
        """Return how many of the first messages of the next group are of the run; 0 where several runs fit."""
        if self.over:
            return 0
        marks = array("q", map(hash, heard))
        at = self._begin(marks) if self._at is None else self._at
        many = 0 if at is None else self._run(at, marks)
        self._at = None if at is None else at + many
        self.over = many < len(marks)
        return many

    def _begin(self, marks: "array[int]") -> int | None:
        """Return where the longest run begins; None where there is none, or another is as long."""
        runs = [(self._run(at, marks), at) for at, mark in enumerate(self._before) if mark == marks[0]]
        longest = max(runs, default=(0, 0))
        return longest[1] if sum(many == longest[0] for many, _ in runs) == 1 else None

    def _run(self, at: int, marks: "array[int]") -> int:
        pairs = zip(self._before[at : at + len(marks)], marks, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
