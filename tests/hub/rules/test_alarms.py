"""What people do with alarms: set aside, turn off; and what an alarm keeps for those who ask why."""

import pytest

from hub.errors import NotFoundError
from hub.model import AlarmState, Evidence
from hub.rules import kinds
from hub.rules.clauses import Condition
from hub.rules.engine import Engine
from servers.plant import MIN, RUN, Plant, common, course, engine, play, read, told

HIGH = kinds.LimitHigh(**common(limit=4.0))
SLOW = kinds.LimitHigh(**common(limit=4.0, on_delay_s=10 * MIN, when=(Condition(measure="b", below=1),)))


def at(minute: float) -> int:
    """Return a time [ns]."""
    return read(minute, 0).time


def test_an_alarm_is_set_aside_and_comes_back_by_itself() -> None:
    """At its end, with the tick; not a moment before."""
    one = engine(Plant(rules=[HIGH]))
    (alarm,) = play(one, [read(0, 5)])
    shelved = one.shelve(alarm.id, at(1), at(61), "Marie")
    assert (shelved.state, shelved.shelved_by, shelved.shelved_until) == (AlarmState.SHELVED, "Marie", at(61))
    assert play(one, [60.0]) == []
    (back,) = play(one, [61.0])
    assert (back.id, back.state) == (alarm.id, AlarmState.UNACKNOWLEDGED)


def test_what_its_rule_raises_meanwhile_is_set_aside_too() -> None:
    """The older one is what it was; both are there at the end."""
    one = engine(Plant(rules=[HIGH]))
    (alarm,) = play(one, [read(0, 5)])
    one.shelve(alarm.id, at(1), at(61), "me")
    changed = play(one, course([3, 5], start=10))
    assert [each.state for each in changed] == [AlarmState.SHELVED, AlarmState.RETURNED, AlarmState.SHELVED]
    (back,) = play(one, [62.0])
    assert (back.raised_at, back.state) == (at(11), AlarmState.UNACKNOWLEDGED)


def test_it_is_taken_back_before_its_end_and_only_a_living_one_is_set_aside() -> None:
    """One that the store alone knows is over."""
    one = engine(Plant(rules=[HIGH]))
    (alarm,) = play(one, [read(0, 5)])
    one.shelve(alarm.id, at(1), at(61), "me")
    assert one.shelve(alarm.id, at(2), None, "me").state is AlarmState.UNACKNOWLEDGED
    assert play(one, [62.0]) == []
    with pytest.raises(NotFoundError):
        one.shelve("another", at(1), at(61), "me", stored=alarm)
    one.shelve(alarm.id, at(62), at(90), "me")
    (ended,) = one.end_run(RUN)
    assert ended.shelved_until is None


def test_setting_aside_outlives_a_restart() -> None:
    """Its end is remembered."""
    one = engine(Plant(rules=[HIGH]))
    (alarm,) = play(one, [read(0, 5)])
    one.shelve(alarm.id, at(1), at(61), "me")
    again = Engine([Plant(rules=[HIGH])], state=one.changed_state())
    assert [each.state for each in play(again, [61.0])] == [AlarmState.UNACKNOWLEDGED]


def test_a_use_case_that_is_off_raises_nothing_and_starts_its_delays_again() -> None:
    """It still listens: on again, what holds is counted from there."""
    one = engine(Plant(rules=[SLOW]))
    play(one, [read(0, 0, "b"), read(0, 5)])
    assert one.turn("plant", at(5), off=True, run=RUN)
    assert play(one, [20.0, read(21, 6), 40.0]) == []
    view = one.view("plant", RUN, at(40))
    assert view is not None
    assert (view.suppressed, view.measures["a"].good) == (True, 6)
    one.turn("plant", at(41), off=False, run=RUN)
    assert told(play(one, [50.0])) == []
    assert told(play(one, [52.0])) == [(51, None)]
    assert not one.turn("plant", at(0), off=True)


def test_an_alarm_keeps_what_made_it_true() -> None:
    """The values it began with and those it was raised with, the rule's own measure first."""
    (alarm,) = play(engine(Plant(rules=[SLOW])), [read(0, 0, "b"), read(1, 5), read(6, 7), 12.0])
    assert alarm.since == at(1)
    assert alarm.began == (Evidence("a", 5, at(1)), Evidence("b", 0, at(0)))
    assert alarm.evidence == (Evidence("a", 7, at(6)), Evidence("b", 0, at(0)))
