"""A role being played: batteries, actuators, a history or none."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from device_sims import scenario
from device_sims.errors import SimulationError
from device_sims.player import LEAST_PERCENT
from device_sims.stage import Stage
from device_sims.tables import Battery, Device
from device_sims.world import Emission, World

DAY = 86_400
START = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
CONTENT = scenario.folders()["cold_room"].read_text(encoding="utf-8")
SWITCH = "coldroom-sim-compressor/rpc"


def off(on: str = "false") -> bytes:
    """Return a command to the relay."""
    return f'{{"id":1,"src":"hub","method":"Switch.Set","params":{{"id":0,"on":{on}}}}}'.encode()


def world(role: str, history_h: int = 0, **changed: Any) -> World:  # noqa: ANN401 — a device's own settings
    """Return a cold room with one device changed."""
    loaded = scenario.load("cold_room")
    device: Device = msgspec.structs.replace(loaded.scenario.devices[role], **changed)
    played = msgspec.structs.replace(
        loaded.scenario, devices={**loaded.scenario.devices, role: device}, history_h=history_h
    )
    return World(loaded._replace(scenario=played), Stage(7, START, ZoneInfo("Europe/Paris")))


def level(world: World, channel: str = "battery") -> float:
    """Return what the door's battery truly has."""
    return world.players["door"].truth[channel]


def test_a_battery_sinks_with_time() -> None:
    """88 % and 10 days a full one: 78 % after a day, 2.4 V where it is at 4 %."""
    played = world("door", battery=Battery(level="battery", voltage="battery_mv", days=10))
    list(played.advance(DAY))
    assert level(played) == pytest.approx(78.0)
    assert level(played, "battery_mv") == pytest.approx(2400 + (78 - 4) / (88 - 4) * 605)


def test_each_message_costs_a_battery_a_little() -> None:
    """A door that is opened often empties sooner."""
    quiet, busy = (world("door", battery=Battery(level="battery", messages=1000)) for _ in range(2))
    for minute in range(50):
        busy.schedule(60 * minute, "door_open", None, 30)
    for played in (quiet, busy):
        list(played.advance(3600))
    assert level(quiet) == pytest.approx(88 - 0.1 * quiet.players["door"].said, abs=0.11)
    assert level(busy) == pytest.approx(88 - 0.1 * busy.players["door"].said, abs=0.11)
    assert level(busy) < level(quiet) - 9


def test_a_battery_without_a_life_keeps_its_level() -> None:
    """As a scenario that says nothing of it."""
    played = world("door", battery=Battery(level="battery"))
    list(played.advance(3 * 3600))
    assert level(played) == 88.0


def test_a_battery_that_speaks_is_never_quite_empty() -> None:
    """At the least one per cent."""
    played = world("door", battery=Battery(level="battery", days=0.1))
    list(played.advance(3 * 3600))
    assert level(played) == LEAST_PERCENT


def test_a_low_battery_is_low_whatever_it_has_left() -> None:
    """And has what it had when the fault has gone."""
    played = world("door", battery=Battery(level="battery", voltage="battery_mv", days=100, low_voltage=2100))
    played.fault("door.battery_low", active=True)
    assert (level(played), level(played, "battery_mv")) == (4.0, 2100.0)
    played.fault("door.battery_low", active=False)
    assert level(played) == pytest.approx(88.0)


@pytest.mark.parametrize(
    ("battery", "reason"),
    [
        ('{ level = "batery" }', "devices.door: battery: no channel 'batery'"),
        ('{ level = "door_open" }', "battery: channel 'door_open' needs a constant"),
        ('{ level = "battery", days = 0 }', "battery: days is 0.0: it is above zero"),
        ('{ level = "battery", messages = -1 }', "battery: messages is -1.0: it is above zero"),
    ],
)
def test_a_wrong_battery_is_refused_with_its_place(battery: str, reason: str) -> None:
    """What it is, and what it should be."""
    old = 'battery = { level = "battery", voltage = "battery_mv", days = 730, messages = 200_000 }'
    assert old in CONTENT
    with pytest.raises(SimulationError, match=reason):
        scenario.parse(CONTENT.replace(old, f"battery = {battery}").encode(), "my", "my.toml")


def test_a_stuck_actuator_answers_and_nothing_moves() -> None:
    """The relay says that it heard; power flows on, nobody reports a change; healed, it obeys again."""
    played = world("compressor")
    list(played.advance(0))
    played.fault("compressor.stuck", active=True)
    said = [one for one in played.command("compressor", SWITCH, off()) if isinstance(one, Emission)]
    assert [one.packet.topic for one in said] == ["hub/rpc"]
    assert b"was_on" in said[0].packet.payload
    assert played.orders == {}
    played.fault("compressor.stuck", active=False)
    said = [one for one in played.command("compressor", SWITCH, off()) if isinstance(one, Emission)]
    assert [one.packet.topic for one in said] == ["hub/rpc", "coldroom-sim-compressor/events/rpc"]
    assert played.orders == {"switch": 0.0}


def test_only_an_actuator_can_be_stuck() -> None:
    """A probe has nothing that moves."""
    known = scenario.titles(scenario.load("cold_room").scenario)
    assert "compressor.stuck" in known
    assert known["compressor.stuck"].fr == "Compresseur : actionneur bloqué"
    assert {"probe.stuck", "door.stuck"} & set(known) == set()


def test_two_actuators_of_one_name_are_refused() -> None:
    """An order must mean one of them."""
    twice = CONTENT.replace('field = "linkquality"\n', 'field = "linkquality"\norder = true\n').replace(
        "channels.linkquality]", "channels.switch]"
    )
    with pytest.raises(SimulationError, match=r"channels\.switch: several devices obey orders by this name"):
        scenario.parse(twice.encode(), "my", "my.toml")


def test_a_role_of_gestures_has_no_history() -> None:
    """Nothing is heard of it before the start, then it reports at once; the others are as ever."""
    played = world("probe", history_h=2, history=False)
    past = [one for one in [*played.birth("probe"), *played.advance(-1)] if isinstance(one, Emission)]
    assert {one.role for one in past} == {"compressor", "door", "store_room"}
    live = [one for one in played.advance(20) if isinstance(one, Emission) and one.role == "probe"]
    assert [one.time_s for one in live if one.packet.topic.endswith("SENSOR")] == [0, 10, 20]
