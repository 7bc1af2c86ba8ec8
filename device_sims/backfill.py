"""A run's history on its way to the hub: one thread plays it, another hands it over while it is being played."""

import queue
from collections.abc import Callable, Iterator

from device_sims import door
from device_sims.ensemble import Ensemble
from device_sims.world import Emission

CHUNK = 500
"""Messages that change hands at once."""
AHEAD = 64
"""Chunks that may wait: all of a usual day, so that it is ready when the hub is; a month is not kept in memory."""
PATIENCE_S = 0.1


class Backfill:
    """What a world says before its start. `play` and `lines` each run in a thread of their own."""

    def __init__(self, world: Ensemble, stopped: Callable[[], bool], *, wanted: bool) -> None:
        """Play nothing yet.

        Args:
            world: at the beginning of its history.
            stopped: tells that nobody wants it any more.
            wanted: whether somebody takes the messages; the history happens all the same.
        """
        self._world = world
        self.stopped = stopped
        self._wanted = wanted
        self._chunks: queue.Queue[list[door.Line] | None] = queue.Queue(AHEAD)

    @property
    def share(self) -> float:
        """How much of the history was played [1]."""
        begin_s = self._world.begin_s
        return 1.0 if begin_s >= 0 else min(1 - (self._world.time_s + 1) / (begin_s + 1), 1.0)

    def play(self) -> None:
        """Play the history to its end."""
        try:
            chunk: list[Emission] = []
            for one in self._said():
                chunk.append(one)
                if len(chunk) >= CHUNK:
                    self._hand_over(door.lines(chunk))
                    chunk = []
                    if self.stopped():
                        return
            self._hand_over(door.lines(chunk))
        finally:
            self._hand_over(None)

    def lines(self) -> Iterator[door.Line]:
        """Return the messages while they are being played."""
        while not self.stopped():
            try:
                chunk = self._chunks.get(timeout=PATIENCE_S)
            except queue.Empty:
                continue
            if chunk is None:
                return
            yield from chunk

    def forsake(self) -> None:
        """Let nobody take any more; the history is played to its end all the same."""
        self._wanted = False

    def _said(self) -> Iterator[Emission]:
        world = self._world
        if world.begin_s >= 0:
            return
        for role in world.players:
            yield from world.without_broker(world.birth(role))
        yield from world.without_broker(world.advance(-1))

    def _hand_over(self, chunk: list[door.Line] | None) -> None:
        while self._wanted and not self.stopped():
            try:
                self._chunks.put(chunk, timeout=PATIENCE_S)
            except queue.Full:
                continue
            return
