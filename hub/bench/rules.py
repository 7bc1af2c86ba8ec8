"""What a rule costs each time one of its measures says something, by kind; and what a computed measure costs."""

import math
import time
from collections.abc import Mapping, Sequence
from statistics import median

from msgspec import Struct, field

from hub.model import NS, Quality, Reading, TimeSource
from hub.rules import kinds
from hub.rules.clauses import Condition, Hours, Mask
from hub.rules.engine import Engine
from hub.rules.measures import Measure, Role
from hub.rules.wording import Text
from hub.usecases import find

GATES = {"slowest_kind_us": ("<=", 5.0), "cold_room_us": ("<=", 5.0)}
RULES = 10
"""Rules of one kind on one measure: what the reading itself costs is shared between them, as in a use case."""
PASSES, TURNS = 9, 20_000
"""Passes over each course, and turns of the loop beside each."""
PERIOD_S = 10
START = 1_763_942_400 * NS
RUN = "bench-20251124t000000z-0000"
_WORD = Text("{value}", "{value}")
_HEAR = {"a": Measure(title=_WORD, role="box", channel="a"), "b": Measure(title=_WORD, role="box", channel="b")}


class Bench(Struct, kw_only=True):
    """A use case in memory."""

    rules: Sequence[kinds.Rule]
    made: Mapping[str, Measure] = {}
    name: str = "bench"
    place: Text = _WORD
    functions: Mapping[str, kinds.Function] = {}

    @property
    def roles(self) -> Mapping[str, Role]:
        """One device."""
        return {"box": Role(title=_WORD, kind=_WORD, family="bench", simulated="sim-box")}

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Two channels, and what is computed of them."""
        return {**_HEAR, **self.made}

    @property
    def all_rules(self) -> Sequence[kinds.Rule]:
        """The rules."""
        return self.rules


def _kinds(name: str) -> dict[str, kinds.Rule]:
    """Return one rule of each kind, under that id."""
    base = {"id": name, "title": _WORD, "measure": "a", "priority": "low", "say": _WORD, "on_delay_s": 60.0}
    made: dict[str, kinds.Rule] = {
        "limit": kinds.LimitHigh(**base, limit=4.0, deadband=0.5),  # type: ignore[arg-type]
        "limit_with_mask_and_hours": kinds.LimitHigh(
            **base,  # type: ignore[arg-type]
            limit=4.0,
            during=(Hours(start="22:00", end="05:00"),),
            mask=Mask(measure="b", say=_WORD),
        ),
        "band": kinds.Band(**base, low=1.0, high=4.0),  # type: ignore[arg-type]
        "rate_3_min": kinds.Rate(**base, limit=0.8, window_s=180),  # type: ignore[arg-type]
        "rate_1_h": kinds.Rate(**base, limit=0.8, window_s=3600, per="hour"),  # type: ignore[arg-type]
        "change": kinds.Change(**base, falls=9, window_s=900),  # type: ignore[arg-type]
        "share_2_h": kinds.Share(**base, limit=50, above=3.0, window_s=7200),  # type: ignore[arg-type]
        "forecast": kinds.Forecast(**base, limit=9.0, within_s=3600, window_s=600),  # type: ignore[arg-type]
        "state": kinds.State(
            **base,  # type: ignore[arg-type]
            conditions=(Condition(measure="a", above=3.0), Condition(measure="b", equals=0.0)),
        ),
        "baseline": kinds.Baseline(**base, usual="b", factor=1.2),  # type: ignore[arg-type]
        "balance": kinds.Balance(**base, against="b", high=9.0),  # type: ignore[arg-type]
        "flatline": kinds.Flatline(**base, range=0.1, window_s=900),  # type: ignore[arg-type]
        "silence": kinds.Silence(**base, after_s=600.0, never=_WORD),  # type: ignore[arg-type]
    }
    return made


_MADE = {
    "mean_30_min": Measure(title=_WORD, function="mean", of={"value": "a"}, window_s=1800),
    "increase_of_the_hour": Measure(title=_WORD, function="increase", of={"value": "a"}, period="hour"),
    "usual": Measure(title=_WORD, function="usual", of={"value": "a"}),
    "difference": Measure(title=_WORD, function="difference", of={"a": "a", "b": "b"}),
}


class Case(Struct):
    """A use case and what it hears; `among`: over how many rules the cost is divided; `passes`: see `_pass`."""

    book: kinds.Book
    course: Sequence[Reading]
    among: int = 1
    passes: list[float] = field(default_factory=list)


def measure(readings: int = 2000) -> dict[str, float]:
    """Return microseconds a reading and rule: the dearest kind, the cold room's, each kind, each computed measure.

    A pass of each case follows a pass of every other, and of each the median counts: a moment in which the machine is
    slow makes no kind dear. `machine_loop_ns` is what a turn of a plain loop takes here, to compare machines by; the
    same loop runs beside each pass, which is told at the speed of the quickest: CPU time too is longer while something
    else keeps the other half of the core busy.
    """
    cases = {**_cases(readings), "cold_room": _cold_room(readings)}
    loops: list[float] = []
    for _ in range(PASSES):
        for case in cases.values():
            taken, loop = _pass(case), _loop()
            case.passes.append(taken / loop)
            loops.append(loop)
    machine = min(loops)
    cost = {name: median(case.passes) * machine / case.among for name, case in cases.items()}
    plain = cost.pop("plain")
    made = {f"computed_{name}_us": max(cost.pop(name) - plain, 0.0) for name in _MADE}
    slowest = max(value for name, value in cost.items() if name != "cold_room")
    told = {f"{name}_us": value for name, value in cost.items()}
    return {"slowest_kind_us": slowest, "machine_loop_ns": machine * 1000} | told | made


def _cases(readings: int) -> dict[str, Case]:
    """Return a case for each kind of rule, for each computed measure, and for a use case with neither."""
    course = [_reading(n, "a", 3.0 + 2 * math.sin(n / 40)) for n in range(readings)]
    rules = {kind: [_kinds(f"r{n}")[kind] for n in range(RULES)] for kind in _kinds("r")}
    return {
        **{kind: Case(Bench(rules=each), course, RULES) for kind, each in rules.items()},
        **{name: Case(Bench(rules=[], made={name: made}), course) for name, made in _MADE.items()},
        "plain": Case(Bench(rules=[]), course),
    }


def _reading(n: int, channel: str, value: float, device: str = "bench:sim-box", unit: str | None = None) -> Reading:
    at = START + n * PERIOD_S * NS
    return Reading(device, channel, unit, value, at, at, TimeSource.DEVICE, Quality.GOOD, RUN, 0)


def _pass(case: Case) -> float:
    """Return CPU time [µs] a reading of one pass over the course, from the beginning."""
    engine = Engine([case.book])
    engine.step([_reading(0, "b", 0.0)])
    start = time.thread_time()
    for reading in case.course:
        engine.step([reading])
    return (time.thread_time() - start) / len(case.course) * 1e6


def _loop() -> float:
    """Return CPU time [µs] a turn of a loop that adds and multiplies: how quick the machine is at this moment."""
    start, total = time.thread_time(), 0.0
    for n in range(TURNS):
        total += n * 0.5
    return (time.thread_time() - start) / TURNS * 1e6


def _cold_room(readings: int) -> Case:
    """Return its air, with all rules that look at it."""
    room = find("cold_room")
    concerned = [rule for rule in room.all_rules if "air" in kinds.watches(rule)]
    air = room.measures["air"]
    device = room.roles[air.role].device
    course = [_reading(n, air.channel, 3.0 + 2 * math.sin(n / 40), device, air.unit) for n in range(readings)]
    return Case(room, course, len(concerned))
