"""The fake device behind ChirpStack: its events, its counters, and the downlinks it obeys."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from device_sims.devices import Device, Listening, Moment, Packet, View, make, qos
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

FIELDS = {
    "weight": {"field": "analogInput.1", "id": ""},
    "brood": {"field": "temperatureSensor.2", "id": ""},
    "gate": {"field": "analogOutput.3", "id": ""},
    "rssi": {"field": "rssi", "id": ""},
    "snr": {"field": "snr", "id": ""},
    "battery": {"field": "batteryLevel", "id": ""},
}
VALUES: dict[str, Sampled] = {
    "weight": 34.57,
    "brood": 35.1,
    "gate": 0.0,
    "rssi": -104.0,
    "snr": -6.25,
    "battery": 88.0,
}


def device(**options: object) -> Device:
    """Return a hive's scale."""
    return make("chirpstack", "hive-sim-scale", FIELDS, options)


def view(time_s: int = 0, **values: Sampled) -> View:
    """Return 2026-11-23, 07:30:00 UTC and so many seconds."""
    moment = Moment(datetime(2026, 11, 23, 7, 30, tzinfo=UTC), UTC, time_s, 1000 + time_s)
    return View(moment, VALUES | values, {}, 600)


def body(packet: Packet) -> dict[str, Any]:
    """Return a packet's JSON."""
    found: dict[str, Any] = json.loads(packet.payload)
    return found


def words(packets: list[Packet] | tuple[Packet, ...]) -> list[str]:
    """Return the events' names."""
    return [packet.topic.rpartition("/event/")[2] for packet in packets]


def window(one: Device, time_s: int) -> tuple[list[str], Mapping[str, float]]:
    """Return the events and the orders of what it heard."""
    assert isinstance(one, Listening)
    reply = one.window(view(time_s))
    return words(reply.packets), reply.orders


def down(one: Device, **said: object) -> bytes:
    """Return a `command/down` for a device."""
    eui = one.uid.partition(":")[2]
    return json.dumps({"devEui": eui, "confirmed": True, "fPort": 10, **said}).encode()


def test_every_level_of_its_topic_is_chirpstacks_and_one_says_that_it_is_simulated() -> None:
    """`sim-` before the UUID, a DevEUI that no manufacturer gave."""
    one = device()
    (pattern,) = one.filters
    root, application, word, eui, rest = pattern.split("/")
    assert (root, word, rest) == ("application", "device", "#")
    assert UUID(application.removeprefix("sim-")).version == 5
    assert int(eui[:2], 16) & 3 == 2
    assert one.uid == f"chirpstack:{eui}"
    assert (one.will, one.retained, one.bridged, qos(one)) == (None, (), True, 0)


def test_the_join_comes_with_the_first_uplink() -> None:
    """As the vendor documents; a second birth in the same run joins nobody."""
    one = device()
    assert one.birth(view(-600)) == []
    assert words(one.report(view(-600)))[:2] == ["join", "up"]
    assert words(one.report(view(0))) == ["up"]
    one.birth(view(30))
    assert words(one.report(view(600))) == ["up"]


def test_an_uplink_has_the_vendors_shape() -> None:
    """Every key of the documented example; `fCnt` from the second on; numbers are doubles."""
    one = device()
    one.report(view())
    (up,) = one.report(view(600))
    said = body(up)
    assert said["time"].endswith("+00:00")
    assert said["time"].startswith("2026-11-23T07:40:00.")
    assert len(said["time"]) == len("2022-07-18T09:34:15.775023242+00:00")
    assert said["deviceInfo"]["deviceName"] == "hive-sim-scale"
    assert f"sim-{said['deviceInfo']['applicationId']}" in up.topic
    assert (said["fCnt"], said["fPort"], said["dr"]) == (1, 2, 5)
    assert b64decode(said["data"]) == bytes.fromhex("01020D81 0267015F 03030000")
    assert said["object"] == {
        "analogInput": {"1": 34.57},
        "temperatureSensor": {"2": 35.1},
        "analogOutput": {"3": 0.0},
    }
    assert (said["rxInfo"][0]["rssi"], said["rxInfo"][0]["snr"]) == (-104, -6.2)
    assert type(said["txInfo"]["frequency"]) is int


def test_what_has_its_default_value_is_omitted() -> None:
    """`fCnt` 0, the slowest data rate; without a codec no `object`."""
    one = make("chirpstack", "s-sim", FIELDS, {"spreading_factor": 12, "decoded": False})
    said = body(one.report(view())[0])
    assert not {"fCnt", "dr", "object", "confirmed"} & said.keys()


