"""The fake device behind The Things Stack: its messages, its counters, and the downlinks it obeys."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from device_sims.devices import Device, Listening, Moment, Packet, View, make, qos
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

FIELDS = {
    "velocity": {"field": "analog_in_1", "id": ""},
    "accel": {"field": "analog_in_2", "id": ""},
    "bearing": {"field": "temperature_3", "id": ""},
    "fan": {"field": "digital_out_4", "id": ""},
    "rssi": {"field": "rssi", "id": ""},
}
VALUES: dict[str, Sampled] = {"velocity": 1.1, "accel": 0.15, "bearing": 42.0, "fan": 0.0, "rssi": -101.0}
PUSH = "v3/sim-matinales@ttn/devices/spindle-sim/down/push"
REPLACE = "v3/sim-matinales@ttn/devices/spindle-sim/down/replace"


def device(**options: object) -> Device:
    """Return a device that measures vibration."""
    return make("tts", "spindle-sim", FIELDS, options)


def view(time_s: int = 0, **values: Sampled) -> View:
    """Return 2026-11-23, 07:30:00 UTC and so many seconds."""
    moment = Moment(datetime(2026, 11, 23, 7, 30, tzinfo=UTC), UTC, time_s, 1000 + time_s)
    return View(moment, VALUES | values, {}, 60)


def body(packet: Packet) -> dict[str, Any]:
    """Return a packet's JSON."""
    found: dict[str, Any] = json.loads(packet.payload)
    return found


def window(one: Device, time_s: int) -> tuple[list[str], Mapping[str, float]]:
    """Return the topics' ends and the orders of what it heard."""
    assert isinstance(one, Listening)
    reply = one.window(view(time_s))
    return [packet.topic.partition("/down/")[2] for packet in reply.packets], reply.orders


def pushed(*downlinks: Mapping[str, object]) -> bytes:
    """Return a `down/push`."""
    return json.dumps({"downlinks": downlinks}).encode()


ON = {"f_port": 99, "frm_payload": b64encode(bytes.fromhex("040064FF")).decode(), "confirmed": True}


def test_it_is_born_with_a_join_accept() -> None:
    """Not retained, and again only when a run begins."""
    one = device()
    (join,) = one.birth(view(-86_400))
    assert (join.topic, join.retain) == ("v3/sim-matinales@ttn/devices/spindle-sim/join", False)
    assert body(join)["join_accept"].keys() == {"session_key_id", "received_at"}
    assert one.birth(view(-86_400)) == []
    one.report(view(-60))
    (again,) = one.birth(view(-1))
    assert body(again)["end_device_ids"]["dev_addr"] != body(join)["end_device_ids"]["dev_addr"]
    one.report(view(0))
    assert one.birth(view(30)) == []


def test_an_uplink_has_the_vendors_shape() -> None:
    """Every key of the documented example that a device without location has; numbers as the formatter prints them."""
    one = device()
    one.birth(view())
    one.report(view())
    (up,) = one.report(view(60))
    said = body(up)
    assert said["end_device_ids"]["device_id"] == "spindle-sim"
    assert said["end_device_ids"]["application_ids"] == {"application_id": "sim-matinales"}
    assert int(said["end_device_ids"]["dev_eui"][:2], 16) & 3 == 2
    message = said["uplink_message"]
    assert message["f_cnt"] == 1
    assert message["decoded_payload"] == {
        "analog_in_1": 1.100000023841858,
        "analog_in_2": 0.15000000596046448,
        "temperature_3": 42.0,
        "digital_out_4": 0,
    }
    assert message["rx_metadata"][0]["rssi"] == -101
    assert message["rx_metadata"][0]["snr"] == 7.5
    assert message["settings"]["frequency"].isdigit()
    assert "2026-11-23T07:31:00" < message["received_at"] < said["received_at"] < "2026-11-23T07:31:02"
    assert len(message["received_at"]) == len("2020-02-12T15:15:45.789585559Z")


def test_bytes_alone_are_those_of_the_frame_check() -> None:
    """`AQIAbgICAA8DZwGk` for 1.10 mm/s, 0.15 g, 42.0 °C (use_cases.md §4)."""
    fields = {key: FIELDS[key] for key in ("velocity", "accel", "bearing")}
    one = make("tts", "spindle-sim", fields, {"decoded": False})
    message = body(one.report(view())[0])["uplink_message"]
    assert message["frm_payload"] == "AQIAbgICAA8DZwGk"
    assert "decoded_payload" not in message


