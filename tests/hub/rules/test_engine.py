"""Readings and time in, alarms out: what IEC 62682 calls delay, deadband, acknowledge and return to normal."""

from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from hub.errors import NotFoundError
from hub.model import NS, REAL, Alarm, AlarmState, Quality, Reading, TimeSource
from hub.rules import kinds
from hub.rules.casting import Taken
from hub.rules.engine import Engine
from hub.rules.wording import Text

MIN = 60
START = 1_763_969_400 * NS
RUN = "shop-20251124t073000-abcd"
WORD = Text("{measure} {value} {limit} {since}", "{measure} {value} {limit} {since}")


class Shop(Struct, kw_only=True):
    """A use case in memory."""

    rules: Sequence[kinds.Rule]
    name: str = "shop"
    place: Text = Text("la boutique", "the shop")
    silence_s: float | None = None
    functions: Mapping[str, kinds.Function] = {}

    @property
    def roles(self) -> Mapping[str, kinds.Role]:
        """One probe, one switch."""
        words = Text("Sonde", "Probe")
        return {
            "probe": kinds.Role(title=words, kind=words, family="acme", simulated="sim-probe"),
            "switch": kinds.Role(title=words, kind=words, family="acme", simulated="sim-switch"),
        }

    @property
    def measures(self) -> Mapping[str, kinds.Measure]:
        """A temperature, a power in kW, a contact that is 1 when closed."""
        title = Text("Air", "Air")
        return {
            "air": kinds.Measure(title=title, role="probe", channel="t", unit="°C", silence_s=self.silence_s),
            "power": kinds.Measure(title=title, role="switch", channel="power", unit="kW"),
            "open": kinds.Measure(title=title, role="switch", channel="contact", inverted=True),
        }

    @property
    def all_rules(self) -> Sequence[kinds.Rule]:
        """The rules."""
        return self.rules


def high(on_delay_s: float = 0, off_delay_s: float = 0, mask: kinds.Mask | None = None) -> kinds.LimitHigh:
    """Return a rule: above 4 °C, back at 3.5 °C."""
    return kinds.LimitHigh(
        id="high",
        title=WORD,
        measure="air",
        priority="medium",
        say=WORD,
        limit=4.0,
        deadband=0.5,
        on_delay_s=on_delay_s,
        off_delay_s=off_delay_s,
        mask=mask,
    )


def silence(after_s: float) -> kinds.Silence:
    """Return a rule of silence on the air."""
    return kinds.Silence(id="silence", title=WORD, measure="air", priority="low", say=WORD, never=WORD, after_s=after_s)


def read(minute: float, value: float, channel: str = "t", quality: Quality = Quality.GOOD, **other: object) -> Reading:
    """Return a reading of the simulated devices, `minute` after the start."""
    device = "acme:sim-probe" if channel == "t" else "acme:sim-switch"
    unit = {"t": "°C", "power": "W", "contact": None}[channel]
    time = START + int(minute * MIN * NS)
    plain = Reading(device, channel, unit, value, time, time, TimeSource.DEVICE, quality, RUN, 0)
    return replace(plain, **other)


def told(alarms: Iterable[Alarm]) -> list[tuple[float, float | None]]:
    """Return when each alarm was raised and when it returned to normal [min]; one line an alarm."""
    newest = {alarm.id: alarm for alarm in alarms}
    return [(minute(alarm.raised_at), minute(alarm.returned_at)) for alarm in newest.values()]  # type: ignore[misc]


def minute(time: int | None) -> float | None:
    """Return a time as minutes after the start."""
    return None if time is None else (time - START) / MIN / NS


def play(engine: Engine, course: Iterable[Reading | float]) -> list[Alarm]:
    """Step through readings; a bare number is the clock's tick at that minute."""
    changed: list[Alarm] = []
    for each in course:
        if isinstance(each, Reading):
            changed += engine.step([each])
        else:
            changed += engine.tick(RUN, START + int(each * MIN * NS))
    return changed


