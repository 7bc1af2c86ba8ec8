"""An alarm that rang, and to which somebody said a word."""

from typing import Any

from hub.model import Alarm


def rang(**more: Any) -> Alarm:  # noqa: ANN401 — the alarm's own
    """Return one that rang at 5 ns of the run `r1`."""
    said: dict[str, Any] = {"id": "a", "usecase": "cold_room", "rule": "r", "measure": "m", "device": "d", "run": "r1"}
    return Alarm(**{**said, "priority": "low", "raised_at": 5, "texts": {"en": "Warm"}, **more})


def spoken(at: int, **more: Any) -> Alarm:  # noqa: ANN401 — likewise
    """Return one that Sidonie acknowledged with a word at a time [ns]."""
    return rang(acknowledged_at=at, acknowledged_by="Sidonie", comment="I close the door", **more)