def test_empty_fields_are_omitted_but_not_inside_the_decoded_payload() -> None:
    """The first frame has no `f_cnt`; a ratio of 0 dB no `snr`."""
    fields = {**FIELDS, "ratio": {"field": "snr", "id": ""}}
    one = make("tts", "spindle-sim", fields)
    message = body(one.report(view(ratio=0.0, bearing=0.0))[0])["uplink_message"]
    assert "f_cnt" not in message
    assert "snr" not in message["rx_metadata"][0]
    assert message["decoded_payload"]["temperature_3"] == 0


def test_the_airtime_is_the_vendors() -> None:
    """8 bytes at spreading factor 7: 0.056576 s (wire_formats.md §9); slower, longer."""
    fields = {"a": {"field": "temperature_3", "id": ""}, "b": {"field": "temperature_5", "id": ""}}
    times = []
    for factor in (7, 9, 12):
        one = make("tts", "two-sim", fields, {"spreading_factor": factor})
        moment = view(a=27.2, b=25.5)
        times.append(body(one.report(moment)[0])["uplink_message"]["consumed_airtime"])
    assert times[0] == "0.056576s"
    assert times == sorted(times)


def test_a_codec_of_its_own_prints_scaled_numbers() -> None:
    """Millimetres from metres, whole; a dropped measure is not there."""
    fields = {"distance": {"field": "distance_mm", "id": ""}, "battery": {"field": "battery", "id": ""}}
    keys = {"distance_mm": {"factor": 1000, "decimals": 0}}
    one = make("tts", "silo-sim", fields, {"payload": "object", "keys": keys})
    message = body(one.report(view(distance=2.1504, battery=87.5))[0])["uplink_message"]
    assert message["decoded_payload"] == {"distance_mm": 2150, "battery": 87.5}
    assert type(message["decoded_payload"]["distance_mm"]) is int
    message = body(one.report(view(distance=Lost.DROPPED, battery=87.5))[0])["uplink_message"]
    assert message["decoded_payload"] == {"battery": 87.5}


def test_an_uplink_that_no_gateway_hears_leaves_a_gap() -> None:
    """The counter goes on; an empty frame is not sent, and not counted."""
    one = device()
    counts = []
    for second, value in ((0, -90.0), (60, Lost.DROPPED), (120, -90.0)):
        counts += [body(packet)["uplink_message"].get("f_cnt", 0) for packet in one.report(view(second, rssi=value))]
    assert counts == [0, 2]
    lost: dict[str, Sampled] = dict.fromkeys(("velocity", "accel", "bearing", "fan"), Lost.DROPPED)
    assert one.report(view(180, **lost)) == []
    assert body(one.report(view(240))[0])["uplink_message"]["f_cnt"] == 3


def test_what_it_sent_during_a_silence_is_counted() -> None:
    """Back after 300 s at a period of 60 s: four uplinks were lost, and it does not join again."""
    one = device()
    one.birth(view())
    one.report(view())
    assert one.birth(view(300)) == []
    assert body(one.report(view(300))[0])["uplink_message"]["f_cnt"] == 5


def test_a_downlink_is_queued_sent_after_the_next_uplink_and_acknowledged_by_the_one_after() -> None:
    """Class A; the order reaches the actuator with `sent`."""
    one = device()
    one.report(view())
    reply = one.command(view(5), PUSH, pushed({**ON, "correlation_ids": ["matinales:7"]}))
    assert [packet.topic.rpartition("/")[2] for packet in reply.packets] == ["queued"]
    assert body(reply.packets[0])["downlink_queued"]["correlation_ids"] == ["matinales:7"]
    assert reply.orders == {}
    one.report(view(60))
    assert window(one, 60) == (["sent"], {"fan": 1.0})
    up, ack = one.changed(view(60, fan=1.0), frozenset({"fan"}))
    assert body(up)["uplink_message"]["decoded_payload"]["digital_out_4"] == 1
    assert body(ack)["downlink_ack"]["confirmed"] is True
    assert "matinales:7" in body(ack)["correlation_ids"]
    assert window(one, 61) == ([], {})


