"""The engine against an evaluator that looks at the whole past anew at each reading."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.model import NS, Alarm, Reading
from hub.rules import kinds
from hub.rules.clauses import Condition
from hub.rules.engine import Engine
from servers.plant import RUN, START, Plant, common, read
from servers.reference import Event, evaluate

WHEN = (Condition(measure="b", above=4),)
RULES: list[kinds.Written] = [
    kinds.LimitHigh(**common(limit=4.5, deadband=2.0)),
    kinds.LimitHigh(**common(limit=5.0, inclusive=True, on_delay_s=90)),
    kinds.LimitLow(**common(limit=4.5, deadband=1.0, off_delay_s=120)),
    kinds.LimitHigh(**common(limit=4.5, on_delay_s=60, off_delay_s=60, when=WHEN)),
    kinds.LimitHigh(**common(limit=4.5, confirm=3, on_delay_s=30)),
    kinds.Band(**common(low=2.5, high=6.5, deadband=1.0, on_delay_s=30)),
    kinds.Rate(**common(limit=1.234567, window_s=180, deadband=0.7654321)),
    kinds.Change(**common(rises=5.0, window_s=120)),
    kinds.Change(**common(falls=5.0, window_s=120, confirm=2)),
    kinds.Share(**common(limit=47.03, above=4.5, window_s=300, deadband=10.01)),
    kinds.Forecast(**common(limit=20.5, within_s=301.7, window_s=120, off_delay_s=60)),
    kinds.State(**common(conditions=(Condition(measure="a", at_least=5), *WHEN), on_delay_s=45)),
    kinds.Baseline(**common(usual="b", factor=1.3, offset=0.55, deadband=0.8)),
    kinds.Balance(**common(against="b", high=2.5, deadband=1.0, on_delay_s=30)),
]
NAMES = [f"{index}-{type(rule).__name__}" for index, rule in enumerate(RULES)]
events = st.lists(st.tuples(st.integers(1, 100), st.sampled_from("aab"), st.integers(0, 9)), max_size=40)


def dated(happened: list[tuple[int, str, int]]) -> list[Event]:
    """Turn (seconds later, measure, value) into events."""
    second, found = 0, []
    for later, measure, value in happened:
        second += later
        found.append((second, measure, float(value)))
    return found


def readings(found: list[Event]) -> list[Reading]:
    """Return the events as readings."""
    return [read(second / 60, value, measure) for second, measure, value in found]


def spans(alarms: list[Alarm]) -> list[tuple[float, float | None]]:
    """Return when each alarm was raised and returned [s]."""
    newest = {alarm.id: alarm for alarm in alarms}
    return [
        ((each.raised_at - START) / NS, None if each.returned_at is None else (each.returned_at - START) / NS)
        for each in newest.values()
    ]


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
@given(happened=events)
@settings(max_examples=40, deadline=None)
def test_the_engine_says_what_the_whole_past_says(rule: kinds.Written, happened: list[tuple[int, str, int]]) -> None:
    """Raised and returned at the very same second, whatever happens."""
    found = dated(happened)
    end = (found[-1][0] if found else 0) + 500
    engine = Engine([Plant(rules=[rule])])
    changed = [alarm for each in readings(found) for alarm in engine.step([each])]
    changed += engine.tick(RUN, START + end * NS)
    assert spans(changed) == evaluate(rule, found, end)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
@given(happened=events, lots=st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_repeats_and_latecomers_change_nothing(
    rule: kinds.Written, happened: list[tuple[int, str, int]], lots: random.Random
) -> None:
    """A message said twice, and one that comes after a newer one of its measure, fire nothing a second time."""
    found = readings(dated(happened))
    plain, other = Engine([Plant(rules=[rule])]), Engine([Plant(rules=[rule])])
    expected = [alarm for each in found for alarm in plain.step([each])]
    changed: list[Alarm] = []
    for index, each in enumerate(found):
        changed += other.step([each])
        earlier = [one for one in found[:index] if one.time < each.time and one.channel == each.channel]
        if earlier:
            changed += other.step([lots.choice(earlier)])
        changed += other.step([each])
    assert spans(changed) == spans(expected)


@given(happened=events, cut=st.integers(0, 40))
@settings(max_examples=40, deadline=None)
def test_a_restart_changes_nothing_for_any_kind(happened: list[tuple[int, str, int]], cut: int) -> None:
    """The engine that was written and read again says to the letter what the one that lived on says."""
    plant = Plant(rules=[replace(rule, id=f"r{index}") for index, rule in enumerate(RULES)])
    living = Engine([plant])
    found = readings(dated(happened))
    for each in found[:cut]:
        living.step([each])
    again = Engine([plant], state=living.changed_state())
    for each in found[cut:]:
        assert again.step([each]) == living.step([each])
