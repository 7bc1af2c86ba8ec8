"""Each kind of rule: what raises it, what does not, and the exact minute; figures of ../shared/use_cases.md."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from hub.model import Quality, Reading
from hub.rules import kinds
from hub.rules.calendar import Calendar
from hub.rules.clauses import Condition, Hours, Mask, Moving
from hub.rules.wording import Text
from servers.plant import MIN, RUN, WORD, Plant, common, course, engine, made, play, read, told

Told = list[tuple[float, float | None]]


def high(**other: object) -> kinds.LimitHigh:
    """Return a rule: a above 4, back at 3.5."""
    return kinds.LimitHigh(**common(limit=4.0, deadband=0.5, **other))


def raised(rule: kinds.Rule, *steps: Sequence[Reading | float], plant: Plant | None = None) -> Told:
    """Return when the rule's alarm was raised and returned while all that happens."""
    shop = Plant(rules=[rule]) if plant is None else plant
    return told(play(engine(shop), [each for one in steps for each in one]))


BAND = kinds.Band(**common(low=0.4, high=1.2, deadband=0.1))
DOWN = kinds.Rate(**common(limit=0.5, window_s=3600, per="hour", direction="down"))
JUMP = kinds.Change(**common(rises=1500, window_s=20))
SWARM = kinds.Change(**common(falls=1.2, window_s=900, confirm=2))
DOUBLED = kinds.Change(**common(times=2, window_s=7200))
FLAT = kinds.Flatline(**common(range=3, window_s=900))
EQUAL = kinds.LimitHigh(**common(limit=90, inclusive=True))
SOON = kinds.Forecast(**common(limit=1500, within_s=600, window_s=300, when=(Condition(measure="a", above=800),)))
FROST = kinds.Forecast(**common(limit=0.5, within_s=7200, window_s=3600, slope_at_least=0.2))
DIFFERENT = kinds.Balance(**common(against="b", compare="ratio", low=0.5, high=1.5, at_least=10))
MISSING = kinds.Balance(**common(against="b", high=80))

COURSES: list[tuple[str, kinds.Rule, list[Reading | float], Told]] = [
    ("a band ends on both sides", BAND, course([0.8, 1.3, 1.15, 1.05, 0.3, 0.45, 0.55]), [(1, 3), (4, 6)]),
    ("its ends are inside", BAND, course([0.4, 1.2]), []),
    ("a limit may include itself", EQUAL, course([89.9, 90, 89.9]), [(1, 2)]),
    ("wet bulb losing 0.6 K an hour", DOWN, course([2 - 0.6 * m / 60 for m in range(61)]), [(30, None)]),
    ("… is not rising", DOWN, course([2 + 0.6 * m / 60 for m in range(61)]), []),
    ("… and 0.4 K an hour is slower", DOWN, course([2 - 0.4 * m / 60 for m in range(61)]), []),
    ("a kettle is one jump", JUMP, course([9660, 9660, 11640, 11640, 11640], every=1 / 6), [(1 / 3, 2 / 3)]),
    ("a slow rise is none", JUMP, course([0, 600, 1200, 1800, 2400], every=1 / 3), []),
    ("a swarm needs two reports", SWARM, course([40, 40, 38.7, 38.3, 38.3]), [(3, None)]),
    ("one wrong weight is no swarm", SWARM, course([40, 40, 38.7, 40, 40]), []),
    ("doubled within two hours", DOUBLED, course([1.1, 1.5, 2.1, 2.2], every=30), [(90, None)]),
    ("doubled over a longer time is not", DOUBLED, course([1.1, 1.1, 1.5, 1.5, 1.9, 1.9, 2.2], every=60), []),
    ("a repeated value is flat after a whole window", FLAT, course([600.0] * 20), [(15, None)]),
    ("… until it moves", FLAT, [*course([600.0] * 20), read(20, 604)], [(15, 20)]),
    ("a value that moves is not flat", FLAT, course([600.0, 601, 604] * 8), []),
    ("1500 ppm within ten minutes", SOON, course([780, 840, 900, 960, 1020, 1080, 1140]), [(3, None)]),
    ("… but not from below 800", SOON, course([400 + 60 * m for m in range(7)]), []),
    ("a falling value never rises to it", SOON, course([1400 - 60 * m for m in range(7)]), []),
    ("frost in two hours", FROST, course([2 - m / 60 for m in range(61)]), [(30, None)]),
    ("too slow for a forecast", FROST, course([0.6 - 0.1 * m / 60 for m in range(61)]), []),
    (
        "a meter that counts twice",
        DIFFERENT,
        [read(0, 30), read(0, 30, "b"), read(1, 60), read(1, 30, "b")],
        [(1, None)],
    ),
    ("nothing is judged of drops", DIFFERENT, [read(0, 9), read(0, 1, "b")], []),
    ("a stuck meter", DIFFERENT, [read(0, 0), read(0, 30, "b")], [(0, None)]),
    ("an unknown other is no difference", MISSING, [read(0, 500)], []),
    ("100 kg missing", MISSING, [read(0, 100), read(1, 0, "b"), read(2, 50, "b")], [(1, 2)]),
]


