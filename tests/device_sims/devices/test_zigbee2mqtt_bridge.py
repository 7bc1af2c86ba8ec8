"""The fake bridge of Zigbee2MQTT: what it retains, what it answers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from device_sims.devices import Device, Moment, View, make

VIEW = View(Moment(datetime(2026, 11, 23, tzinfo=UTC), UTC, 0, 60), {})
DEVICES = [
    {"name": "floor-sim", "keys": ["water_leak", "battery", "voltage", "linkquality"]},
    {"name": "door-sim", "keys": ["contact"], "vendor": "Aqara", "model": "MCCGQ11LM", "description": "Contact sensor"},
    {"name": "plug-sim", "keys": ["state", "power", "voltage"], "mains": True},
    {"name": "button-sim", "keys": ["action"]},
]


def bridge() -> Device:
    """Return a bridge with four devices."""
    return make("zigbee2mqtt_bridge", "z2m-sim", {}, {"devices": DEVICES})


def listed() -> list[dict[str, Any]]:
    """Return `bridge/devices`."""
    found: list[dict[str, Any]] = json.loads(bridge().birth(VIEW)[2].payload)
    return found


def exposed(name: str) -> list[dict[str, Any]]:
    """Return what a device's definition exposes."""
    found: list[dict[str, Any]] = next(each for each in listed() if each["friendly_name"] == name)["definition"][
        "exposes"
    ]
    return found


def test_it_retains_state_info_and_devices_below_its_own_base() -> None:
    """JSON states; its will says offline."""
    packets = bridge().birth(VIEW)
    assert [packet.topic for packet in packets] == [f"z2m-sim/bridge/{what}" for what in ("state", "info", "devices")]
    assert all(packet.retain for packet in packets)
    assert packets[0].payload == b'{"state":"online"}'
    assert bridge().will == ("z2m-sim/bridge/state", b'{"state":"offline"}', True)
    info = json.loads(packets[1].payload)
    assert info["config"]["mqtt"]["base_topic"] == "z2m-sim"
    assert "network_key" not in packets[1].payload.decode()


def test_the_coordinator_comes_first_and_has_no_definition() -> None:
    """As every bridge lists itself."""
    first = listed()[0]
    assert (first["type"], first["definition"], first["network_address"]) == ("Coordinator", None, 0)


def test_each_device_has_its_address_and_the_documents_keys() -> None:
    """`ieee_address` 0x and 16 digits, all different; mains devices are routers."""
    others = listed()[1:]
    wanted = {"ieee_address", "type", "network_address", "supported", "friendly_name", "definition", "power_source"}
    assert all(wanted <= each.keys() for each in others)
    addresses = {each["ieee_address"] for each in listed()}
    assert len(addresses) == len(listed())
    assert all(len(address) == 18 and int(address, 16) for address in addresses)
    assert [each["type"] for each in others] == ["EndDevice", "EndDevice", "Router", "EndDevice"]
    assert others[1]["definition"]["vendor"] == "Aqara"


def test_exposes_give_type_unit_and_words() -> None:
    """Binary with its two values (a closed contact is false there), numeric with its unit, a switch with features."""
    assert {each["property"]: each.get("unit") for each in exposed("floor-sim")} == {
        "water_leak": None,
        "battery": "%",
        "voltage": "mV",
        "linkquality": "lqi",
    }
    (contact,) = exposed("door-sim")
    assert (contact["type"], contact["value_on"], contact["value_off"]) == ("binary", False, True)
    switch, power, voltage = exposed("plug-sim")
    assert (switch["type"], switch["features"][0]["value_on"]) == ("switch", "ON")
    assert switch["features"][0]["access"] == 7
    assert (power["unit"], voltage["unit"]) == ("W", "V")
    (action,) = exposed("button-sim")
    assert (action["type"], action["values"]) == ("enum", ["single", "double", "hold"])


@pytest.mark.parametrize(
    ("what", "payload", "answer"),
    [
        ("permit_join", b'{"time": 20}', {"data": {"time": 20}, "status": "ok"}),
        ("permit_join", b"", {"data": {"time": 0}, "status": "ok"}),
        ("permit_join", b'{"time": 1000}', {"data": {"time": 0}, "status": "ok"}),
        ("health_check", b"", {"data": {"healthy": True}, "status": "ok"}),
    ],
)
def test_a_request_is_answered_on_response(what: str, payload: bytes, answer: dict[str, Any]) -> None:
    """`bridge/request/permit_join` → `bridge/response/permit_join`."""
    (packet,) = bridge().command(VIEW, f"z2m-sim/bridge/request/{what}", payload).packets
    assert (packet.topic, json.loads(packet.payload)) == (f"z2m-sim/bridge/response/{what}", answer)


def test_a_request_it_does_not_play_is_an_error() -> None:
    """With the status that the bridge uses."""
    (packet,) = bridge().command(VIEW, "z2m-sim/bridge/request/restart", b"").packets
    assert json.loads(packet.payload)["status"] == "error"


def test_at_its_period_it_says_how_it_is() -> None:
    """`bridge/health`, not retained; its state is."""
    (packet,) = bridge().report(VIEW)
    assert (packet.topic, packet.retain) == ("z2m-sim/bridge/health", False)
    assert json.loads(packet.payload)["process"] == {"uptime_sec": 60}
    assert bridge().changed(VIEW, frozenset()) == []
