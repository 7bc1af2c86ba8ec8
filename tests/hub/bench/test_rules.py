"""The bench of rules: every kind is measured, at the machine's own speed."""

from typing import get_args

import pytest

from hub.bench import rules
from hub.rules import kinds


def test_every_kind_has_its_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow half of the passes makes no kind dear: only the loop beside it tells how quick the machine was."""
    monkeypatch.setattr(rules, "PASSES", 1)
    monkeypatch.setattr(rules, "TURNS", 200)
    found = rules.measure(20)
    assert {"forecast_us", "cold_room_us", "silence_us", "computed_usual_us", "machine_loop_ns"} <= found.keys()
    assert set(rules.GATES) <= found.keys()
    assert all(value >= 0 for value in found.values())
    measured = {type(rule) for rule in rules._kinds("r").values()}
    assert measured >= {*get_args(kinds.Written)} - {kinds.EveryPeriod, kinds.LimitLow}  # the mirror of limit_high


def test_a_pass_is_told_at_the_speed_of_the_quickest_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass that took twice as long beside a loop that did so too costs the same."""
    speeds = iter([1.0, 2.0, 4.0] * 100)
    now = [1.0]

    def loop() -> float:
        now[0] = next(speeds)
        return now[0]

    monkeypatch.setattr(rules, "PASSES", 3)
    monkeypatch.setattr(rules, "_loop", loop)
    monkeypatch.setattr(rules, "_pass", lambda _case: 10.0 * {1.0: 2.0, 2.0: 4.0, 4.0: 1.0}[now[0]])
    found = rules.measure(2)
    assert found["limit_us"] == pytest.approx(10.0 / rules.RULES)
    assert found["machine_loop_ns"] == 1000.0
