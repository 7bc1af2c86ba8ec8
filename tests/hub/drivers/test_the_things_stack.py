"""The Things Stack v3, sentence by sentence of wire_formats.md §9."""

import json
from typing import Any

import pytest

from hub.drivers.the_things_stack import shortest
from hub.model import Availability, Kind, Message
from hub.registry import EVERY_DEVICE, Registry, load_drivers
from servers.decoding import NOW, full, refusal, understood, values

DEVICE = "v3/app1@ttn/devices/cold-room"
UP = f"{DEVICE}/up"
AT = "2025-07-25T08:00:00.289585559Z"
AT_NS = 1_753_430_400_289_585_559


def up(decoded: object = None, /, **uplink: object) -> str:
    """Return an uplink message with a decoded payload, and fields of uplink_message."""
    inner: dict[str, Any] = {"f_port": 1, "f_cnt": 42, "received_at": AT, **uplink}
    if decoded is not None:
        inner["decoded_payload"] = decoded
    return json.dumps(
        {
            "end_device_ids": {"device_id": "cold-room", "dev_eui": "0004A30B001C0531"},
            "received_at": "2025-07-25T08:00:00.514773143Z",
            "uplink_message": inner,
        }
    )


def gateway(**fields: object) -> dict[str, object]:
    """Return one reception."""
    return {"gateway_ids": {"gateway_id": "gtw1"}, "timestamp": 2_463_457_000, "channel_index": 2, **fields}


def test_the_example_of_the_document() -> None:
    """Values, radio, time with nanoseconds; `locations` and the airtime are no measures."""
    payload = up(
        {"temperature_3": 27.200000762939453, "temperature_5": 25.5},
        frm_payload="A2cBEAVnAP8=",
        rx_metadata=[gateway(rssi=-87, channel_rssi=-87, snr=7.5)],
        settings={"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}, "frequency": "868300000"},
        consumed_airtime="0.056576s",
        locations={"user": {"latitude": 1, "longitude": 2}},
    )
    assert full(UP, payload) == {
        "temperature_3": (27.2, "°C", "good"),
        "temperature_5": (25.5, "°C", "good"),
        "rssi": (-87, "dBm", "good"),
        "snr": (7.5, "dB", "good"),
    }
    assert {each.measured for each in understood(UP, payload).samples} == {AT_NS}


@pytest.mark.parametrize(
    ("topic", "device"),
    [
        (UP, "tts:app1@ttn:cold-room"),
        ("v3/app1/devices/cold-room/up", "tts:app1:cold-room"),
        ("v3/app2/devices/cold-room/up", "tts:app2:cold-room"),
    ],
)
def test_with_and_without_tenant(topic: str, device: str) -> None:
    """A device id is one only within its application; the DevEUI is an alias."""
    decoded = understood(topic, up({"temperature": 1}))
    assert (decoded.device, decoded.aliases) == (device, ("eui:0004a30b001c0531",))


def test_empty_fields_are_omitted() -> None:
    """`rssi`, `f_port`, `f_cnt`, ids: none is needed; a missing one is no zero."""
    message = '{"uplink_message":{"decoded_payload":{"temperature":0},"rx_metadata":[{"snr":3},{}]}}'
    assert values(UP, message) == {"temperature": 0, "snr": 3}
    assert understood(UP, message).aliases == ()


def test_the_best_gateway() -> None:
    """Its power and its ratio, together."""
    heard = [gateway(rssi=-112, snr=9), gateway(rssi=-87, snr=7.5), gateway(snr=12), gateway(rssi="x"), "?"]
    decoded = understood(UP, up({"t": 1}, rx_metadata=heard))
    assert {each.channel: each.value for each in decoded.samples} == {"t": 1, "rssi": -87, "snr": 7.5}
    assert list(decoded.rejected) == ["rx_metadata[3].rssi"]


@pytest.mark.parametrize(
    ("key", "value", "channel", "unit"),
    [
        ("digital_in_1", 1, "digital_in_1", None),
        ("digital_out_2", False, "digital_out_2", None),
        ("analog_in_3", -1.25, "analog_in_3", None),
        ("analog_out_255", 0.5, "analog_out_255", None),
        ("luminosity_5", 300, "illuminance_5", "lx"),
        ("presence_6", True, "presence_6", None),
        ("temperature_3", -40, "temperature_3", "°C"),
        ("relative_humidity_4", 50.5, "humidity_4", "%"),
        ("barometric_pressure_0", 1013.25, "pressure_0", "hPa"),
        ("temperature", 21.5, "temperature", "°C"),
        ("humidity", 0, "humidity", "%"),
        ("pressure", 998.1, "pressure", "hPa"),
        ("battery", 88, "battery", "%"),
        ("soil_moisture", 12, "soil_moisture", None),
        ("temperature_outside", 12, "temperature_outside", None),
        ("illuminance", 12, "illuminance", None),
        ("altitude", 12_000, "altitude", None),
        ("Bat V", 3.61, "bat_v", None),
        ("door", False, "door", None),
        ("rssi", -3, "rssi_2", None),
    ],
)
def test_keys_and_their_units(key: str, value: float, channel: str, unit: str | None) -> None:
    """Names of the Cayenne formatter and four plain ones have the usual unit; others keep their name, unit unknown."""
    found = full(UP, up({key: value}, rx_metadata=[gateway(rssi=-80)]))
    assert found.pop("rssi") == (-80, "dBm", "good")
    assert found == {channel: (float(value), unit, "good")}


def test_values_of_three_parts() -> None:
    """As the formatter nests them."""
    decoded = {
        "accelerometer_6": {"x": 1.234, "y": -1.234, "z": 0},
        "gyrometer_1": {"x": 0.5},
        "gps_7": {"latitude": 47.47840118408203, "longitude": -0.5631999969482422, "altitude": 0},
    }
    assert full(UP, up(decoded)) == {
        "acceleration_6_x": (1.234, "g", "good"),
        "acceleration_6_y": (-1.234, "g", "good"),
        "acceleration_6_z": (0, "g", "good"),
        "angular_rate_1_x": (0.5, "°/s", "good"),
        "latitude_7": (47.4784, "°", "good"),
        "longitude_7": (-0.5632, "°", "good"),
        "altitude_7": (0, "m", "good"),
    }


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (27.200000762939453, 27.2),
        (-0.10000000149011612, -0.1),
        (1013.2000122070312, 1013.2),
        (16777215.0, 16777215.0),
        (0.123046875, 0.123046875),
        (27.123456789012, 27.123456789012),
        (0.1, 0.1),
        (1e300, 1e300),
        (0.0, 0.0),
    ],
)
def test_numbers_of_32_bits(sent: float, meant: float) -> None:
    """Written in 64 they are read as the shortest decimal they were; others stay as they are."""
    assert shortest(sent) == meant