def test_a_device_of_class_c_hears_at_once() -> None:
    """Queued and sent together."""
    one = device(device_class="C")
    reply = one.command(view(5), PUSH, pushed(ON))
    assert [packet.topic.rpartition("/")[2] for packet in reply.packets] == ["queued", "sent"]
    assert reply.orders == {"fan": 1.0}


def test_a_confirmed_downlink_holds_the_queue_until_it_is_acknowledged() -> None:
    """One at a time, in order; `replace` forgets what waited."""
    one = device()
    off = {**ON, "frm_payload": b64encode(bytes.fromhex("040000FF")).decode()}
    one.command(view(), PUSH, pushed(ON, off))
    one.report(view(60))
    assert window(one, 60)[1] == {"fan": 1.0}
    assert window(one, 60)[1] == {}
    one.report(view(120))
    assert window(one, 120)[1] == {"fan": 0.0}
    one.command(view(125), PUSH, pushed(ON))
    one.command(view(126), REPLACE, pushed())
    one.report(view(180))
    assert window(one, 180) == ([], {})


def test_a_lost_uplink_opens_no_window() -> None:
    """What no gateway heard is not answered."""
    one = device()
    one.command(view(), PUSH, pushed(ON))
    one.report(view(60, rssi=Lost.DROPPED))
    assert window(one, 60) == ([], {})


@pytest.mark.parametrize(
    "downlink",
    [
        {"decoded_payload": {"value_4": 1}},
        {"frm_payload": b64encode(bytes.fromhex("040064")).decode()},
    ],
    ids=["the formatter's object", "the formatter's bytes"],
)
def test_the_formatters_own_downlinks_are_obeyed(downlink: Mapping[str, object]) -> None:
    """`value_<channel>`, without the end that myDevices adds."""
    one = device(device_class="C")
    assert one.command(view(), PUSH, pushed(downlink)).orders == {"fan": 1.0}


def test_an_object_orders_by_its_key() -> None:
    """In the actuator's own unit."""
    options = {"payload": "object", "keys": {"percent": {"factor": 100}}, "device_class": "C"}
    one = make("tts", "valve-sim", {"opening": {"field": "percent", "id": ""}}, options)
    topic = "v3/sim-matinales@ttn/devices/valve-sim/down/push"
    assert one.command(view(opening=0.0), topic, pushed({"decoded_payload": {"percent": 40}})).orders == {
        "opening": 0.4
    }


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff", b"[]", b'{"downlinks":1}', b'{"downlinks":[{"f_port":"x"}]}', b'{"downlinks":[]}'],
)
def test_what_is_no_downlink_changes_nothing(payload: bytes) -> None:
    """No message, no order, nothing queued."""
    one = device()
    assert one.command(view(), PUSH, payload).packets == ()
    one.report(view(60))
    assert window(one, 60) == ([], {})


def test_bytes_that_order_nothing_are_delivered_all_the_same() -> None:
    """Base64 that is none, a channel that is no output."""
    one = device(device_class="C")
    for text in ("AAAA", "!!", b64encode(bytes.fromhex("030064FF")).decode()):
        reply = one.command(view(), PUSH, pushed({"frm_payload": text}))
        assert (len(reply.packets), reply.orders) == (2, {})


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"application": "app1"}, "contains `sim`"),
        ({"application": "sim/app"}, "contains `sim`"),
        ({"dev_eui": "0004A30B001C0531"}, "locally administered"),
        ({"dev_eui": "zz"}, "dev_eui"),
        ({"payload": "object", "decoded": False}, "decoded = false"),
        ({"keys": {"depth": {}}}, r"keys\.depth"),
        ({"port": 0}, "FPort"),
        ({"spreading_factor": 6}, "spreading_factor"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, object], reason: str) -> None:
    """When the scenario is read."""
    with pytest.raises(SimulationError, match=reason):
        device(**options)


def test_an_open_source_server_has_no_tenant() -> None:
    """Topic, uid and filter without `@`."""
    one = device(tenant="")
    assert one.filters == ("v3/sim-matinales/devices/spindle-sim/#",)
    assert one.uid == "tts:sim-matinales:spindle-sim"
    assert (one.will, one.retained, one.bridged, qos(one)) == (None, (), True, 0)


def test_the_same_run_gives_the_same_bytes() -> None:
    """What looks like chance is made from the device and its counters."""

    def played() -> list[Packet]:
        one = device()
        return [*one.birth(view()), *one.report(view()), *one.report(view(60))]

    assert played() == played()
