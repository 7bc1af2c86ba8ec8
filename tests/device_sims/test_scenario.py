"""scenario.toml: found by listing, typed, refused with its place."""

from pathlib import Path

import pytest

from device_sims import day, devices, scenario
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
        ('clock = "23:00"', 'clock = "24:00"', "clock is '24:00'"),
        ('clock = "23:00"', 'weekday = "sonntag"', "Invalid enum value 'sonntag' - at `.*weekday"),
        ('clock = "23:00"', 'day = "02-29"', r"day is '02-29'.*29 February"),
        ('clock = "08:30"', 'clock = "08:30"\nday = "31-12"', "day is '31-12': write month and day"),
        ('kind = "tasmota"\n', 'kind = "tasmota"\noptions = { wings = 2 }\n', "devices.probe: options: .*`wings`"),
        ("resolution = 0.1", "relative = -0.1", "channels.air: sigma, relative"),
        (
            'fault = "delivery"',
            'fault = "delivrey"',
            r"expect, number 2 \(delivrey\): no fault 'delivrey'; known: delivery",
        ),
        ("at_min = 27.3", "at_min = -1.0", r"expect, number 2 \(delivery\): at_min is -1.0"),
        ("hours = 2", "hours = 0.4", r"expect, number 2 \(delivery\): at_min is 27.3, hours 0.4"),
        (
            "alarms = { door_rate = 1.4 }",
            "alarms = { door_rate = 200 }",
            r"alarms.door_rate is 200.0 min: it lies within",
        ),
        ('never = ["*"]', "", r"expect, number 1 \(an ordinary day\): give alarms, never, or both"),
        ('clock = "20:30"', 'clock = "20h30"', r"expect, number 4 \(door_ajar\): clock is '20h30'"),
        ('clock = "20:30"', 'initial = "monday"', r"expect, number 4 \(door_ajar\): initial: no state 'monday'"),
        ('never = ["compressor_no_start", ', 'never = ["air_high", ', "never: 'air_high' is among the alarms too"),
    ],
)
def test_a_mistake_is_named_with_its_place(old: str, new: str, reason: str) -> None:
    """Each message says where, what and what it should be."""
    assert old in CONTENT
    with pytest.raises(SimulationError, match=rf"^my.toml: .*({reason})"):
        scenario.parse(CONTENT.replace(old, new, 1).encode(), "my", "my.toml")


EVENT = "\n[[events]]\n{}\n"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ('fault = "door_opne"\nat_min = 5', "no fault 'door_opne'; known: delivery"),
        ('fault = "delivery"', r"\(delivery\): give either at .* or at_min"),
        ('fault = "delivery"\nat = "07:00"\nat_min = 5', "give either at .* or at_min"),
        ('fault = "delivery"\nat = "7h"', "at is '7h': write an hour of the day"),
        ('fault = "delivery"\nat_min = -5', "at_min is -5.0: it is zero or more"),
        ('fault = "delivery"\nat_min = 5\nintensity = 0', "intensity is 0.0: it lies above 0"),
        ('fault = "delivery"\nat_min = 5\nduration_min = 0', "duration_min is 0.0: it is above zero"),
        ('fault = "door_open"\nat = "07:00"', "'door_open' never ends by itself: a daily event needs duration_min"),
        ('fault = "air.frozen_value"\nat = "07:00"', "'air.frozen_value' never ends by itself"),
        ('fault = "delivery"\nat_min = 5\nwhen = 6', "unknown field `when`"),
    ],
)
def test_a_mistake_in_an_event_is_named_with_its_number(event: str, reason: str) -> None:
    """Which one, what, and what it should be."""
    with pytest.raises(SimulationError, match=rf"^my.toml: .*({reason})"):
        scenario.parse((CONTENT + EVENT.format(event)).encode(), "my", "my.toml")


@pytest.mark.parametrize(("clock", "seconds"), [("00:00", 0), ("08:30", 30_600), ("23:59", 86_340)])
def test_an_hour_of_the_day_is_seconds_after_midnight(clock: str, seconds: int) -> None:
    """08:30 is 30 600 s."""
    assert day.clock_s(clock) == seconds


@pytest.mark.parametrize(("text", "days"), [("01-01", 0), ("02-28", 58), ("03-01", 59), ("12-31", 364)])
def test_a_day_of_the_year_is_days_after_new_year(text: str, days: int) -> None:
    """There is no 29 February."""
    assert day.yearday(text) == days


@pytest.mark.parametrize("text", ["02-29", "02-30", "13-01", "1-1", "31-12", "", "2023-01-01"])
def test_a_day_that_no_year_has_is_refused(text: str) -> None:
    """The message says how to write one."""
    with pytest.raises(SimulationError, match=r"day is .* write month and day, for instance 04-12"):
        day.yearday(text)


@pytest.mark.parametrize(
    ("seconds", "clock"), [(0, "00:00"), (30_600, "08:30"), (86_400 + 60, "00:01"), (-60, "23:59")]
)
def test_seconds_after_any_midnight_are_an_hour_of_the_day(seconds: int, clock: str) -> None:
    """Days are left out."""
    assert day.clock_text(seconds) == clock


def test_a_run_begins_on_its_scenarios_day_or_its_initial_states() -> None:
    """Monday 16 March unless told; a named state may bring clock, weekday and day of its own; `clock` wins."""
    plain = scenario.load("cold_room").scenario
    begun = scenario.begin(plain, "normal", None, 7)
    assert (begun.clock_s, begun.weekday, begun.yearday) == (30_600, 0, 74)
    content = CONTENT.replace('clock = "23:00"', 'clock = "23:00"\nweekday = "saturday"\nday = "08-15"')
    dated = scenario.parse(content.encode(), "my", "my.toml").scenario
    begun = scenario.begin(dated, "saturday_night", None, 7)
    assert (begun.clock_s, begun.weekday, begun.yearday) == (82_800, 5, 226)
    assert scenario.begin(dated, "saturday_night", "02:00", 7).clock_s == 7200


def test_a_models_lots_depend_on_seed_scenario_and_name_alone() -> None:
    """Draws of one name change nobody else's."""

    def lots(seed: int, name: str) -> list[float]:
        draw = scenario.begin(scenario.load("cold_room").scenario, "normal", None, seed).chance(name)
        return [draw.random() for _ in range(5)]

    assert lots(7, "visitors") == lots(7, "visitors")
    assert lots(7, "visitors") != lots(8, "visitors")
    assert lots(7, "visitors") != lots(7, "clouds")