def test_text_is_no_measure_and_absent_is_no_zero() -> None:
    """Zero and false are values; null is rejected with its field, beside good neighbours."""
    decoded = understood(
        UP, up({"status": "ok", "count": 0, "open": False, "x": None, "temperature": "nan", "y": "", "list": [1, [2]]})
    )
    assert {each.channel: each.value for each in decoded.samples} == {"count": 0, "open": 0, "list_1": 1, "list_2_1": 2}
    assert set(decoded.rejected) == {"decoded_payload.x", "decoded_payload.temperature", "decoded_payload.y"}


def test_keys_that_read_alike_stay_apart() -> None:
    """None overwrites another."""
    assert values(UP, up({"Probe": 1, "probe": 2, "a.b": 3, "a": {"b": 4}})) == {
        "probe": 1,
        "probe_2": 2,
        "a_b": 3,
        "a_b_2": 4,
    }


def test_a_hundred_thousand_keys_are_answered() -> None:
    """The first are read, and it says that there were more."""
    decoded = understood(UP, up({f"k{n}": n for n in range(100_000)}))
    assert len(decoded.samples) <= 256
    assert "more than 256" in decoded.rejected["…"]


def test_without_decoded_payload_the_device_is_alive() -> None:
    """Its bytes are not guessed to be LPP: it says that no format is chosen."""
    decoded = understood(UP, up(frm_payload="A2cBEAVnAP8="))
    assert (decoded.kind, decoded.availability, decoded.samples) == (Kind.AVAILABILITY, Availability.ONLINE, ())
    assert "no payload format is chosen for tts:app1@ttn:cold-room" in decoded.rejected["frm_payload"]
    heard = understood(UP, up(frm_payload="A2cBEAVnAP8=", rx_metadata=[gateway(rssi=-87)]))
    assert (heard.kind, [each.channel for each in heard.samples]) == (Kind.READINGS, ["rssi"])
    assert understood(UP, up()).kind is Kind.AVAILABILITY
    assert "not base64" in understood(UP, up(frm_payload="?")).rejected["frm_payload"]


