"""The bench of the steps measures work that is really done."""

from collections.abc import Sequence

import pytest

from hub.bench import steps
from hub.model import Reading
from hub.worker import newest


def test_every_step_is_measured_on_messages_that_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """A telegram gives three values; of none, finding the newest and writing lines would cost nothing."""
    taken: list[int] = []

    def counted(readings: Sequence[Reading], earlier: dict[tuple[str, str, str], list[int]]) -> list[Reading]:
        taken.append(len(readings))
        return newest(readings, earlier)

    monkeypatch.setattr(steps, "PASSES", 2)
    monkeypatch.setattr(steps, "newest", counted)
    figures = steps.measure(messages=400, devices=20)
    assert steps.GATES.keys() <= figures.keys()
    assert taken == [3 * 400] * 2
    assert all(figures[name] > 0 for name in steps.GATES)
