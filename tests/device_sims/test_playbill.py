"""What can be played by its name, alone or side by side."""

from pathlib import Path

import msgspec
import pytest

from device_sims import devices, playbill, scenario
from device_sims.errors import SimulationError

EVERYTHING = b"""
title = { fr = "Deux", en = "Two" }
clock = "09:00"
plays = ["dialects", "cold_room"]
"""


def test_names_are_those_of_use_cases_scenarios_and_playbills() -> None:
    """All that `matinales sim NAME` takes."""
    assert {"cold_room", "dialects", "everything"} <= set(playbill.names())


@pytest.mark.parametrize("name", playbill.names())
def test_every_name_can_be_played(name: str) -> None:
    """It has parts, and a title in both languages."""
    cast = playbill.load(name)
    assert cast.parts
    assert cast.title.fr
    assert cast.title.en


def test_everything_plays_every_use_case_with_the_cold_room_on_the_projector() -> None:
    """The first keeps its own names; the others' come after their scenario's."""
    parts = playbill.load("everything").parts
    assert next(iter(parts.values())).scenario.name == "cold_room"
    assert {each.scenario.name for each in parts.values()} == set(scenario.folders())
    assert [*parts] == ["", *(f"{each.scenario.name}." for each in [*parts.values()][1:])]


def test_there_is_one_device_of_each_dialect() -> None:
    """A new kind in device_sims/devices wants one in scenarios/dialects.toml."""
    played = scenario.load("dialects").scenario
    assert {device.kind for device in played.devices.values()} == set(devices.kinds())


def test_a_playbill_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    """Its name is its file's."""
    (tmp_path / "both.toml").write_bytes(EVERYTHING)
    cast = playbill.load(str(tmp_path / "both.toml"))
    assert (cast.name, [*cast.parts], cast.clock) == ("both", ["", "cold_room."], "09:00")


def test_a_scenario_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    """Its name is its folder's."""
    (tmp_path / "fridge").mkdir()
    (tmp_path / "fridge" / "scenario.toml").write_bytes(scenario.folders()["cold_room"].read_bytes())
    cast = playbill.load(str(tmp_path / "fridge" / "scenario.toml"))
    assert (cast.name, [*cast.parts]) == ("fridge", [""])


@pytest.mark.parametrize(
    ("name", "initial", "wanted", "clock"),
    [
        ("cold_room", None, None, "08:30"),
        ("cold_room", "saturday_night", None, "23:00"),
        ("cold_room", "saturday_night", "02:00", "02:00"),
        ("everything", None, None, "08:30"),
        ("everything", "saturday_night", None, "23:00"),
        ("everything", None, "02:00", "02:00"),
    ],
)
def test_a_run_starts_at_an_hour(name: str, initial: str | None, wanted: str | None, clock: str) -> None:
    """The one asked for, else the initial state's, else the playbill's, else the scenario's."""
    assert playbill.clock(playbill.load(name), initial, wanted) == clock


@pytest.mark.parametrize("name", ["cold_room", "everything"])
@pytest.mark.parametrize("hours", [0, 48])
def test_a_history_of_another_length_is_everybodys(name: str, hours: int) -> None:
    """No history at all is one, too."""
    assert {part.scenario.history_h for part in playbill.load(name, hours).parts.values()} == {hours}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"cold_room"', '"warm_room"', r"plays: no scenario 'warm_room'; known: .*cold_room"),
        ('"dialects", "cold_room"', "", "plays: no scenario at all"),
        ('"09:00"', '"9h"', "clock is '9h'"),
        ("plays", "play", "unknown field `play`|missing required field `plays`"),
        ('fr = "Deux", ', "", r"missing required field `fr` - at `\$.title`"),
    ],
)
def test_a_mistake_in_a_playbill_is_named_with_its_place(old: str, new: str, reason: str) -> None:
    """Each message says where and what."""
    assert old in EVERYTHING.decode()
    with pytest.raises(SimulationError, match=f"^my.toml: .*({reason})"):
        playbill.parse(EVERYTHING.decode().replace(old, new).encode(), "my", "my.toml")


def test_two_scenarios_with_the_same_device_cannot_play_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message names both roles."""
    loaded = scenario.load("cold_room")
    twin = loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, name="twin"))
    monkeypatch.setattr(scenario, "load", lambda _name: twin)
    with pytest.raises(SimulationError, match=r"probe and cold_room.probe are both the tasmota 'coldroom-sim-probe'"):
        playbill.parse(EVERYTHING, "my", "my.toml")


@pytest.mark.parametrize("name", ["warm_room", "nowhere.toml"])
def test_an_unknown_name_is_refused(name: str) -> None:
    """With the known ones, or as a file that is not there."""
    with pytest.raises(
        SimulationError, match=r"no scenario 'warm_room'; known: .*everything|nowhere.toml: no such file"
    ):
        playbill.load(name)
