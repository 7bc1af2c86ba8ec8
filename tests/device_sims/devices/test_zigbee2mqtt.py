"""The fake devices behind Zigbee2MQTT."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from device_sims.devices import Device, Moment, Packet, View, make
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

FIELDS = {
    "door_open": {"field": "contact", "id": ""},
    "battery": {"field": "battery", "id": ""},
    "battery_mv": {"field": "voltage", "id": ""},
    "linkquality": {"field": "linkquality", "id": ""},
}


def view(door_open: Sampled = 0.0) -> View:
    """Return a contact on a door."""
    moment = Moment(datetime(2026, 11, 23, tzinfo=UTC), UTC, 0, 60)
    return View(moment, {"door_open": door_open, "battery": 88.0, "battery_mv": 3005.0, "linkquality": 120.0})


@pytest.mark.parametrize(("door_open", "contact"), [(0.0, True), (1.0, False)])
def test_contact_is_true_when_the_door_is_closed(door_open: float, *, contact: bool) -> None:
    """One JSON object with all it knows."""
    (packet,) = make("zigbee2mqtt", "cellar-sim", FIELDS).report(view(door_open))
    assert packet.topic == "zigbee2mqtt/cellar-sim"
    assert json.loads(packet.payload) == {"contact": contact, "battery": 88, "voltage": 3005, "linkquality": 120}


def test_a_moving_door_is_told_at_once_and_a_changing_signal_is_not() -> None:
    """On change of the contact only."""
    device = make("zigbee2mqtt", "cellar-sim", FIELDS)
    assert len(device.changed(view(1.0), frozenset({"door_open"}))) == 1
    assert device.changed(view(1.0), frozenset({"linkquality"})) == []


def test_a_lost_sample_leaves_its_key_out() -> None:
    """The others stay."""
    (packet,) = make("zigbee2mqtt", "cellar-sim", FIELDS).report(view(Lost.DROPPED))
    assert "contact" not in json.loads(packet.payload)


def test_availability_is_its_own_and_the_bridge_is_left_alone() -> None:
    """JSON form, retained; no topic of a bridge is touched."""
    device = make("zigbee2mqtt", "cellar-sim", FIELDS)
    assert device.birth(view())[0] == ("zigbee2mqtt/cellar-sim/availability", b'{"state":"online"}', True)
    assert device.will == ("zigbee2mqtt/cellar-sim/availability", b'{"state":"offline"}', True)
    assert not any("bridge" in pattern for pattern in (*device.filters, *device.commands, *device.retained))


def test_get_repeats_what_is_known() -> None:
    """`…/get` gives the state."""
    device = make("zigbee2mqtt", "cellar-sim", FIELDS)
    assert device.command(view(), "zigbee2mqtt/cellar-sim/get", b'{"contact":""}').packets == tuple(
        device.report(view())
    )


def behind(options: dict[str, Any] | None = None, **keys: str) -> Device:
    """Return a device; `keys`: channel → key of its message."""
    return make("zigbee2mqtt", "a-sim", {name: {"field": key, "id": ""} for name, key in keys.items()}, options)


def seen(order: dict[str, float] | None = None, **values: Sampled) -> View:
    """Return what it sees."""
    return View(Moment(datetime(2026, 11, 23, tzinfo=UTC), UTC, 0, 60), values, order or {})


def said(packets: Iterable[Packet]) -> list[Any]:
    """Return the packets' JSON."""
    return [json.loads(packet.payload) for packet in packets]


def test_the_printed_climate_message() -> None:
    """wire_formats.md §4, `my_sensor`."""
    device = behind(t="temperature", rh="humidity")
    assert device.report(seen(t=27.34, rh=44.72))[0].payload == b'{"temperature":27.34,"humidity":44.72}'


def test_a_water_leak_says_its_three_flags() -> None:
    """`water_leak`, `battery_low`, `tamper`: booleans."""
    device = behind(wet="water_leak", low="battery_low", tamper="tamper")
    (body,) = said(device.changed(seen(wet=1.0, low=0.0, tamper=0.0), frozenset({"wet"})))
    assert body == {"water_leak": True, "battery_low": False, "tamper": False}


@pytest.mark.parametrize(("value", "word"), [(1.0, "single"), (2.0, "double"), (3.0, "hold")])
def test_a_press_is_said_and_taken_back(value: float, word: str) -> None:
    """Version 1 empties the key; version 2 does not; a released button says nothing."""
    button = behind(press="action", battery="battery")
    pressed = said(button.changed(seen(press=value, battery=100.0), frozenset({"press"})))
    assert pressed == [{"battery": 100, "action": word}, {"battery": 100, "action": ""}]
    newer = behind({"empty_action": False}, press="action")
    assert said(newer.changed(seen(press=value), frozenset({"press"}))) == [{"action": word}]
    assert button.changed(seen(press=0.0, battery=100.0), frozenset({"press"})) == []
    assert said(button.report(seen(press=value, battery=100.0))) == [{"battery": 100}]


@pytest.mark.parametrize(
    ("topic", "payload", "was_on", "orders"),
    [
        ("set", b'{"state":"ON"}', False, {"on": 1.0}),
        ("set", b'{"state":"off"}', True, {"on": 0.0}),
        ("set", b'{"state":"TOGGLE"}', True, {"on": 0.0}),
        ("set", b"ON", False, {"on": 1.0}),
        ("set/state", b"OFF", True, {"on": 0.0}),
    ],
)
def test_a_plug_obeys_and_reports_back(topic: str, payload: bytes, orders: dict[str, float], *, was_on: bool) -> None:
    """The new state with all that is known; nothing is said twice when the relay has moved."""
    plug = behind(on="state", w="power")
    reply = plug.command(seen(on=float(was_on), w=12.0), f"zigbee2mqtt/a-sim/{topic}", payload)
    assert reply.orders == orders
    assert said(reply.packets) == [{"state": "ON" if orders["on"] else "OFF", "power": 12.0}]
    assert plug.changed(seen(orders, on=orders["on"], w=0.0), frozenset({"on"})) == []
    assert said(plug.changed(seen(orders, on=orders["on"], w=0.0), frozenset({"on", "w"})))[0]["power"] == 0.0


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b"{}", b'{"state":1}', b'{"state":"perhaps"}', b"12"])
def test_what_is_no_state_moves_nothing(payload: bytes) -> None:
    """No order, no answer."""
    reply = behind(on="state").command(seen(on=1.0), "zigbee2mqtt/a-sim/set", payload)
    assert (reply.orders, reply.packets) == ({}, ())


def test_a_sensor_takes_no_orders() -> None:
    """It does not even listen to `set`."""
    assert behind(t="temperature").commands == ("zigbee2mqtt/a-sim/get",)


@pytest.mark.parametrize(
    ("options", "key", "reason"),
    [
        ({}, "Water leak", "channels.x.field is 'Water leak'"),
        ({"base": "zigbee2mqtt2"}, "contact", "contains `sim`"),
        ({"bse": "z2m-sim"}, "contact", "bse"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], key: str, reason: str) -> None:
    """A key that is none, a base topic that a real bridge may have, an unknown option."""
    with pytest.raises(SimulationError, match=reason):
        behind(options, x=key)
