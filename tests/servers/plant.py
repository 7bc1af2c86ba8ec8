"""A use case in memory, and words that rules, courses and alarms need in tests."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hub.model import NS, Alarm, Quality, Reading, TimeSource
from hub.rules import kinds
from hub.rules.calendar import Calendar
from hub.rules.engine import Engine
from hub.rules.kinds import Measure, Role
from hub.rules.wording import Text

MIN = 60
START = 1_763_942_400 * NS
"""Monday, 24 November 2025, 00:00 UTC."""
RUN = "plant-20251124t000000z-abcd"
WORD = Text("{measure} {value} {limit} {since}", "{measure} {value} {limit} {since}")
TITLE = Text("Air", "Air")


class Plant(Struct, kw_only=True):
    """A use case of measures a, b, c without unit, heard from one device, and others made of them."""

    rules: Sequence[kinds.Rule] = ()
    made: Mapping[str, Measure] = {}
    silences: Mapping[str, float] = {}
    functions: Mapping[str, kinds.Function] = {}
    name: str = "plant"
    place: Text = Text("l'usine", "the plant")

    @property
    def roles(self) -> Mapping[str, Role]:
        """One device."""
        return {"box": Role(title=TITLE, kind=TITLE, family="acme", simulated="sim-box")}

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Three channels, and what is made of them."""
        heard = {
            name: Measure(title=Text(name, name), role="box", channel=name, silence_s=self.silences.get(name))
            for name in "abc"
        }
        return heard | dict(self.made)

    @property
    def all_rules(self) -> Sequence[kinds.Rule]:
        """The rules."""
        return self.rules


def common(**other: object) -> dict[str, Any]:
    """Return what every rule needs, with other options."""
    return {"id": "r", "title": TITLE, "measure": "a", "priority": "medium", "say": WORD, **other}


def made(function: str, **options: object) -> Measure:
    """Return a measure computed by a function."""
    return Measure(title=TITLE, function=function, **options)  # type: ignore[arg-type]


def read(minute: float, value: float, channel: str = "a", quality: Quality = Quality.GOOD, **other: object) -> Reading:
    """Return a reading, `minute` after the start."""
    time = START + round(minute * MIN * NS)
    plain = Reading("acme:sim-box", channel, None, value, time, time, TimeSource.DEVICE, quality, RUN, 0)
    return replace(plain, **other)


def minute(time: int | None) -> float | None:
    """Return a time as minutes after the start."""
    return None if time is None else (time - START) / MIN / NS


def told(alarms: Iterable[Alarm]) -> list[tuple[float, float | None]]:
    """Return when each alarm was raised and when it returned to normal [min]; one line an alarm."""
    newest = {alarm.id: alarm for alarm in alarms}
    return [(minute(alarm.raised_at), minute(alarm.returned_at)) for alarm in newest.values()]  # type: ignore[misc]


def play(engine: Engine, course: Iterable[Reading | float]) -> list[Alarm]:
    """Step through readings; a bare number is the clock's tick at that minute."""
    changed: list[Alarm] = []
    for each in course:
        if isinstance(each, Reading):
            changed += engine.step([each])
        else:
            changed += engine.tick(RUN, START + round(each * MIN * NS))
    return changed


def course(values: Sequence[float], *, every: float = 1, start: float = 0, channel: str = "a") -> list[Reading | float]:
    """Return readings, one every `every` minutes from minute `start` on."""
    return [read(start + index * every, value, channel) for index, value in enumerate(values)]


def engine(plant: Plant, calendar: Calendar | None = None) -> Engine:
    """Return an engine with one use case."""
    return Engine([plant], calendar=calendar)


def value_of(engine: Engine, measure: str) -> float | None:
    """Return what a measure is now."""
    view = engine.view("plant", RUN, START)
    assert view is not None
    return view.measures[measure].good
