"""Killed anywhere in an alarm's life, the hub repeats no step of it, skips none, and tells nobody twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.errors import NotFoundError
from hub.kept import Kept
from hub.model import NS, AlarmState, Message
from hub.notify.wishes import Wishes
from hub.store.alarms import Asked, Step
from hub.usecases.schema import UseCase
from servers.acme import AIR, PROBE, SIMULATED, WALL, announcement, beat, imported, said
from servers.workers import Hub, usecases

PRODUCT = "temperature_ds18b20_2"
TOLD = Wishes(least="low", simulated=True, url="http://127.0.0.1/")
Act = Callable[[Hub, float], None]


def latching() -> Mapping[str, UseCase]:
    """Return the cold room with a product alarm that waits for somebody (no bundled use case latches one)."""
    room = usecases()["cold_room"]
    rules = [replace(rule, latched=True) if rule.id == "product_high" else rule for rule in room.rules]
    return {"cold_room": replace(room, rules=rules)}


def probe(second: float, air: float, product: float) -> Message:
    """Return the probe's message."""
    return said(PROBE, second, **{AIR: air, PRODUCT: product})  # type: ignore[arg-type]


def heard(air: float, product: float) -> Act:
    """Return the probe saying so."""
    return lambda hub, second: hub.take(probe(second, air, product))


def ticked(hub: Hub, second: float) -> None:
    """Let the run's time pass."""
    hub.take(beat(second, second))
    hub.tick(second)


def acknowledged(hub: Hub, second: float) -> None:
    """Acknowledge the newest alarm that waits for it."""
    hub.wall = WALL + int(second * NS)
    waiting = [each for each in hub.alarms() if each.acknowledged_at is None]
    if waiting:
        hub.worker.acknowledge(waiting[0].id, "Léa", "seen")


def shelved(hub: Hub, second: float) -> None:
    """Set the newest active alarm aside for five minutes."""
    hub.wall = WALL + int(second * NS)
    active = [each for each in hub.alarms() if each.returned_at is None and each.shelved_until is None]
    if active:
        hub.worker.shelve(active[0].id, 300, "Marie")


ACTS: Sequence[Act] = [
    heard(3.0, 3.0),
    heard(9.0, 3.0),
    heard(9.0, 5.0),
    heard(9.0, 5.0),
    heard(2.0, 2.0),
    ticked,
    ticked,
    acknowledged,
    shelved,
]
LATCH = [(2, 10), (4, 10), (5, 400), (7, 10), (2, 10), (4, 400)]
DELAY = [(1, 10), (5, 60), (1, 60), (5, 60), (1, 60), (5, 60), (1, 60), (5, 10)]
SHELF = [(2, 10), (8, 10), (4, 10), (2, 60), (5, 300), (5, 60), (7, 10)]


TABLES = {"alarm": "*", "alarm_step": "alarm, data", "notice": "way, data", "rule": "*"}


class _KilledError(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


def journal(hub: Hub) -> dict[str, Any]:
    """Return the alarms, their steps, whom they are told to, and what the rules remember."""
    db = hub.kept._state._db
    kept = {
        name: db.execute(f"SELECT {columns} FROM {name} ORDER BY 1, 2").fetchall() for name, columns in TABLES.items()
    }
    return kept | {"cursor": hub.kept.position()}


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    course=st.lists(st.tuples(st.integers(0, len(ACTS) - 1), st.sampled_from([1, 30, 310])), max_size=14),
    kills=st.sets(st.integers(0, 13)),
    inside=st.sets(st.integers(0, 13)),
)
@example(course=LATCH, kills=set(range(14)), inside=set(range(14)))
@example(course=DELAY, kills=set(range(14)), inside=set(range(14)))
@example(course=SHELF, kills=set(range(14)), inside=set(range(14)))
def test_an_alarm_lives_once_however_often_the_hub_is_killed(
    course: list[tuple[int, int]], kills: set[int], inside: set[int]
) -> None:
    """Between two steps, or inside a commit, which then never was: in a delay, a latch, a shelf."""
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        whole, cut = (Hub(Path(folder), latching(), TOLD) for folder in (one, other))
        try:
            for hub in (whole, cut):
                hub.take(announcement())
            second = 0
            for number, (act, step) in enumerate(course):
                second += step
                ACTS[act](whole, second)
                if number in inside:
                    killed(cut, ACTS[act], second)
                    cut.restart()
                    cut.take()
                else:
                    ACTS[act](cut, second)
                if number in kills:
                    cut.restart()
                assert journal(cut) == journal(whole)
        finally:
            whole.kept.close()
            cut.kept.close()


