"""The cold room's rules against an ideal room: every time of use_cases.md §1, and a normal day that rings nobody."""

from collections.abc import Callable, Iterator
from functools import cache
from math import exp
from random import Random

import pytest
from msgspec import Struct

from hub.model import NS, Alarm, Quality, Reading, TimeSource
from hub.rules.engine import Engine
from hub.usecases import UseCase, find

START = 1_763_969_400 * NS
RUN = "cold_room-20251124t073000-abcd"
PROBE, COMPRESSOR, DOOR = (
    "tasmota:coldroom-sim-probe",
    "shelly:coldroom-sim-compressor",
    "zigbee2mqtt:coldroom-sim-door",
)
CHANNELS = {
    "air": (PROBE, "temperature_ds18b20_1", "°C"),
    "product": (PROBE, "temperature_ds18b20_2", "°C"),
    "power": (COMPRESSOR, "power", "W"),
    "defrost": (COMPRESSOR, "input", None),
    "door_open": (DOOR, "contact", None),
}


class Room(Struct, kw_only=True):
    """What is wrong with the room at one moment; by default nothing."""

    door: float = 0.0
    """Exchange through the door [W/K]."""
    door_open: bool = False
    cooling: float = 2000.0
    """[W]"""
    fan: float = 60.0
    """[W]"""
    power: float | None = None
    """Electrical power whatever the compressor does [W]."""
    silent: bool = False
    stuck: bool = False


def reading(measure: str, value: float, at_s: float, quality: Quality = Quality.GOOD) -> Reading:
    """Return a measure's reading as its device sends it, `at_s` seconds after the start."""
    device, channel, unit = CHANNELS[measure]
    sent = 1.0 - value if measure == "door_open" else value
    time = START + int(at_s * NS)
    return Reading(device, channel, unit, sent, time, time, TimeSource.DEVICE, quality, RUN, 0)


def room(
    hours: float,
    fault: Callable[[float], Room],
    *,
    period: int = 10,
    defrosts: tuple[int, ...] = (),
    on: bool = False,
    noise: Random | None = None,
) -> Iterator[list[Reading]]:
    """Yield what the devices of an ideal room say, message by message.

    Two nodes with the parameters of use_cases.md §1, solved for steps of 1 s; sensors lag by 30 s (air) and 60 s
    (product); no noise, no rounding. It starts at 3 °C with the compressor off, or `on`.

    Args:
        hours: how long.
        fault: seconds since the start → what is wrong then.
        period: between two messages of probe and power meter [s].
        defrosts: seconds at which 20 minutes of defrost begin.
        on: whether the compressor runs at the start.
        noise: makes the probes real ones: 0.05 K of noise, rounded to 0.1.
    """

    def measured(value: float) -> float:
        return value if noise is None else round(value + noise.gauss(0, 0.05), 1)

    air = product = seen_air = seen_product = 3.0
    said: tuple[bool, bool] | None = None
    lag_air, lag_product = 1 - exp(-1 / 30), 1 - exp(-1 / 60)
    for second in range(int(hours * 3600) + 1):
        now = fault(second)
        defrost = now.stuck or any(begin <= second < begin + 1200 for begin in defrosts)
        on = not defrost and (air >= 4.0 or (on and air > 2.0))
        if said is None or said[0] != defrost:
            yield [reading("defrost", defrost, second)]
        if said is None or said[1] != now.door_open:
            yield [reading("door_open", now.door_open, second)]
        said = defrost, now.door_open
        if second % period == 0 and not now.silent:
            yield [reading("air", measured(seen_air), second), reading("product", measured(seen_product), second)]
            yield [reading("power", (1000.0 if now.power is None else now.power) if on else 0.0, second)]
        flow = (20 + now.door) * (22 - air) + now.fan + 15 * (product - air) - on * now.cooling
        air, product = air + flow / 120_000, product + 15 * (air - product) / 600_000
        seen_air, seen_product = (
            seen_air + lag_air * (air - seen_air),
            seen_product + lag_product * (product - seen_product),
        )


@cache
def cold_room() -> UseCase:
    """Return the use case, read once."""
    return find("cold_room")


def raised(messages: Iterator[list[Reading]], hours: float, *, after_s: int = 0, tick_s: int = 60) -> list[Alarm]:
    """Return the alarms raised from `after_s` on, with the run's clock ticking between the messages."""
    engine = Engine([cold_room()])
    found: dict[str, Alarm] = {}
    ticked = START
    for message in messages:
        while ticked + tick_s * NS < message[0].time:
            ticked += tick_s * NS
            found |= {alarm.id: alarm for alarm in engine.tick(RUN, ticked)}
        found |= {alarm.id: alarm for alarm in engine.step(message)}
    found |= {alarm.id: alarm for alarm in engine.tick(RUN, START + int(hours * 3600) * NS)}
    return [alarm for alarm in found.values() if alarm.raised_at >= START + after_s * NS]


def minutes(alarms: list[Alarm], after_s: int = 0) -> dict[str, float]:
    """Return when each rule was first raised [min after the fault]."""
    first: dict[str, float] = {}
    for alarm in alarms:
        first.setdefault(alarm.rule, (alarm.raised_at - START) / 60 / NS - after_s / 60)
    return first