@pytest.mark.parametrize(("rule", "steps", "expected"), [row[1:] for row in COURSES], ids=[row[0] for row in COURSES])
def test_course(rule: kinds.Rule, steps: list[Reading | float], expected: Told) -> None:
    """A rule, what happens, and when its alarms are raised and return."""
    assert [(round(r, 6), None if b is None else round(b, 6)) for r, b in raised(rule, steps)] == [
        (round(r, 6), None if b is None else round(b, 6)) for r, b in expected
    ]


def test_a_limit_may_follow_another_measure() -> None:
    """A bearing 10 K above what is usual; while that is not known, nothing is."""
    rule = kinds.LimitHigh(**common(limit=Moving(measure="b", offset=10), deadband=2))
    assert raised(rule, course([60, 60])) == []
    assert raised(rule, [read(0, 42, "b"), read(1, 52), read(2, 52.1), read(3, 50.1), read(4, 50)]) == [(2, 4)]
    assert raised(rule, [read(0, 42, "b"), read(1, 50), read(2, 39, "b")]) == [(2, None)]


def test_a_baseline_is_a_multiple_of_what_is_usual() -> None:
    """A quarter more than usual, back within 5 % of it."""
    rule = kinds.Baseline(**common(usual="b", factor=1.25, deadband_share=0.05))
    assert raised(rule, [read(0, 2, "b"), read(1, 2.5), read(2, 2.51), read(3, 2.45), read(4, 2.4)]) == [(2, 4)]
    quiet = kinds.Baseline(**common(usual="b", factor=0.5, side="below"))
    assert raised(quiet, [read(0, 2, "b"), read(1, 1.0), read(2, 0.9)]) == [(2, None)]


def test_a_state_may_be_one_of_several() -> None:
    """Lifted, or gone: one is enough; all of `conditions` must hold besides."""
    rule = kinds.State(
        **common(
            conditions=(Condition(measure="c", equals=1),),
            any=(Condition(measure="a", at_least=8), Condition(measure="b", below=23)),
        )
    )
    steps = [read(0, 0), read(0, 40, "b"), read(0, 1, "c"), read(1, 8), read(2, 0), read(3, 22, "b"), read(4, 0, "c")]
    assert raised(rule, steps) == [(1, 2), (3, 4)]
    assert raised(rule, [read(0, 8), read(1, 1, "c")]) == [(1, None)]


def test_a_condition_may_compare_two_measures() -> None:
    """A leaf colder than the dew point."""
    rule = kinds.State(**common(conditions=(Condition(measure="a", below=0, than="b"),)))
    assert raised(rule, [read(0, 18), read(1, 17, "b"), read(2, 18.5, "b"), read(3, 19)]) == [(2, 3)]


def test_further_conditions_hold_at_once_with_the_rule() -> None:
    """Whatever they are, an unknown one raises nothing."""
    rule = high(when=(Condition(measure="b", below=1),))
    assert raised(rule, [read(0, 5)]) == []
    assert raised(rule, [read(0, 5), read(1, 0, "b"), read(2, 1, "b")]) == [(1, 2)]


NIGHT = Hours(start="22:00", end="05:00")


