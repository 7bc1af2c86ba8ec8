"""What a published decoder makes of a simulated Tasmota: HATasmota, by which Home Assistant reads the real ones."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from device_sims.devices import Device, Moment, View, make

INSTALL = "HATasmota is missing: pip install -c requirements.lock -e '.[test]'"
discovery: Any = pytest.importorskip("hatasmota.discovery", reason=INSTALL)
sensor: Any = pytest.importorskip("hatasmota.sensor", reason=INSTALL)
utils: Any = pytest.importorskip("hatasmota.utils", reason=INSTALL)

MOMENT = Moment(datetime(2026, 11, 23, 7, 30, tzinfo=UTC), UTC, 0, 60)
BOARDS: dict[str, tuple[dict[str, str], dict[str, float], dict[str, tuple[object, str | None]]]] = {
    "BME280": (
        {"t": "BME280.Temperature", "rh": "BME280.Humidity", "p": "BME280.Pressure"},
        {"t": 21.7, "rh": 66.6, "p": 988.6},
        {"Temperature": (21.7, "C"), "Humidity": (66.6, "%"), "Pressure": (988.6, "hPa"), "DewPoint": (15.2, "C")},
    ),
    "SCD40": (
        {"co2": "SCD40.CarbonDioxide", "t": "SCD40.Temperature"},
        {"co2": 618.0, "t": 23.8},
        {"CarbonDioxide": (618, "ppm"), "Temperature": (23.8, "C")},
    ),
    "SR04": ({"d": "SR04.Distance"}, {"d": 0.168}, {"Distance": (16.8, "cm")}),
    "plug": (
        {"w": "ENERGY.Power", "wh": "ENERGY.Total", "on": "POWER"},
        {"w": 1012.0, "wh": 6294.0, "on": 1.0},
        {"Power": (1012, "W"), "Total": (6.294, "kWh"), "Voltage": (230, "V"), "Current": (4.4, "A")},
    ),
    "Linky": (
        {"va": "TIC.PAPP", "wh": "TIC.BASE"},
        {"va": 540.0, "wh": 12_345_678.0},
        {"PAPP": (540, None), "BASE": (12_345_678, None), "Total": (12_345.678, "kWh"), "Power": (540, "W")},
    ),
}


def board(name: str) -> tuple[Device, View]:
    """Return a board and what it sees."""
    fields, values, _ = BOARDS[name]
    return make("tasmota", "a-sim", {key: {"field": field, "id": ""} for key, field in fields.items()}), View(
        MOMENT, values
    )


def announced(device: Device, view: View) -> tuple[Any, Any]:
    """Return the two messages of native discovery, read: `config` checked by the vendor's schema, `sensors`."""
    config, sensors = (json.loads(each.payload) for each in device.birth(view)[-2:])
    return discovery.TasmotaDiscoveryMsg(config), sensors


@pytest.mark.parametrize("name", BOARDS)
def test_home_assistant_finds_each_sensor_with_its_unit_and_reads_its_value(name: str) -> None:
    """From discovery the entities, from SENSOR their values."""
    device, view = board(name)
    config, sensors = announced(device, view)
    said = json.loads(device.report(view)[-1].payload)
    found = {}
    for entity, _ in sensor.get_sensor_entities(sensors, config):
        known = sensor.TasmotaSensor(config=entity, mqtt_client=None)
        found[known.quantity] = (utils.get_value_by_path(said, entity.value_path), known.unit)
    assert {quantity: found[quantity] for quantity in BOARDS[name][2]} == BOARDS[name][2]


def test_home_assistant_finds_the_relay_and_where_to_command_it() -> None:
    """One switch, below `cmnd/`, and the words of its state."""
    device, view = board("plug")
    config, _ = announced(device, view)
    (switch,) = [entity for entity, _ in discovery.get_switch_entities(config) if entity is not None]
    assert (switch.idx, switch.command_topic) == (0, "cmnd/a-sim/")
    result = next(packet for packet in device.birth(view) if packet.topic == utils.get_topic_stat_result(config))
    assert utils.get_state_power(result.payload.decode(), 0) == utils.config_get_state_power_on(config)


def test_home_assistant_knows_when_it_is_there() -> None:
    """The will and the birth are the words that discovery names."""
    device, view = board("SR04")
    config, _ = announced(device, view)
    assert device.will is not None
    assert device.will.topic == utils.get_topic_tele_will(config)
    assert device.will.payload.decode() == utils.config_get_state_offline(config)
    assert device.birth(view)[0].payload.decode() == utils.config_get_state_online(config)