COURSES: list[tuple[str, kinds.Rule, list[Reading | float], list[tuple[float, float | None]]]] = [
    ("a delivery is no incident", high(10 * MIN), [read(0, 5.0), read(9, 5.0), read(9.9, 3.0), 60.0], []),
    ("a lasting excess is one", high(10 * MIN), [read(0, 5.0), read(5, 5.0), read(12, 5.0)], [(10, None)]),
    ("the moment is exact, whoever noticed", high(10 * MIN), [read(0, 5.0), 9.0, 11.5], [(10, None)]),
    ("coming back at the last moment is in time", high(10 * MIN), [read(0, 5.0), read(10, 3.0)], []),
    ("the delay starts again after a dip", high(10 * MIN), [read(0, 5.0), read(6, 3.9), read(7, 5.0), 16.0], []),
    ("… from the dip's end", high(10 * MIN), [read(0, 5.0), read(6, 3.9), read(7, 5.0), 18.0], [(17, None)]),
    ("the limit itself is allowed", high(), [read(0, 4.0)], []),
    ("without a delay it rings at once", high(), [read(0, 4.1)], [(0, None)]),
    ("inside the deadband it stays", high(), [read(0, 5.0), read(10, 3.8), read(20, 3.6)], [(0, None)]),
    ("beyond the deadband it returns", high(), [read(0, 5.0), read(10, 3.5)], [(0, 10)]),
    ("the off-delay must be held", high(0, 2 * MIN), [read(0, 5.0), read(10, 3.0), read(11, 3.7), 20.0], [(0, None)]),
    (
        "… and then it returns, with or without a reading",
        high(0, 2 * MIN),
        [read(0, 5.0), read(10, 3.0), 13.0],
        [(0, 12)],
    ),
    ("it may come again", high(), [read(0, 5.0), read(1, 3.0), read(2, 5.0)], [(0, 1), (2, None)]),
    ("a bad value raises nothing", high(), [read(0, 85.0, quality=Quality.BAD)], []),
    ("a bad value returns nothing", high(), [read(0, 5.0), read(1, -127.0, quality=Quality.BAD)], [(0, None)]),
    ("an uncertain value counts", high(), [read(0, 99.0, quality=Quality.UNCERTAIN)], [(0, None)]),
    ("an older value changes nothing", high(), [read(5, 3.0), read(4, 9.0)], []),
    (
        "silence is told when its time is up",
        silence(10 * MIN),
        [read(0, 3.0), read(5, 3.0), 14.9, 16.0],
        [(15, None)],
    ),
    ("silence ends with a value", silence(10 * MIN), [read(0, 3.0), 11.0, read(20, 3.0)], [(10, 20)]),
    (
        "fault codes are no sign of life",
        silence(10 * MIN),
        [read(0, 3.0), *[read(m, 85.0, quality=Quality.BAD) for m in range(1, 12)]],
        [(10, None)],
    ),
    (
        "a probe that never spoke is silent from the first word of its neighbours on",
        silence(10 * MIN),
        [read(0, 1.0, "contact"), 9.0, 11.0],
        [(10, None)],
    ),
    (
        "two seconds of a gap in the past are a line in the past",
        silence(10 * MIN),
        [read(0, 3.0), read(30, 3.0)],
        [(10, 30)],
    ),
]


@pytest.mark.parametrize(("rule", "course", "expected"), [row[1:] for row in COURSES], ids=[row[0] for row in COURSES])
def test_course(rule: kinds.Rule, course: list[Reading | float], expected: list[tuple[float, float | None]]) -> None:
    """A rule, what happens, and when its alarms are raised and return."""
    assert told(play(Engine([Shop(rules=[rule])]), course)) == expected


def test_a_probe_that_never_spoke_is_waited_for_since_the_back_fill_ended() -> None:
    """Not for the fortnight of history that its neighbours have."""
    rule = replace(silence(10 * MIN), never=Text("depuis {age}", "for {age}"))
    engine = Engine([Shop(rules=[rule])])
    engine.step([read(0, 1.0, "contact")], past=True)
    engine.step([read(20_000, 1.0, "contact")], past=True)
    engine.tick(RUN, START + 20_000 * MIN * NS, past=True)
    (alarm,) = engine.tick(RUN, START + 20_010 * MIN * NS)
    assert alarm.params["since_s"] == 600
    assert alarm.texts["fr"] == Text("depuis 10 min", "for 10 min").fr


def test_dense_back_fill_is_silent_as_soon_as_if_it_were_live() -> None:
    """A power cut that is played fast, through the import door, is told after the measure's own limit."""
    engine = Engine([Shop(rules=[silence(10 * MIN)])])
    engine.step([read(at, 3.0) for at in (0, 1, 2)], past=True)
    assert [minute(each.raised_at) for each in engine.tick(RUN, START + 20 * MIN * NS, past=True)] == [12.0]