def test_a_rule_is_judged_within_its_hours_only() -> None:
    """The delay starts when they begin, to the minute, whoever notices; an alarm stays when they end."""
    rule = high(during=(NIGHT,), on_delay_s=30 * MIN)
    assert raised(rule, course([5] * 16, every=60, start=360), [22 * 60 + 29.0]) == []
    assert raised(rule, course([5] * 16, every=60, start=360), [22 * 60 + 31.0]) == [(22 * 60 + 30, None)]
    assert raised(rule, course([5] * 24, every=60, start=360), [read(30 * 60, 1)]) == [(22 * 60 + 30, None)]
    assert raised(rule, [read(21 * 60 + 59, 5), read(22 * 60 + 40, 5)]) == [(22 * 60 + 30, None)]


def test_hours_know_weekdays_and_months() -> None:
    """A night belongs to the day it starts on; several hours are each enough."""
    monday = high(during=(Hours(start="22:00", end="05:00", days=("mon",)),))
    assert raised(monday, [read(25 * 60, 5)]) == [(25 * 60, None)]
    assert raised(monday, [read(23 * 60 + 24 * 60, 5)]) == []
    assert raised(high(during=(NIGHT, Hours(days=("tue",)))), [read(36 * 60, 5)]) == [(36 * 60, None)]
    assert raised(high(during=(Hours(months=(11,)),)), [read(0, 5)]) == [(0, None)]
    assert raised(high(during=(Hours(months=(4, 5)),)), [read(0, 5)]) == []


def test_a_simulated_run_plays_its_own_day() -> None:
    """Monday's messages of a run that plays a Saturday in April are judged as Saturday's in April."""
    rule = high(during=(Hours(days=("sat",), months=(4,)),))
    calendar = Calendar()
    calendar.plays(RUN, {"plant": 138})
    assert calendar.local(f"plant/{RUN}", read(0, 0).time).strftime("%a %m") == "Sat 04"
    assert told(play(engine(Plant(rules=[rule]), calendar), [read(0, 5)])) == [(0, None)]


def test_reports_confirm_and_the_delay_counts_besides() -> None:
    """Two closed-hours reports above 300 L/h; the second decides the moment."""
    rule = high(confirm=2)
    assert raised(rule, course([5, 5], every=15)) == [(15, None)]
    assert raised(rule, course([5, 3, 5], every=15)) == []
    slow = high(confirm=2, on_delay_s=30 * MIN)
    assert raised(slow, course([5, 5], every=15), [29.0]) == []
    assert raised(slow, course([5, 5], every=15), [31.0]) == [(30, None)]
    assert raised(slow, [read(0, 5), read(40, 5)]) == [(40, None)]


def test_another_measures_report_confirms_nothing() -> None:
    """Only the rule's own measure does."""
    rule = high(confirm=2, when=(Condition(measure="b", above=0),))
    assert raised(rule, [read(0, 1, "b"), read(1, 5), read(2, 1, "b"), read(3, 2, "b")]) == []


@pytest.mark.parametrize(
    "mask",
    [Mask(measure="b", below=200, say=WORD), Mask(measure="b", above=0.5, say=WORD), Mask(measure="b", say=WORD)],
)
def test_a_mask_may_be_a_level(mask: Mask) -> None:
    """A machine that stands is not judged; its alarm stays."""
    on, off = (1.0, 0.0) if mask.below is None else (0.0, 900.0)
    rule = high(mask=mask, on_delay_s=5 * MIN)
    assert raised(rule, [read(0, off, "b"), read(1, on, "b"), read(2, 5), read(20, off, "b"), 24.0]) == []
    assert raised(rule, [read(0, on, "b"), read(2, 5), read(20, off, "b"), 26.0]) == [(25, None)]


def test_a_latched_alarm_waits_for_somebody() -> None:
    """It returns once its condition is gone and it was acknowledged, in either order; one that comes again goes on."""
    plant = Plant(rules=[high(latched=True)])
    one = engine(plant)
    (alarm,) = play(one, [read(0, 5)])
    assert play(one, course([3, 5, 3], start=1)) == []
    seen = one.acknowledge(alarm.id, read(9, 0).time, "me")
    assert told([seen]) == [(0, 9)]
    other = engine(plant)
    (alarm,) = play(other, [read(0, 5)])
    other.acknowledge(alarm.id, read(1, 0).time, "me")
    assert told(play(other, [read(2, 3)])) == [(0, 2)]


