"""What a run tells the people in the room about itself: a few dated notes, in both languages."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from device_sims import announce
from device_sims.tables import Text

MOST = 10


class Notebook:
    """Notes of a run, the newest last; and how far its history is, while it is being made."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Begin an empty one; `now`: the run's own time."""
        self._now = now
        self._notes: list[dict[str, Any]] = []
        self._preparing: dict[str, Any] | None = None

    @property
    def is_preparing(self) -> bool:
        """Whether the history is still being made, and said so."""
        return self._preparing is not None

    def note(self, text: Text) -> None:
        """Write a note down; the oldest one goes."""
        self._notes = [*self._notes[1 - MOST :], self._dated(text)]

    def prepare(self, percent: int) -> None:
        """Say how far a long history is."""
        self._preparing = self._dated(
            Text(f"Historique en préparation : {percent} %", f"History being made: {percent}%")
        )

    def prepared(self) -> None:
        """The history is there, or will not come."""
        self._preparing = None

    def stretched(self, speed: float, titles: Iterable[Text]) -> None:
        """Say whose period is stretched at a speed (design.md §1); nothing where nobody's is."""
        named = [*titles]
        if named:
            fr, en = ", ".join(each.fr for each in named), ", ".join(each.en for each in named)
            self.note(
                Text(
                    f"À ×{speed:g}, {fr} : période allongée, 10 messages par seconde au plus.",
                    f"At ×{speed:g}, {en}: period stretched, at most 10 messages a second.",
                )
            )

    def written(self) -> list[dict[str, Any]]:
        """Return what the hub is told: `{"time", "text": {"fr", "en"}}` each."""
        return [*self._notes, *([self._preparing] if self._preparing else [])]

    def _dated(self, text: Text) -> dict[str, Any]:
        return {"time": announce.rfc3339(self._now()), "text": {"fr": text.fr, "en": text.en}}