def test_a_hub_that_starts_again_goes_on_waiting_since_the_back_fill_ended() -> None:
    """Else the alarm of a probe that never spoke would be as old as its neighbours' history."""
    rules = [silence(10 * MIN)]
    engine = Engine([Shop(rules=rules)])
    engine.step([read(0, 1.0, "contact")], past=True)
    engine.tick(RUN, START + 20_000 * MIN * NS, past=True)
    again = Engine([Shop(rules=rules)], state=engine.changed_state())
    (alarm,) = again.tick(RUN, START + 20_011 * MIN * NS)
    assert (minute(alarm.raised_at), alarm.params["since_s"]) == (20_010.0, 600)


def test_thinned_back_fill_is_no_silence_before_three_quarters_of_an_hour() -> None:
    """A value every quarter of an hour is as dense as back-fill has to be; live, ten minutes are enough."""
    engine = Engine([Shop(rules=[silence(10 * MIN)])])
    for at in (0, 15, 59.9):
        assert engine.step([read(at, 3.0)], past=True) == []
    (alarm,) = engine.tick(RUN, START + 106 * MIN * NS, past=True)
    assert alarm.past
    assert minute(alarm.raised_at) == pytest.approx(104.9)
    assert engine.step([read(107, 3.0)])[0].state == AlarmState.NORMAL
    assert [minute(each.raised_at) for each in engine.tick(RUN, START + 120 * MIN * NS)] == [117.0]


def test_a_value_is_believed_until_its_silence_limit() -> None:
    """A delay runs out on the last value as long as it may be believed; later only silence speaks."""
    shop = Shop(rules=[high(15 * MIN)], silence_s=10 * MIN)
    assert told(play(Engine([shop]), [read(0, 5.0), 20.0])) == []
    assert told(play(Engine([shop]), [read(0, 5.0), read(8, 5.0), 20.0])) == [(15, None)]


def test_a_delay_starts_afresh_after_silence() -> None:
    """Nobody knows what happened in between."""
    engine = Engine([Shop(rules=[high(15 * MIN)], silence_s=10 * MIN)])
    assert told(play(engine, [read(0, 5.0), read(30, 5.0), 38.0])) == []
    assert told(play(engine, [read(39, 5.0), 46.0])) == [(45, None)]


DEFROST = kinds.Mask(measure="open", say=WORD, lasting_s=35 * MIN)


def test_a_mask_holds_the_rule_still_and_restarts_its_delay() -> None:
    """Defrost begins after 2 min of excess and stays on: 35 min of mask, then the whole delay."""
    engine = Engine([Shop(rules=[high(5 * MIN, mask=DEFROST)])])
    assert told(play(engine, [read(0, 9.0), read(2, 0, "contact"), *[read(m, 9.0) for m in range(3, 42)]])) == []
    view = engine.view("shop", RUN, START)
    assert view is not None
    assert view.masked == {}
    assert told(play(engine, [read(42, 9.0)])) == [(42, None)]


def test_a_mask_is_visible_while_it_lasts() -> None:
    """The page says so."""
    engine = Engine([Shop(rules=[high(mask=DEFROST)])])
    play(engine, [read(0, 3.0), read(2, 0, "contact"), read(4, 9.0)])
    view = engine.view("shop", RUN, START)
    assert view is not None
    assert view.masked == {"high": START + 2 * MIN * NS}


def test_an_active_alarm_stays_during_a_mask() -> None:
    """A defrost is no return to normal."""
    engine = Engine([Shop(rules=[high(mask=DEFROST)])])
    assert told(play(engine, [read(0, 5.0), read(2, 0, "contact"), read(3, 2.0)])) == [(0, None)]


def test_a_mask_without_a_length_lasts_while_its_measure_does() -> None:
    """It ends with the contact, and the delay starts there."""
    engine = Engine([Shop(rules=[high(5 * MIN, mask=kinds.Mask(measure="open", say=WORD))])])
    course: list[Reading | float] = [read(0, 0, "contact"), read(1, 9.0), read(50, 1, "contact"), 54.0]
    assert told(play(engine, course)) == []
    assert told(play(engine, [56.0])) == [(55, None)]


def two_conditions(on_delay_s: float = 0) -> kinds.State:
    """Return a rule: warm, and no power."""
    return kinds.State(
        id="no_start",
        title=WORD,
        measure="power",
        priority="high",
        say=WORD,
        on_delay_s=on_delay_s,
        conditions=(kinds.Condition(measure="power", below=0.05), kinds.Condition(measure="air", above=4.0)),
    )


