"""A computed measure's past is what the engine made of the same readings when they came."""

import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from hub.model import NS, Quality, Reading, TimeSource
from hub.rules import kinds
from hub.rules.calendar import Calendar
from hub.rules.clauses import Condition
from hub.rules.engine import Engine
from hub.rules.functions import dew_point
from hub.rules.measures import Measure, Role
from hub.rules.past import curve, lead_s, needed, thinned
from hub.rules.wording import Text

WORD = Text("x", "x")
RUN = "story-20261124t000000z-0000"
START = 1_795_478_400 * NS
AIR = Measure(title=WORD, role="box", channel="air", unit="°C")
HUMIDITY = Measure(title=WORD, role="box", channel="humidity", unit="%")


def made(function: str, **more: object) -> Measure:
    """Return a measure computed from the air."""
    return Measure(title=WORD, function=function, of={"value": "air"}, **more)  # type: ignore[arg-type]


class Book(Struct, kw_only=True):
    """A use case in memory."""

    measures: Mapping[str, Measure]
    name: str = "story"
    place: Text = WORD
    all_rules: Sequence[kinds.Rule] = ()
    functions: Mapping[str, kinds.Function] = {}

    @property
    def roles(self) -> Mapping[str, Role]:
        """One device."""
        return {"box": Role(title=WORD, kind=WORD, family="box", simulated="sim")}


BOOK = Book(
    measures={
        "air": AIR,
        "humidity": HUMIDITY,
        "dew": Measure(title=WORD, unit="°C", function="dew_point", of={"temperature": "air", "humidity": "humidity"}),
        "mean": made("mean", window_s=600),
        "top": made("max", period="hour"),
        "risen": made("increase"),
        "usual": made("usual", parameters={"days": 2}),
        "warm": made("mean", period="hour", when=(Condition(measure="humidity", above=50),)),
        "twice": Measure(title=WORD, function="linear", of={"value": "mean"}, parameters={"factor": 2}),
    }
)


def reading(channel: str, time: int, value: float) -> Reading:
    """Return what the box says."""
    unit = BOOK.measures[channel].unit
    return Reading("box:sim", channel, unit, value, time, time, TimeSource.ARRIVAL, Quality.GOOD, RUN, 0)


heard = st.lists(
    st.tuples(st.integers(1, 1500), st.sampled_from(["air", "humidity"]), st.integers(1, 99).map(float)),
    min_size=1,
    max_size=60,
)


@settings(deadline=None, max_examples=60)
@given(steps=heard, name=st.sampled_from(["dew", "mean", "top", "risen", "usual", "warm", "twice"]))
def test_the_past_is_what_the_engine_made_of_it(steps: list[tuple[int, str, float]], name: str) -> None:
    """Each function: what is computed anew ends where the engine stood after each message."""
    engine, said, time = Engine([BOOK]), [], START
    for step, channel, value in steps:
        time += step * NS
        engine.step([reading(channel, time, value)])
        said.append((time, channel, value))
        view = engine.view("story", RUN, time)
        assert view is not None
        told = [each for at, each in curve(BOOK, name, RUN, said, Calendar()) if at <= time]
        assert (told[-1] if told else None) == view.measures[name].good


def test_measures_of_one_message_are_taken_in_together() -> None:
    """The dew point is made of both, not first of one new and one old value."""
    said = [(START, "air", 3.0), (START, "humidity", 60.0), (START + NS, "air", 20.0), (START + NS, "humidity", 50.0)]
    found = curve(BOOK, "dew", RUN, said, Calendar())
    assert [at for at, _ in found] == [START, START + NS]
    assert found[1][1] == pytest.approx(dew_point(temperature=20, humidity=50))


def test_a_gap_in_what_it_is_made_of_is_a_gap() -> None:
    """Until both are heard again; what is heard itself has it too."""
    said = [
        (START, "air", 3.0),
        (START, "humidity", 60.0),
        (START + NS, "humidity", None),
        (START + 2 * NS, "air", 4.0),
    ]
    assert [value is None for _, value in curve(BOOK, "dew", RUN, said, Calendar())] == [False, True]
    assert curve(BOOK, "air", RUN, [(START, "air", 1.0), (START + 1, "air", None)], Calendar())[-1] == (START + 1, None)


def test_what_it_needs_and_from_when() -> None:
    """Its inputs and theirs; its window, two periods, the days it learns from, or everything."""
    assert [*needed(BOOK, "twice")] == ["air", "mean", "twice"]
    assert [*needed(BOOK, "warm")] == ["air", "humidity", "warm"]
    assert lead_s(BOOK, "dew") == 3600
    assert lead_s(BOOK, "twice") == 4200
    assert lead_s(BOOK, "top") == 3600 + 7200
    assert lead_s(BOOK, "usual") == 3600 + 3 * 86_400
    assert lead_s(BOOK, "risen") == math.inf


points = st.lists(st.one_of(st.none(), st.integers(-9, 9).map(float)), max_size=200)


@given(values=points, width=st.integers(1, 30))
def test_thinning_keeps_extremes_order_and_gaps(values: list[float | None], width: int) -> None:
    """At most two points a pixel; a curve never runs through a gap that was thinned out."""
    curve_ = list(enumerate(values))
    found = thinned(curve_, width)
    assert len(found) <= max(2 * width, 2)
    assert found == sorted(set(found))
    assert set(found) <= set(curve_)
    assert (None in values) == (None in [value for _, value in found])
    known = [value for value in values if value is not None]
    if None not in values and known:
        kept = [value for _, value in found if value is not None]
        assert (min(known), max(known)) == (min(kept), max(kept))