def test_a_codec_of_its_own_prints_its_keys() -> None:
    """`{"pulses": n, "battery": v}`, from litres at 10 L a pulse."""
    fields = {"index": {"field": "pulses", "id": ""}, "battery": {"field": "battery", "id": ""}}
    options = {"payload": "object", "keys": {"pulses": {"factor": 0.1, "decimals": 0}}}
    one = make("chirpstack", "meter-sim", fields, options)
    said = body(one.report(view(index=412_350.0, battery=3.6))[0])
    assert said["object"] == {"pulses": 41_235.0, "battery": 3.6}


def test_a_status_comes_now_and_then() -> None:
    """With the first uplink and each `status_every` later; a level that is not known is said to be unavailable."""
    one = device(status_every=3)
    assert [words(one.report(view(600 * each))) for each in range(4)] == [
        ["up", "status"],
        ["up"],
        ["up"],
        ["up", "status"],
    ]
    assert body(device().report(view())[1])["batteryLevel"] == pytest.approx(88, abs=0.2)
    lost = body(device().report(view(battery=Lost.UNPLUGGED))[1])
    assert lost["batteryLevelUnavailable"] is True
    assert "batteryLevel" not in lost


def test_an_uplink_that_no_gateway_hears_leaves_a_gap() -> None:
    """And what was sent during a silence is counted."""
    one = device(status_every=0)
    one.birth(view())
    one.report(view())
    assert one.report(view(600, rssi=Lost.DROPPED)) == []
    assert body(one.report(view(1200))[0])["fCnt"] == 2
    one.birth(view(4200))
    assert body(one.report(view(4200))[0])["fCnt"] == 7


@pytest.mark.parametrize(
    "said",
    [
        {"object": {"analogOutput": {"3": 2.5}}},
        {"data": b64encode(bytes.fromhex("0300FAFF")).decode()},
    ],
    ids=["object", "data"],
)
def test_a_downlink_is_sent_after_the_next_uplink_and_acknowledged_by_the_one_after(said: dict[str, object]) -> None:
    """`txack` with the order, then `ack`; both name the sender's item."""
    one = device(status_every=0)
    item = "1bbcab1d-6ec6-4136-b3f5-d63be1dc08de"
    assert one.command(view(), one.commands[0], down(one, id=item, **said)) == ((), {}, None)
    one.report(view(600))
    assert window(one, 600) == (["txack"], {"gate": 2.5})
    up, ack = one.changed(view(600, gate=2.5), frozenset({"gate"}))
    assert body(up)["object"]["analogOutput"] == {"3": 2.5}
    assert (body(ack)["queueItemId"], body(ack)["acknowledged"], body(ack)["fCntDown"]) == (item, True, 1)


def test_a_device_of_class_c_hears_at_once() -> None:
    """Without waiting for an uplink; an item without a name gets one."""
    one = device(device_class="C")
    reply = one.command(view(), one.commands[0], down(one, object={"analogOutput": {"3": 1}}))
    assert words(reply.packets) == ["txack"]
    assert reply.orders == {"gate": 1.0}
    assert UUID(body(reply.packets[0])["queueItemId"]).version == 5


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"devEui":"0102030405060708","fPort":10,"object":{"analogOutput":{"3":1}}}',
        b'{"fPort":10,"data":"AwBk/w=="}',
    ],
    ids=["empty", "no text", "no object", "another device", "no device"],
)
def test_what_is_not_for_it_changes_nothing(payload: bytes) -> None:
    """The server drops it."""
    one = device(device_class="C")
    assert one.command(view(), one.commands[0], payload) == ((), {}, None)


@pytest.mark.parametrize(
    "said",
    [
        {"object": {"temperatureSensor": {"1": 25}}},
        {"object": {"analogOutput": {"x": 1, "9": 1, "3": "1"}}},
        {"object": {"analogOutput": 1}},
        {"data": "!!"},
    ],
)
def test_what_orders_no_actuator_is_sent_all_the_same(said: dict[str, object]) -> None:
    """A downlink that the device does not know."""
    one = device(device_class="C")
    reply = one.command(view(), one.commands[0], down(one, **said))
    assert (words(reply.packets), reply.orders) == (["txack"], {})


def test_a_downlink_without_port_is_dropped() -> None:
    """`fPort` is above 0."""
    one = device(device_class="C")
    assert one.command(view(), one.commands[0], down(one, fPort=0, data="AwBk/w==")).packets == ()


def test_an_option_that_cannot_be_is_refused() -> None:
    """When the scenario is read."""
    with pytest.raises(SimulationError, match="status_every"):
        device(status_every=-1)