def test_all_conditions_must_hold_at_once() -> None:
    """The delay starts with the last of them, in whatever order they come."""
    engine = Engine([Shop(rules=[two_conditions(10 * MIN)])])
    assert told(play(engine, [read(0, 0.0, "power"), read(5, 4.5), read(14, 4.5), 14.9])) == []
    assert told(play(engine, [15.0])) == [(15, None)]
    assert told(play(engine, [read(16, 900.0, "power")])) == [(15, 16)]


def test_an_unknown_condition_is_no_condition() -> None:
    """A power that nobody measured is not zero."""
    assert play(Engine([Shop(rules=[two_conditions()])]), [read(0, 9.0), 60.0]) == []


def test_one_message_is_taken_in_as_a_whole() -> None:
    """A message that says "no power" and "closed" at once never passes through a state that was not."""
    rule = replace(
        two_conditions(),
        conditions=(kinds.Condition(measure="power", below=0.05), kinds.Condition(measure="open", equals=1)),
    )
    engine = Engine([Shop(rules=[rule])])
    engine.step([read(0, 900.0, "power"), read(0, 0, "contact")])
    assert engine.step([read(1, 0.0, "power"), read(1, 1, "contact")]) == []


def test_a_slope_is_told() -> None:
    """One kelvin a minute over three minutes is more than 0.8."""
    rule = kinds.Rate(id="rate", title=WORD, measure="air", priority="low", say=WORD, limit=0.8, window_s=180)
    engine = Engine([Shop(rules=[rule])])
    steady = [read(m / 6, 3.0) for m in range(18)]
    assert play(engine, steady) == []
    rising = [read(3 + m / 6, 3.0 + m / 6) for m in range(24)]
    ((raised, returned),) = told(play(engine, rising))
    assert 2 / 3 < raised - 3 < 3
    assert returned is None


def test_a_share_needs_its_window_and_remembers_only_changes() -> None:
    """Two hours at full power are 100 %, but the first minutes say nothing yet."""
    rule = kinds.Share(
        id="duty",
        title=WORD,
        measure="power",
        priority="low",
        say=WORD,
        limit=50,
        above=0.05,
        window_s=7200,
        deadband=10,
    )
    engine = Engine([Shop(rules=[rule])])
    assert play(engine, [read(m, 1000.0, "power") for m in range(100)]) == []
    ((raised, _),) = told(play(engine, [read(m, 1000.0, "power") for m in range(100, 130)]))
    assert raised == 108
    view = engine.view("shop", RUN, START)
    assert view is not None
    assert view.quantities["duty"] == 100
    assert told(play(engine, [read(m, 0.0, "power") for m in range(130, 205)])) == [(108, 202)]
    assert len(next(iter(engine._cases.values())).memory.courses["duty"].spans) <= 2


def test_a_forecast_uses_the_use_cases_own_function() -> None:
    """It gets the mean of its window, its limit and its hypotheses by name."""
    asked: list[dict[str, float]] = []

    def ahead(**values: float) -> float | None:
        asked.append(values)
        return None if values["air"] < 4 else 1800.0

    rule = kinds.Forecast(
        id="ahead",
        title=WORD,
        measure="air",
        priority="high",
        say=Text("{eta}", "{eta}"),
        function="ahead",
        limit=6.0,
        within_s=3600,
        means={"air": 600},
        parameters={"tau_s": 40_000},
    )
    engine = Engine([Shop(rules=[rule], functions={"ahead": ahead})])
    changed = play(engine, [read(0, 3.0), read(5, 5.0), read(10, 5.0)])
    assert asked[1] == {"air": 4.0, "limit": 6.0, "tau_s": 40_000}
    assert told(changed) == [(5, None)]
    assert changed[0].texts == {"fr": "30\u00a0min", "en": "30\u00a0min"}


def test_units_are_those_of_the_measure() -> None:
    """A channel in W is judged and shown in kW, a closed contact as an open door."""
    engine = Engine([Shop(rules=[two_conditions()])])
    play(engine, [read(0, 1500.0, "power"), read(0, 1.0, "contact"), read(0, 3.0, unit="W")])
    view = engine.view("shop", RUN, START)
    assert view is not None
    assert (view.measures["power"].value, view.measures["open"].value, view.measures["air"].value) == (1.5, 0.0, None)