def test_silence_counts_otherwise_on_simulated_runs_and_may_be_urgent_at_night() -> None:
    """A battery device speaks every minute there; in frost nights a missing value is worse."""
    rule = kinds.Silence(
        **common(after_s=50 * MIN, after_sim_s=4 * MIN, never=WORD, urgent="high", urgent_during=(NIGHT,))
    )
    plant = Plant(rules=[rule])
    night = play(engine(plant), [read(0, 1), 5.0])
    assert [(alarm.raised_at, alarm.priority) for alarm in night] == [(read(4, 0).time, "high")]
    day = play(engine(plant), [read(600, 1), 605.0])
    assert [alarm.priority for alarm in day] == ["medium"]


HOUR_FLOW = made("increase", of={"value": "a"}, period="hour")
NEVER_ZERO = kinds.EveryPeriod(
    **common(measure="flow", periods=6, at_least=1, during=(Hours(start="19:00", end="08:00"),))
)
LEAKS = Plant(rules=[NEVER_ZERO], made={"flow": HOUR_FLOW})


def index(litres_an_hour: float, start: float, end: float, first: float = 0) -> list[Reading | float]:
    """Return a meter's whole litres, every quarter of an hour, hours `start` to `end`."""
    return [
        read(60 * start + 15 * n, first + int(litres_an_hour * n / 4 + 1e-9)) for n in range(int(4 * (end - start)) + 1)
    ]


@pytest.mark.parametrize(("litres", "expected"), [(25, [(25 * 60, None)]), (4, [(25 * 60, None)]), (0.5, [])])
def test_water_that_never_stops(litres: float, expected: Told) -> None:
    """A toilet from closing at 19:00 rings at 01:00, after six whole hours; an hour at zero is no leak."""
    assert raised(NEVER_ZERO, index(litres, 12, 42), plant=LEAKS) == expected


def test_one_dry_hour_ends_it() -> None:
    """The first hour at zero returns it to normal."""
    wet, dry = index(25, 12, 27), index(0, 27, 30, first=375)
    assert raised(NEVER_ZERO, wet, dry, plant=LEAKS) == [(25 * 60, 28 * 60)]


def test_an_hour_nobody_heard_of_begins_the_chain_again() -> None:
    """A gap proves neither a leak nor none."""
    before, after = index(25, 12, 22), index(25, 24, 29.5, first=300)
    assert raised(NEVER_ZERO, before, after, plant=replace(LEAKS, silences={"a": 50 * MIN})) == []


def test_bad_values_do_not_confirm_nor_fill_windows() -> None:
    """A fault code is no report."""
    rule = high(confirm=2)
    assert raised(rule, [read(0, 5), read(1, 85, quality=Quality.BAD)]) == []
    assert raised(JUMP, [read(0, 0), read(0.1, 5000, quality=Quality.BAD), read(0.2, 10)]) == []


def test_a_sentence_says_what_the_kind_judged() -> None:
    """Baseline, difference, slope, clock, forecast; in both languages."""
    say = Text("{value} {baseline} {delta} {clock}", "{value} {baseline} {delta} {clock}")
    rule = kinds.Baseline(**common(usual="b", factor=1.25, say=say))
    (alarm,) = play(engine(Plant(rules=[rule])), [read(0, 2, "b"), read(65, 3)])
    assert alarm.texts == {"fr": "3,0 2,0 1,0 1\u00a0h\u00a005", "en": "3.0 2.0 1.0 01:05"}
    ahead = kinds.Forecast(**common(limit=0.5, within_s=7200, window_s=3600, say=Text("{eta} {clock}", "{clock}")))
    (alarm,) = play(engine(Plant(rules=[ahead])), course([2 - m / 60 for m in range(31)]))
    assert alarm.texts == {"fr": "1\u00a0h\u00a01\u00a0h\u00a030", "en": "01:30"}
