"""The fake door contact behind Zigbee2MQTT."""

import json
from datetime import UTC, datetime

import pytest

from device_sims.devices import Moment, View, make
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