def from_the_start(room: Room) -> Callable[[float], Room]:
    """Return a fault that is there from the first second."""
    return lambda _: room


FAULTS: list[tuple[str, Callable[[float], Room], float, dict[str, float]]] = [
    ("delivery", lambda s: Room(door=400, door_open=True) if s < 180 else Room(), 2, {"door_rate": 1.4}),
    (
        "door_open",
        from_the_start(Room(door=400, door_open=True)),
        1.2,
        {
            "door_rate": 1.4,
            "door_left_open": 190 / 60,
            "air_very_high": 7.5,
            "air_high": 15.7,
            "product_forecast": 17.1,
            "product_high": 54,
        },
    ),
    (
        "door_ajar",
        from_the_start(Room(door=110, door_open=True)),
        1.5,
        {"door_left_open": 190 / 60, "air_high": 16.7},
    ),
    (
        "compressor_dead",
        from_the_start(Room(cooling=0, power=0)),
        2,
        {
            "compressor_no_start": 15.3,
            "air_high": 20.3,
            "air_very_high": 34.4,
            "product_forecast": 62,
            "product_high": 103.8,
        },
    ),
    ("defrost_stuck", from_the_start(Room(stuck=True)), 0.8, {"defrost_long": 30, "air_very_high": 40}),
    (
        "power_cut",
        lambda s: Room(cooling=0, fan=0, silent=s > 0),
        1,
        {"silence_air": 10, "silence_product": 10, "silence_power": 10},
    ),
]


@pytest.mark.parametrize(("fault", "hours", "expected"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_fault_is_told_when_the_document_says(
    fault: Callable[[float], Room], hours: float, expected: dict[str, float]
) -> None:
    """Two sampling periods and the smoothing of the probes are all that may lie between, and nothing else rings."""
    found = minutes(raised(room(hours, fault), hours))
    assert found == pytest.approx(expected, abs=0.35, rel=0.026)


def test_only_the_power_meter_sees_a_strip_curtain_missing() -> None:
    """The temperature stays perfect; the share of two hours passes 50 % after 1.41 h, within a cycle of 12 min."""
    hours, after_s = 7, 4 * 3600
    found = raised(room(hours, lambda s: Room(door=42) if s >= after_s else Room()), hours, after_s=after_s)
    assert minutes(found, after_s) == {"duty_high": pytest.approx(1.41 * 60, abs=12)}


def test_an_iced_fan_shows_in_the_power_hours_before_the_temperature() -> None:
    """The cooling fades with e^(−t/6 h) while the electrical power stays: 5.8 h against 10.5 h."""
    hours, after_s = 18, 4 * 3600

    def icing(second: float) -> Room:
        return Room(cooling=2000 * exp(-max(second - after_s, 0) / 21_600))

    found = minutes(raised(room(hours, icing, period=30), hours, after_s=after_s), after_s)
    expected = {"duty_high": 5.8, "air_high": 10.5, "product_high": 13.7}
    assert {rule: found[rule] / 60 for rule in expected} == pytest.approx(expected, abs=0.1)


def test_a_tired_gasket_is_not_seen_by_any_of_these_rules() -> None:
    """It costs 1 kWh a day, and only the day's energy would tell."""
    assert raised(room(12, from_the_start(Room(door=4.39))), 12) == []


def test_a_closed_door_brings_the_alarm_back_to_normal() -> None:
    """Half an hour ajar, then 3.5 °C held for a minute: about 5 min later."""
    hours = 1.0
    found = raised(room(hours, lambda s: Room(door=110, door_open=True) if s < 1800 else Room()), hours)
    returned = {alarm.rule: ((alarm.returned_at or 0) - START) / 60 / NS for alarm in found}
    assert returned == {"door_left_open": 30, "air_high": pytest.approx(35, abs=0.5)}


def test_a_normal_day_rings_nobody() -> None:
    """Three defrosts pass +7 °C each, and the mask knows why; noise and rounding change nothing."""
    defrosts = (6 * 3600, 14 * 3600, 22 * 3600)
    assert raised(room(24, from_the_start(Room()), defrosts=defrosts, noise=Random(7)), 24) == []


def test_the_same_readings_raise_the_same_alarms_whenever_the_clock_ticks() -> None:
    """Raised at crossing plus delay, exactly, whoever noticed: so a hub killed and started again repeats nothing."""
    messages = list(room(1.2, from_the_start(Room(door=400, door_open=True)), noise=Random(7)))
    seldom, often = (raised(iter(messages), 1.2, tick_s=tick_s) for tick_s in (100_000, 7))
    assert len(seldom) >= 6
    assert {alarm.id: alarm.texts for alarm in seldom} == {alarm.id: alarm.texts for alarm in often}


def test_the_day_before_rings_nobody_at_one_message_a_minute() -> None:
    """Back-fill is sparser than life, and the rules read it the same."""
    assert raised(room(24, from_the_start(Room()), period=60, defrosts=(17 * 3600,)), 24) == []