def test_an_alarm_says_what_it_was_made_of() -> None:
    """Its sentence is the one of the moment it was raised, and its values travel with it."""
    (alarm,) = play(Engine([Shop(rules=[high(15 * MIN)])]), [read(0, 5.0), read(10, 7.25), 16.0])
    assert alarm.id == f"shop.high-{RUN}-{(START + 900 * NS) // 1_000_000}"
    assert alarm.texts["fr"] == "Air 7,2\u202f°C +4\u202f°C 15\u00a0min"
    assert alarm.texts["en"] == "Air 7.2\u00a0°C +4\u00a0°C 15\u00a0min"
    assert alarm.params == {"air": 7.25, "value": 7.25, "limit": 4.0, "since_s": 900}
    assert (alarm.device, alarm.measure, alarm.priority, alarm.past) == ("acme:sim-probe", "air", "medium", False)


def test_back_fill_rings_nobody() -> None:
    """What it raises is marked past; what is raised live is not."""
    engine = Engine([Shop(rules=[high()])])
    (past,) = engine.step([read(0, 5.0)], past=True)
    assert past.past
    (returned,) = engine.step([read(5, 3.0)], past=True)
    assert returned.state is AlarmState.NORMAL
    (live,) = engine.step([read(6, 5.0)])
    assert not live.past


def test_acknowledging_keeps_the_alarm() -> None:
    """Raised, acknowledged, returned: each step is kept, and the first acknowledgement stays."""
    engine = Engine([Shop(rules=[high()])])
    (alarm,) = engine.step([read(0, 5.0)])
    seen = engine.acknowledge(alarm.id, START + 60 * NS, "table 3", "Je ferme la porte.")
    assert (seen.state, seen.acknowledged_by, seen.comment) == ("acknowledged", "table 3", "Je ferme la porte.")
    assert engine.acknowledge(alarm.id, START + 90 * NS, "somebody else") == seen
    (over,) = engine.step([read(5, 3.0)])
    assert (over.state, over.acknowledged_at) == ("normal", seen.acknowledged_at)
    assert engine.alarms() == []


def test_what_nobody_saw_stays_on_the_list() -> None:
    """Returned to normal but unacknowledged."""
    engine = Engine([Shop(rules=[high()])])
    engine.step([read(0, 5.0), read(5, 3.0)])
    (alarm,) = engine.alarms()
    assert alarm.state is AlarmState.RETURNED
    assert engine.acknowledge(alarm.id, START, "me").state is AlarmState.NORMAL


def test_an_alarm_that_the_rules_let_go_can_still_be_acknowledged() -> None:
    """The store has it; one that nobody has is refused by name."""
    engine = Engine([Shop(rules=[high()])])
    (alarm,) = engine.step([read(0, 5.0)])
    engine.end_run(RUN)
    assert engine.alarms() == []
    assert engine.acknowledge(alarm.id, START, "me", stored=alarm).state is AlarmState.ACKNOWLEDGED
    with pytest.raises(NotFoundError, match="shop"):
        engine.acknowledge(alarm.id, START, "me")


def test_a_new_run_starts_afresh() -> None:
    """Each run has its own rules' state; ending one forgets it, here and in the store."""
    engine = Engine([Shop(rules=[high(10 * MIN)])])
    engine.step([read(0, 5.0)])
    other = "shop-20251125t073000-0001"
    assert engine.step([read(11, 5.0, run=other)]) == []
    assert engine.runs("shop") == [RUN, other]
    assert set(engine.changed_state()) == {f"shop/{RUN}", f"shop/{other}"}
    engine.end_run(RUN)
    assert engine.changed_state() == {f"shop/{RUN}": b""}
    assert engine.runs() == [other]


def test_the_newest_run_is_the_last_after_a_restart_too() -> None:
    """In the order they were heard, whatever their names; runs that never ended are forgotten, oldest first."""
    engine = Engine([Shop(rules=[high()])])
    runs = [f"shop-{9 - n}" for n in range(9)]
    for run in runs:
        engine.step([read(0, 5.0, run=run)])
    state = dict(sorted(engine.changed_state().items()))
    assert state.pop("shop/shop-9") == b""
    assert Engine([Shop(rules=[high()])], state=state).runs() == engine.runs() == runs[1:]


def test_a_real_device_takes_no_role_by_itself() -> None:
    """Neither under the simulated one's name, nor another; once bound, it plays on the real timeline only."""
    reading = read(0, 5.0, run=REAL)
    assert Engine([Shop(rules=[high()])]).step([reading]) == []
    mine = replace(reading, device="acme:mine")
    engine = Engine([Shop(rules=[high()])], {"shop": {"probe": Taken(device="acme:mine", channels={"air": "t"})}})
    (alarm,) = engine.step([reading, mine])
    assert (alarm.device, alarm.run) == ("acme:mine", REAL)