def killed(hub: Hub, act: Act, second: float) -> None:
    """Kill the hub inside the first commit of an act; who asked for it asks again once it is back."""
    real = Kept._note_steps

    def note(kept: Kept, steps: Any) -> None:  # noqa: ANN401 — whatever it takes
        real(kept, list(steps))
        raise _KilledError

    Kept._note_steps = note  # type: ignore[method-assign, assignment]
    try:
        act(hub, second)
    except _KilledError:
        Kept._note_steps = real  # type: ignore[method-assign]
        hub.restart()
        hub.take()
        if act is ticked:  # the beat is in the journal already
            hub.tick(second)
        elif act in {acknowledged, shelved}:
            act(hub, second)
    finally:
        Kept._note_steps = real  # type: ignore[method-assign]


# --- who is told


def test_only_live_steps_are_told(tmp_path: Path) -> None:
    """Back-fill and import raise alarms of the past: they are in the journal, and nobody is woken for them."""
    hub = Hub(tmp_path, usecases(), TOLD)
    hub.take(announcement(), imported(PROBE, SIMULATED - 3600 * NS, {AIR: 3.0, PRODUCT: 5.0}))
    hub.take(imported(PROBE, SIMULATED - NS, {AIR: 3.0, PRODUCT: 2.0}), probe(10, 3.0, 2.0))
    ticked(hub, 700)
    assert [each.past for each in hub.alarms() if each.rule == "product_high"] == [True]
    old = {each.id for each in hub.alarms() if each.past}
    assert not old & {each.said.alarm.id for each in hub.kept.notices()}
    hub.take(probe(710, 3.0, 5.0))
    told = [each for each in hub.kept.notices() if each.said.alarm.rule == "product_high"]
    assert [each.said.step.step for each in told] == [Step.RAISED]
    hub.kept.close()


def test_what_was_told_before_a_restart_is_told_no_more(tmp_path: Path) -> None:
    """The alarm goes on; only what happens to it next is news."""
    hub = Hub(tmp_path, latching(), TOLD)
    hub.take(announcement(), probe(0, 3.0, 5.0))
    hub.kept.settle_notices([each.id for each in hub.kept.notices()], {})
    hub.restart()
    hub.take(probe(10, 3.0, 5.1))
    assert hub.kept.notices() == []
    acknowledged(hub, 20)
    assert [each.said.step.step for each in hub.kept.notices()] == [Step.ACKNOWLEDGED]
    with pytest.raises(NotFoundError):
        hub.worker.acknowledge("nothing", "Léa", None)
    hub.kept.close()


# --- a real kill


CHILD = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
import test_alarm_kills as course
hub = course.Hub(Path(sys.argv[1]), course.latching(), course.TOLD)
hub.take(course.announcement(), course.probe(0, 3.0, 3.0), course.probe(10, 9.0, 5.0))
course.shelved(hub, 15)
hub.take(course.probe(100, 9.0, 2.0), course.probe(200, 9.0, 2.0))
note = course.Kept._note_steps
def killed(kept, steps):
    steps = list(steps)
    note(kept, steps)
    if steps:
        os.kill(os.getpid(), signal.SIGKILL)
course.Kept._note_steps = killed
course.ticked(hub, 320)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system with SIGKILL: Linux or macOS")
def test_a_process_killed_in_a_delay_a_latch_and_a_shelf_goes_on_where_it_stood(tmp_path: Path) -> None:
    """`kill -9` in the commit of the tick that raises the air alarm and ends the shelf: both happen once, after it."""
    here = Path(__file__).parent
    paths = [f"{here}", f"{here.parent.parent}", f"{here.parent}"]
    run = subprocess.run([sys.executable, "-c", CHILD, f"{tmp_path}", *paths], check=False, env=os.environ, timeout=60)
    assert run.returncode == -signal.SIGKILL
    hub = Hub(tmp_path, latching(), TOLD)
    product = next(each for each in hub.alarms() if each.rule == "product_high")
    assert (product.state, product.returned_at) == (AlarmState.SHELVED, None)
    assert not [each for each in hub.alarms() if each.rule == "air_very_high"]
    hub.take()
    hub.tick(320)
    ticked(hub, 321)
    (air,) = (each for each in hub.alarms() if each.rule == "air_very_high")
    assert air.raised_at == SIMULATED + 310 * NS
    (product,) = hub.kept.alarms(Asked(rule="product_high")).alarms
    assert product.state is AlarmState.UNACKNOWLEDGED
    acknowledged(hub, 330)
    found = hub.kept.alarm_journal(product.id)
    assert found is not None
    assert [each.step for each in found[1]].count(Step.RAISED) == 1
    assert {each.step for each in found[1]} >= {Step.SHELVED, Step.UNSHELVED}
    told = [(each.said.alarm.rule, each.said.step.step) for each in hub.kept.notices()]
    assert told.count(("air_very_high", Step.RAISED)) == 1
    hub.kept.close()
