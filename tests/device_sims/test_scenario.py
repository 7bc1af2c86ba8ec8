"""scenario.toml: found by listing, typed, refused with its place."""

from pathlib import Path

import pytest

from device_sims import devices, scenario
from device_sims.errors import SimulationError

CONTENT = scenario.folders()["cold_room"].read_text(encoding="utf-8")
EVERY = [pytest.param(name, id=name) for name in scenario.folders()]


@pytest.mark.parametrize("name", EVERY)
def test_every_scenario_can_be_played(name: str) -> None:
    """Its model, devices and faults exist, its simulated devices are called so, its texts are in both languages."""
    played = scenario.load(name).scenario
    assert {device.kind for device in played.devices.values()} <= set(devices.kinds())
    assert all("sim" in device.id for device in played.devices.values())
    for title in (played.title, *scenario.titles(played).values(), *(each.title for each in played.initial.values())):
        assert title.fr
        assert title.en
        assert "{" not in title.fr + title.en


def test_the_cold_room_has_the_faults_of_its_story() -> None:
    """Those of the use case, and those that any device has, named `<measure or role>.<fault>`."""
    found = set(scenario.titles(scenario.load("cold_room").scenario))
    own = {"delivery", "door_open", "door_ajar", "door_curtain", "compressor_dead", "fan_iced", "gasket"}
    assert own | {"defrost_stuck", "power_cut"} <= found
    assert {"air.sensor_unplugged", "product.sensor_unplugged", "air.frozen_value", "product.bias_drift"} <= found
    assert {"probe.radio_loss", "probe.clock_wrong", "door.battery_low", "compressor.radio_loss"} <= found


def test_a_scenario_file_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    """Its name is its folder's."""
    folder = tmp_path / "my_fridge"
    folder.mkdir()
    (folder / "scenario.toml").write_text(CONTENT, encoding="utf-8")
    assert scenario.load(str(folder / "scenario.toml")).scenario.name == "my_fridge"


def test_an_unknown_scenario_is_refused_with_the_known_ones() -> None:
    """The message lists them."""
    with pytest.raises(SimulationError, match=r"no scenario 'warm_room'; known: .*cold_room"):
        scenario.load("warm_room")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('model = "cold_room"', 'model = "hot_room"', "no model 'hot_room'"),
        ('clock = "08:30"', 'clock = "8h30"', "clock is '8h30'"),
        ("period_s = 10 ", 'period_s = "ten" ', r"Expected `int`, got `str` - at `\$.devices\[...\].period_s`"),
        ("period_s = 10 ", "period_s = 0 ", "devices.probe: period_s is 0"),
        ("ua_w_per_k = 20.0", "ua_w_per_k = -20.0", "ua_w_per_k is -20.0"),
        ("cop = 2.0", "copper = 2.0", "unknown field `copper`|copper"),
        ("coldroom-sim-probe", "coldroom-probe", "contains `sim`"),
        ('kind = "tasmota"\n', 'kind = "tasmota"\nkid = 1\n', "unknown field `kid`"),
        ('silent = ["probe", "compressor"]', 'silent = ["fridge"]', "no role 'fridge'"),
        ("duration_s = 180", "duration_s = 0", "duration_s is 0"),
        ("ice_decay_s", "ice_decay", "faults.fan_iced"),
        ("channels.air]", "channels.wind]", "channels.wind: the model gives"),
        ('"bias_drift"]', '"bias_draft"]', "'bias_draft' is none of"),
        ("[initial.normal]", "[initial.normal", "toml|line|Expected"),
    ],
)
def test_a_mistake_is_named_with_its_place(old: str, new: str, reason: str) -> None:
    """Each message says where, what and what it should be."""
    assert old in CONTENT
    with pytest.raises(SimulationError, match=rf"^my.toml: .*({reason})"):
        scenario.parse(CONTENT.replace(old, new, 1).encode(), "my", "my.toml")


@pytest.mark.parametrize(("clock", "seconds"), [("00:00", 0), ("08:30", 30_600), ("23:59", 86_340)])
def test_an_hour_of_the_day_is_seconds_after_midnight(clock: str, seconds: int) -> None:
    """08:30 is 30 600 s."""
    assert scenario.clock_s(clock) == seconds
