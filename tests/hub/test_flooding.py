"""Floods as viewers see them (hub/flooding.py)."""

import pytest
from msgspec.structs import replace

from hub.flooding import Floods
from hub.live import Batch, Live
from hub.model import NS, REAL, Alarm, Device
from hub.rules.kinds import Silence
from servers.workers import usecases

WALL = 1_800_000_000 * NS


@pytest.fixture
def live() -> Live:
    """Return a live state whose clock stands."""
    return Live(wall=lambda: WALL)


def alarms(count: int, **more: object) -> list[Alarm]:
    """Return alarms of a cold room, the newest now."""
    plain = Alarm(
        id="",
        usecase="cold_room",
        rule="silence",
        measure="air",
        device="tasmota:probe",
        run=REAL,
        priority="medium",
        raised_at=0,
        texts={"fr": "Rien.", "en": "Nothing."},
    )
    return [replace(plain, id=f"a{n}", raised_at=WALL - n * NS, **more) for n in range(count)]


def silence() -> str:
    """Return a silence rule of the cold room."""
    return next(rule.id for rule in usecases()["cold_room"].all_rules if isinstance(rule, Silence))


def test_each_run_has_its_own_flood(live: Live) -> None:
    """Alarms of two runs never make one together."""
    floods = Floods(live, usecases())
    live.apply(Batch(alarms=alarms(6) + [replace(each, id=f"b{each.id}", run="r-1") for each in alarms(6)]))
    assert floods.now() == []
    live.apply(Batch(alarms=alarms(11)))
    assert [each.run for each in floods.now()] == [REAL]


def test_a_flood_is_told_with_its_alarms_and_its_cause_by_name(live: Live) -> None:
    """A silence rule is one by its kind, a device has the name that people gave it."""
    live.apply(
        Batch(devices=[Device(uid="tasmota:probe", family="tasmota", name="Sonde")], alarms=alarms(12, rule=silence()))
    )
    (told,) = Floods(live, usecases()).view().values()
    assert (told["count"], told["cause"], told["of"]) == (12, "silent_device", "tasmota:probe")
    assert told["alarms"][0] == "a11"
    assert told["text"]["fr"].endswith("l’appareil Sonde ne parle plus.")
    assert told["since"] == "2027-01-15T07:59:59Z"


def test_a_simulated_device_is_told_by_its_role(live: Live) -> None:
    """What a simulator calls itself says nothing to the room."""
    live.apply(Batch(alarms=alarms(12, rule=silence(), run="r-1")))
    (told,) = Floods(live, usecases()).view().values()
    assert told["text"]["fr"].endswith("l’appareil «\u202fSonde\u202f» ne parle plus.")
    assert told["text"]["en"].endswith("device “Probe” is silent.")


def test_a_broker_that_is_away_is_the_cause(live: Live) -> None:
    """Then nobody can be heard."""
    live.apply(Batch(alarms=alarms(12, rule=silence()), parts={"broker": {"status": "degraded"}}))
    (told,) = Floods(live, usecases()).view().values()
    assert told["cause"] == "broker"


def test_viewers_are_told_once(live: Live) -> None:
    """A flood that did not change is no news."""
    live.apply(Batch(alarms=alarms(11)))
    view = Floods(live, usecases()).view()
    live.apply(Batch(floods=view))
    assert live.floods == view
    assert b'"floods":{"real":{' in live.full(1, "viewer")
