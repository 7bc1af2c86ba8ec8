"""A fault of ours in any stage, and a hub that is dead when something happens (reliability.md §3.2, R14, R15, R19)."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hub import worker as worker_module
from hub.kept import Kept
from hub.model import NS, Alarm, Message
from hub.registry import Registry
from hub.rules.engine import Engine
from hub.understand import Understanding
from servers.acme import AIR, PROBE, SIMULATED, announcement, beat, said
from servers.workers import Hub, Journal, working

PRODUCT = "temperature_ds18b20_2"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Lend a worker on an empty store, which tries again at once."""
    monkeypatch.setattr(worker_module, "RETRY", 0.0)
    with working(tmp_path) as lent:
        yield lent


def probe(second: float, product: float, at: int | None = None) -> Message:
    """Return the cold room probe's message, which may state its time [ns]."""
    stated = {} if at is None else {"at": at}
    return said(PROBE, second, **{AIR: 3.0, PRODUCT: product}, **stated)  # type: ignore[arg-type]


def raising(real: Callable[..., Any], times: int) -> Callable[..., Any]:
    """Return a function that fails so often with a fault of ours, then does its work."""
    left = [times]

    def instead(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 — stands for any function
        if left[0]:
            left[0] -= 1
            msg = "a fault of ours"
            raise ZeroDivisionError(msg)
        return real(*arguments, **options)

    return instead


STAGES = {
    "journal read": (Journal, "read"),
    "decode": (Registry, "decode"),
    "understanding": (Understanding, "take"),
    "rules": (Engine, "step"),
    "store": (Kept, "commit"),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_fault_in_any_stage_stops_nothing(hub: Hub, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    """R14: the stage is tried again, the counter is up, everything is stored once."""
    place, name = STAGES[stage]
    hub.take(announcement(), probe(0, 3.0))
    monkeypatch.setattr(place, name, raising(getattr(place, name), 1))
    hub.take(*(probe(second, 3.0 + second / 10) for second in range(1, 5)))
    assert hub.worker.failures == 1
    assert [row.value for row in hub.rows() if row.channel == PRODUCT] == [3.0, 3.1, 3.2, 3.3, 3.4]
    assert hub.worker.fault is None


@pytest.mark.parametrize("stage", ["decode", "understanding", "rules"])
def test_a_record_that_always_fails_is_listed_and_the_rest_stored(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """R14: the culprit is told with the fault; it stands in nobody's way."""
    place, name = STAGES[stage]
    real = getattr(place, name)

    def instead(self: object, first: Any, *more: Any, **options: Any) -> Any:  # noqa: ANN401 — stands for three functions
        if "66.6" in repr(list(first) if stage == "understanding" else first):
            msg = "a fault of ours"
            raise ZeroDivisionError(msg)
        return real(self, first, *more, **options)

    monkeypatch.setattr(place, name, instead)
    hub.take(announcement(), probe(0, 3.0), probe(1, 66.6), probe(2, 3.2))
    assert [row.value for row in hub.rows() if row.channel == PRODUCT] == [3.0, 3.2]
    assert [heard.reason for heard in hub.kept.heard(10)] == [
        "the hub failed on this message (ZeroDivisionError: a fault of ours)"
    ]
    assert hub.worker.position == hub.journal.end


def test_a_fault_in_what_is_told_to_viewers_undoes_nothing(hub: Hub) -> None:
    """R14: what was committed stays committed, once."""
    hub.take(announcement(), probe(0, 3.0))
    hub.worker._deliver = raising(hub.delivered.append, 1)
    hub.take(probe(1, 3.1), probe(2, 3.2))
    assert hub.worker.failures == 1
    assert [row.value for row in hub.rows() if row.channel == PRODUCT] == [3.0, 3.1, 3.2]


def transitions(hub: Hub, rule: str) -> list[tuple[int, int | None]]:
    """Return (raised, returned) of each word that viewers got of a rule's alarms."""
    told: Sequence[Alarm] = [alarm for outcome in hub.delivered for alarm in outcome.batch.alarms if alarm.rule == rule]
    return [(alarm.raised_at, alarm.returned_at) for alarm in told]


def test_a_threshold_crossed_while_the_hub_is_dead_raises_one_alarm_and_clears_it_once(hub: Hub) -> None:
    """R19: at the time of the measures, not of the restart; a second restart adds nothing."""
    hub.take(announcement(), probe(0, 3.0))
    hub.kept.close()
    crossed = [probe(second, 6.0) for second in range(10, 40, 10)]
    back = [probe(second, 2.0) for second in range(40, 400, 10)]
    hub.journal.append(*crossed, *back, beat(400, 400))
    hub.open()
    hub.take()
    hub.restart()
    hub.take(probe(410, 2.0))
    (alarm,) = (each for each in hub.alarms() if each.rule == "product_high")
    assert alarm.raised_at == SIMULATED + 10 * NS
    assert alarm.returned_at is not None
    assert SIMULATED + 40 * NS <= alarm.returned_at <= SIMULATED + 400 * NS
    told = transitions(hub, "product_high")
    assert len(set(told)) == len(told)
    assert [returned for _, returned in told if returned is not None] == [alarm.returned_at]


def test_a_threshold_crossed_while_dead_and_still_beyond_is_raised_once(hub: Hub) -> None:
    """R19: cleared later, by a living hub."""
    hub.take(announcement(), probe(0, 3.0))
    hub.kept.close()
    hub.journal.append(*(probe(second, 6.0) for second in range(10, 40, 10)))
    hub.open()
    hub.take()
    (raised,) = (each for each in hub.alarms() if each.rule == "product_high")
    assert raised.returned_at is None
    hub.take(*(probe(second, 2.0) for second in range(40, 400, 10)))
    (cleared,) = (each for each in hub.alarms() if each.rule == "product_high")
    assert cleared.id == raised.id
    assert cleared.returned_at is not None


def test_every_message_twice_gives_each_alarm_once(hub: Hub) -> None:
    """R15: alarms once, each reading once, in the order of the first ones."""
    course = [(0, 3.0), (10, 6.0), (20, 6.1), (30, 2.0), (1000, 2.1), (1010, 6.2), (1020, 2.0), (2000, 2.0)]
    hub.take(announcement())
    for second, product in course:
        message = probe(second, product, at=SIMULATED + second * NS)
        hub.take(message)
        hub.take(message)
    alarms = [each for each in hub.alarms() if each.rule == "product_high"]
    assert len({each.id for each in alarms}) == len(alarms) == 2
    rows = [row for row in hub.rows() if row.channel == PRODUCT]
    assert [row.value for row in rows] == [product for _, product in course]
    assert all(before.time < after.time for before, after in pairwise(rows))