@pytest.mark.parametrize("name", ["tts:app1@ttn:cold-room", "eui:0004a30b001c0531", EVERY_DEVICE])
def test_with_a_chosen_format_the_bytes_are_read(name: str) -> None:
    """At the uplink's time; by whatever name the device was chosen."""
    registry = Registry(load_drivers(), {name: "cayenne_lpp"})
    outcome = registry.decode(Message(UP, up(frm_payload="A2cBEAVnAP8=").encode(), NOW), {})
    assert outcome.driver is not None
    assert outcome.decoded is not None
    found = registry.complete(outcome.driver, outcome.decoded)
    assert [(each.channel, each.value, unit, each.measured) for each, unit, _ in found] == [
        ("temperature_3", 27.2, "°C", AT_NS),
        ("temperature_5", 25.5, "°C", AT_NS),
    ]
    assert (outcome.decoded.kind, outcome.decoded.rejected) == (Kind.READINGS, {})


def test_decoded_payload_wins_over_the_bytes() -> None:
    """Never both."""
    registry = Registry(load_drivers(), {EVERY_DEVICE: "cayenne-lpp"})
    outcome = registry.decode(Message(UP, up({"t": 1}, frm_payload="A2cBEA==").encode(), NOW), {})
    assert outcome.decoded is not None
    assert [each.channel for each in outcome.decoded.samples] == ["t"]


@pytest.mark.parametrize(
    ("inner", "outer", "measured", "rejected"),
    [
        (AT, "2025-07-25T08:00:01Z", AT_NS, []),
        (None, "2025-07-25T10:00:01.5+02:00", 1_753_430_401_500_000_000, []),
        ("soon", "2025-07-25T08:00:01Z", 1_753_430_401_000_000_000, ["uplink_message.received_at"]),
        (5, None, None, ["uplink_message.received_at"]),
        ("1970-01-01T00:00:05Z", None, None, []),
        (None, None, None, []),
    ],
)
def test_time(inner: object, outer: object, measured: int | None, rejected: list[str]) -> None:
    """That of the uplink, else the top-level one, else arrival."""
    said = {"decoded_payload": {"t": 1}, "received_at": inner}
    decoded = understood(UP, json.dumps({"received_at": outer, "uplink_message": said}))
    assert [each.measured for each in decoded.samples] == [measured]
    assert list(decoded.rejected) == rejected


@pytest.mark.parametrize(("word", "simulated"), [("true", True), ("false", False), ("null", False), ('"x"', False)])
def test_simulated(word: str, simulated: bool) -> None:  # noqa: FBT001 — a table
    """At the top level; it marks the device in the hub."""
    payload = f'{{"simulated":{word},"uplink_message":{{"decoded_payload":{{"t":1}}}}}}'
    assert understood(UP, payload).simulated is simulated


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("join", Kind.HOUSEKEEPING),
        ("down/queued", Kind.HOUSEKEEPING),
        ("down/sent", Kind.HOUSEKEEPING),
        ("down/ack", Kind.HOUSEKEEPING),
        ("down/nack", Kind.HOUSEKEEPING),
        ("down/failed", Kind.HOUSEKEEPING),
        ("service/data", Kind.HOUSEKEEPING),
        ("location/solved", Kind.HOUSEKEEPING),
        ("down/push", Kind.COMMAND),
        ("down/replace", Kind.COMMAND),
    ],
)
def test_what_is_no_uplink(event: str, kind: Kind) -> None:
    """Understood, nothing stored."""
    decoded = understood(f"{DEVICE}/{event}", '{"location_solved":{"location":{"latitude":1}}}')
    assert (decoded.kind, decoded.device, decoded.samples) == (kind, "tts:app1@ttn:cold-room", ())


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ('{"end_device_ids":{"device_id":"x"}\n "correlation_ids":[]}', "byte 37"),
        (up({"temperature": None}), "decoded_payload.temperature"),
        ('{"uplink_message":[]}', "uplink_message"),
        ("{}", "uplink_message"),
        ("[]", "a JSON object is due"),
        ("", "empty payload"),
    ],
)
def test_refused(payload: str, reason: str) -> None:
    """With the place of the error, or the field."""
    assert reason in refusal(UP, payload)


def test_a_decoded_payload_of_another_shape() -> None:
    """Leaves the device alive, and says so."""
    decoded = understood(UP, up([1]))
    assert (decoded.kind, decoded.samples) == (Kind.AVAILABILITY, ())
    assert decoded.rejected == {"decoded_payload": "an object is due here, not a list"}


@pytest.mark.parametrize("topic", ["v3//devices/d/up", "v3/app@t/devices//up"])
def test_a_topic_that_names_no_device_is_refused(topic: str) -> None:
    """It is this family's all the same, and nobody else's device."""
    assert "names no device" in refusal(topic, '{"uplink_message":{"decoded_payload":{"temperature":1}}}')
