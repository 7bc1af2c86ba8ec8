"""`matinales demo --rehearse`: the guide through simulators, decoders and rules, without broker or page."""

import json
from typing import Any

import msgspec
import pytest

from device_sims import scenario
from device_sims.scenario import Loaded
from hub.__main__ import main
from hub.cli import _rehearsal
from hub.usecases import loader
from hub.usecases.schema import Step, UseCase
from servers.workers import usecases

Printed = pytest.CaptureFixture[str]


def step(
    minute: float, speed: int, *faults: str, rings: tuple[str, ...] | None = None, ends: tuple[str, ...] = ()
) -> Step:
    """Return a step of a guide."""
    told = {"minute": minute, "speed": speed, "faults": faults, "rings": rings, "ends": ends}
    words = {key: {"fr": "…", "en": "…"} for key in ("does", "sees", "asks")}
    return msgspec.convert(told | words, Step)


def told(*guide: Step) -> UseCase:
    """Return the cold room with another guide."""
    return msgspec.structs.replace(usecases()["cold_room"], guide=guide)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """Play the cold room without the day before."""
    loaded = scenario.load("cold_room")
    loaded = loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, history_h=0))
    monkeypatch.setattr(scenario, "load", lambda _name: loaded)
    return loaded


def rehearsed(capsys: Printed, monkeypatch: pytest.MonkeyPatch, case: UseCase) -> tuple[int, dict[str, Any]]:
    """Return the exit status and what a program reads."""
    monkeypatch.setattr(loader, "find", lambda _name: case)
    status = main(["demo", "--rehearse", "--fresh", "--seed", "7", "--json"])
    (line,) = capsys.readouterr().out.splitlines()
    return status, json.loads(line)


@pytest.mark.usefixtures("short")
def test_an_alarm_that_comes_too_late_stalls_the_show(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifteen minutes of delay do not pass in a minute at ×10; the remedy is said, the exit status is 1."""
    case = told(step(0, 10, "door_ajar", rings=("air_high",)), step(1, 10), step(3, 10))
    status, found = rehearsed(capsys, monkeypatch, case)
    (stall,) = found["stalls"]
    assert (status, found["usecase"], found["seed"]) == (1, "cold_room", 7)
    assert (stall["step"], stall["said"]["code"]) == (1, "late_alarm")
    assert 1.5 < stall["said"]["params"]["came"] < 2.5
    assert stall["said"]["text"]["en"].endswith("Go faster, or wait.")


@pytest.mark.usefixtures("short")
def test_a_show_that_goes_well_says_when_each_alarm_rings(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    """In minutes of the show; faults that a step ends are over, so that the next ones are heard."""
    case = told(step(0, 10, "door_ajar", rings=("air_high",)), step(3, 10, ends=("*",)), step(4, 10, "delivery"))
    status, found = rehearsed(capsys, monkeypatch, case)
    assert (status, found["stalls"]) == (0, [])
    assert [each["rule"] for each in found["rang"]][:2] == ["door_left_open", "air_high"]
    assert found["rang"][1]["over"] < 4.5


def test_a_role_without_a_device_stalls_the_show(short: Loaded) -> None:
    """Nothing was heard of it in the whole rehearsal."""
    devices = {role: each for role, each in short.scenario.devices.items() if role != "door"}
    lonely = short._replace(scenario=msgspec.structs.replace(short.scenario, devices=devices))
    found = _rehearsal.rehearse(told(step(0, 1)), lonely, seed=7)
    assert [(each.said.code, each.said.params) for each in found.stalls] == [("missing_device", {"role": "door"})]


def test_a_use_case_that_nobody_knows_is_named(capsys: Printed) -> None:
    """With those there are."""
    assert main(["demo", "--rehearse", "--use-case", "nope"]) != 0
    assert "cold_room" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [*usecases()])
def test_each_story_s_own_guide_stalls_nowhere(name: str) -> None:
    """With its past, as it is played in the room."""
    found = _rehearsal.rehearse(usecases()[name], scenario.load(name), seed=7)
    assert [each.said.text.en for each in found.stalls] == []
