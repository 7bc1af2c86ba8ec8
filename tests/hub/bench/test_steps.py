"""The bench of the steps measures work that is really done."""

import pytest

from hub.bench import steps


def test_every_step_is_measured_on_messages_that_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """A telegram gives three values; of none, finding the newest and writing lines would cost nothing."""
    monkeypatch.setattr(steps, "PASSES", 2)
    figures = steps.measure(messages=400, devices=20)
    assert steps.GATES.keys() <= figures.keys()
    assert all(figures[name] > 0.05 for name in steps.GATES)