def test_a_late_reading_sets_the_level_but_no_slope() -> None:
    """Nobody knows when it was measured."""
    rate = kinds.Rate(id="rate", title=WORD, measure="air", priority="low", say=WORD, limit=0.8, window_s=180)
    late = [read(m / 6, 5.0 + m, time_source=TimeSource.LATE) for m in range(18)]
    assert [alarm.rule for alarm in play(Engine([Shop(rules=[rate, high()])]), late)] == ["high"]


def test_only_what_changed_is_handed_to_the_store() -> None:
    """A second call right after gives nothing, and readings that no rule concerns change nothing."""
    engine = Engine([Shop(rules=[high()])])
    engine.step([read(0, 5.0)])
    assert list(engine.changed_state()) == [f"shop/{RUN}"]
    engine.step([read(1, 5.0, device="acme:another")])
    engine.tick(RUN, START)
    assert engine.changed_state() == {}


def test_an_unreadable_memory_starts_afresh() -> None:
    """What another version wrote stops nobody."""
    engine = Engine([Shop(rules=[high()])], state={"shop/x": b"\xc1", "shop/y": b"", "gone/z": b"\x80"})
    assert engine.runs() == []


RULES: list[kinds.Rule] = [
    high(3 * MIN, 2 * MIN, kinds.Mask(measure="open", say=WORD, lasting_s=4 * MIN)),
    two_conditions(2 * MIN),
    silence(5 * MIN),
    kinds.Rate(id="rate", title=WORD, measure="air", priority="low", say=WORD, limit=0.5, window_s=180, deadband=0.2),
    kinds.Share(id="duty", title=WORD, measure="power", priority="low", say=WORD, limit=50, above=0.5, window_s=600),
]
values = {"t": st.floats(0, 9), "power": st.sampled_from([0.0, 900.0]), "contact": st.sampled_from([0.0, 1.0])}
happenings = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 200), st.none(), st.just(0.0), st.just(Quality.GOOD)),
        *[st.tuples(st.integers(0, 200), st.just(c), v, st.sampled_from(Quality)) for c, v in values.items()],
    ),
    max_size=60,
)


def steps(happened: list[tuple[int, str | None, float, Quality]]) -> list[Reading | float]:
    """Turn (seconds later, channel or tick, value, quality) into a course."""
    course: list[Reading | float] = []
    second = 0
    for later, channel, value, quality in happened:
        second += later
        course.append(second / 60 if channel is None else read(second / 60, value, channel, quality))
    return course


@given(happened=happenings)
@settings(max_examples=150, deadline=None)
def test_a_rule_never_has_two_active_alarms(happened: list[tuple[int, str | None, float, Quality]]) -> None:
    """Nor one that returns before it is raised, and an id means one alarm."""
    alarms: dict[str, Alarm] = {}
    engine = Engine([Shop(rules=RULES, silence_s=5 * MIN)])
    for step in steps(happened):
        for alarm in play(engine, [step]):
            alarms[alarm.id] = alarm
            assert alarm.returned_at is None or alarm.returned_at >= alarm.raised_at
        active = [alarm.rule for alarm in alarms.values() if alarm.returned_at is None]
        assert len(active) == len(set(active))
        assert {a.id for a in engine.alarms() if a.returned_at is None} == {
            a.id for a in alarms.values() if a.returned_at is None
        }


@given(happened=happenings)
@settings(max_examples=100, deadline=None)
def test_a_restart_between_any_two_steps_changes_nothing(
    happened: list[tuple[int, str | None, float, Quality]],
) -> None:
    """The engine that was written and read again at every step tells exactly the same as the one that lived on."""
    shop = Shop(rules=RULES, silence_s=5 * MIN)
    living = Engine([shop])
    kept: dict[str, bytes] = {}
    for step in steps(happened):
        again = Engine([shop], state=kept)
        assert play(again, [step]) == play(living, [step])
        kept |= again.changed_state()


def test_ten_thousand_readings_that_concern_nobody_cost_nothing() -> None:
    """One look-up each: the engine is not even entered (the figure is in the report, not in a test)."""
    engine = Engine([Shop(rules=RULES)])
    strangers = [read(0, 1.0, device=f"acme:{n}") for n in range(10_000)]
    assert engine.step(strangers) == []
    assert engine.runs() == []
