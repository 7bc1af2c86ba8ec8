"""A table's own run is judged by its own devices, and by nobody else's."""

from collections.abc import Mapping, Sequence

import pytest
from msgspec import Struct
from msgspec.structs import replace

from hub.model import NS, REAL, Alarm, Quality, Reading, TimeSource
from hub.rules import kinds
from hub.rules.casting import Taken
from hub.rules.engine import KEPT_RUNS, KEPT_SEATS, Engine
from hub.rules.wording import Text

START = 1_763_969_400 * NS
RUN = "shop-20251124t073000z-abcd"
PROBE = "acme:sim-probe"
AIR = Text("Air", "Air")


class Shop(Struct, frozen=True):
    """A use case in memory: one probe, and the rule "above 4 °C, back at 3.5 °C"."""

    name: str = "shop"
    place: Text = AIR
    silence_s: float | None = None

    @property
    def functions(self) -> Mapping[str, kinds.Function]:
        """None of its own."""
        return {}

    @property
    def roles(self) -> Mapping[str, kinds.Role]:
        """One probe."""
        return {"probe": kinds.Role(title=AIR, kind=AIR, family="acme", simulated="sim-probe")}

    @property
    def measures(self) -> Mapping[str, kinds.Measure]:
        """A temperature."""
        return {"air": kinds.Measure(title=AIR, role="probe", channel="t", unit="°C")}

    @property
    def all_rules(self) -> Sequence[kinds.Rule]:
        """One."""
        return [kinds.LimitHigh(id="high", title=AIR, measure="air", priority="low", say=AIR, limit=4, deadband=0.5)]


def run_of(table: int, number: int = 0) -> str:
    """Return the id of a table's run."""
    return f"shop-20251124t0731{number:02}z-00{table:02}"


def own(table: int) -> str:
    """Return the uid of a table's probe."""
    return f"{PROBE}-t{table}"


def read(value: float, minute: float = 0, *, device: str = PROBE, run: str = RUN) -> Reading:
    """Return a reading of the air."""
    time = START + int(60 * minute * NS)
    return Reading(device, "t", "°C", value, time, time, TimeSource.DEVICE, Quality.GOOD, run, 0)


def at(table: int, value: float, minute: float = 0) -> Reading:
    """Return a reading at a table."""
    return read(value, minute, device=own(table), run=run_of(table))


@pytest.fixture
def engine() -> Engine:
    """Lend an engine with the rule "above 4 °C" and tables 1 to 3."""
    found = Engine([Shop()])
    for table in (1, 2, 3):
        found.seat(run_of(table), table, {own(table): PROBE})
    return found


def raised(alarms: Sequence[Alarm]) -> list[tuple[str, str]]:
    """Return run and device of each alarm."""
    return [(alarm.run, alarm.device) for alarm in alarms]


def test_an_alarm_of_one_table_is_no_other_tables(engine: Engine) -> None:
    """Table 2 is too warm: its own device is named, on its own run, and the others know nothing of it."""
    alarms = engine.step([read(3.0), at(1, 3.1), at(2, 7.0), at(3, 3.2)])
    assert raised(alarms) == [(run_of(2), own(2))]
    seen = {table: engine.view("shop", run_of(table), START) for table in (1, 2, 3)}
    assert {table: view and view.measures["air"].value for table, view in seen.items()} == {1: 3.1, 2: 7.0, 3: 3.2}
    assert engine.runs("shop", table=0) == [RUN]


def test_what_the_room_does_raises_nothing_at_a_table(engine: Engine) -> None:
    """Nor the other way round: acknowledging, returning, ending."""
    engine.step([at(1, 3.0)])
    assert raised(engine.step([read(9.0, 1)])) == [(RUN, PROBE)]
    (alarm,) = engine.step([at(1, 8.0, 2)])
    engine.acknowledge(alarm.id, START, "table 1")
    states = {each.run: each.acknowledged_by for each in engine.alarms()}
    assert states == {RUN: None, run_of(1): "table 1"}
    engine.end_run(RUN)
    assert [each.run for each in engine.alarms()] == [run_of(1)]


def test_the_room_is_never_shown_on_a_tables_run(engine: Engine) -> None:
    """However young that is; and each table is on its own newest."""
    engine.step([read(3.0), at(1, 3.0), at(2, 3.0)])
    again = run_of(1, 1)
    engine.seat(again, 1, {own(1): PROBE})
    engine.step([read(3.0, 5, device=own(1), run=again)])
    assert engine.runs("shop", table=0)[-1] == RUN
    assert engine.seats() == {1: ("shop", again), 2: ("shop", run_of(2))}


def test_a_real_device_in_the_room_takes_nothing_from_a_table(engine: Engine) -> None:
    """The room goes to its real probe; the tables go on with what they know."""
    engine.step([at(1, 5.0)])
    engine.recast({"shop": {"probe": Taken(device="acme:kitchen", channels={"air": "t"})}}, START)
    assert [each.run for each in engine.alarms()] == [run_of(1)]
    assert raised(engine.step([at(2, 6.0, 1)])) == [(run_of(2), own(2))]
    engine.step([read(3.0, 1, device="acme:kitchen", run=REAL)])
    assert engine.runs("shop", table=0) == [REAL]


def test_many_runs_of_one_table_push_nobody_out(engine: Engine) -> None:
    """What is remembered at once is counted for each by itself."""
    engine.step([read(3.0), at(2, 3.0)])
    for number in range(KEPT_RUNS + 3):
        engine.seat(run_of(1, number), 1, {own(1): PROBE})
        engine.step([read(3.0, number, device=own(1), run=run_of(1, number))])
    assert len(engine.runs("shop", table=1)) == KEPT_RUNS
    assert (engine.runs("shop", table=0), engine.runs("shop", table=2)) == ([RUN], [run_of(2)])


def test_a_device_of_no_table_plays_no_role(engine: Engine) -> None:
    """Only what a run said of its devices counts, not what their names look like."""
    assert engine.step([read(9.0, device=own(9), run=run_of(9))]) == []
    assert engine.step([replace(at(1, 9.0), channel="other")]) == []


def test_a_table_goes_on_after_a_restart() -> None:
    """Its memory is its run's, as the room's is."""
    first = Engine([Shop()])
    first.seat(run_of(1), 1, {own(1): PROBE})
    first.step([at(1, 9.0)])
    second = Engine([Shop()], state=first.changed_state())
    second.seat(run_of(1), 1, {own(1): PROBE})
    assert second.seats() == {1: ("shop", run_of(1))}
    assert raised(second.alarms()) == [(run_of(1), own(1))]
    assert [alarm.returned_at is not None for alarm in second.step([at(1, 3.0, 5)])] == [True]


def test_whose_runs_were_is_not_remembered_for_ever() -> None:
    """A season of workshops: the newest, and those that still live, however old."""
    engine = Engine([Shop()])
    engine.seat("oldest", 1, {own(1): PROBE})
    engine.step([read(3.0, device=own(1), run="oldest")])
    for number in range(2 * KEPT_SEATS):
        engine.seat(f"shop-{number}", 2, {})
    assert engine.seats() == {1: ("shop", "oldest")}
    assert len(engine._tables) == KEPT_SEATS + 1
