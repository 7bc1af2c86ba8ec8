"""ChirpStack v4, sentence by sentence of wire_formats.md §10."""

import json

import pytest

from hub.model import Availability, Kind, Message
from hub.registry import Registry, load_drivers
from servers.decoding import NOW, full, refusal, understood, values

DEVICE = "application/17c82e96-be03-4f38-aef3-f83d48582d97/device/0101010101010101"
UP, STATUS = f"{DEVICE}/event/up", f"{DEVICE}/event/status"
AT_NS = 1_658_136_855_775_023_242


def event(**fields: object) -> str:
    """Return an event of the device."""
    return json.dumps(
        {
            "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
            "time": "2022-07-18T09:34:15.775023242+00:00",
            "deviceInfo": {"deviceName": "Test device", "devEui": "0101010101010101", "tags": {"key": "value"}},
            **fields,
        }
    )


RADIO = {
    "devAddr": "00189440",
    "dr": 1,
    "fPort": 1,
    "rxInfo": [{"gatewayId": "0016c001f153a14c", "uplinkId": 4_217_106_255, "rssi": -36, "snr": 10.5}],
    "txInfo": {"frequency": 867_100_000},
}


def test_the_example_of_the_document() -> None:
    """One byte without a codec is no measure; the radio is, with nanoseconds."""
    decoded = understood(UP, event(data="qg==", **RADIO))
    assert {each.channel: (each.value, each.measured) for each in decoded.samples} == {
        "rssi": (-36, AT_NS),
        "snr": (10.5, AT_NS),
    }
    assert (decoded.device, decoded.aliases) == ("chirpstack:0101010101010101", ("eui:0101010101010101",))
    assert decoded.availability is Availability.ONLINE
    assert "no payload format is chosen for chirpstack:0101010101010101" in decoded.rejected["data"]


def test_one_device_in_two_networks() -> None:
    """The same DevEUI in The Things Stack has the same alias."""
    tts = '{"end_device_ids":{"dev_eui":"0101010101010101"},"uplink_message":{"decoded_payload":{"t":1}}}'
    assert understood("v3/a/devices/b/up", tts).aliases == understood(UP, event(object={"t": 1})).aliases
    assert (
        understood(UP.replace("device/01", "device/AB"), event(object={"t": 1})).device == "chirpstack:ab01010101010101"
    )


@pytest.mark.parametrize(
    ("word", "value", "channels", "unit"),
    [
        ("digitalInput", 1, {"digital_in_1": 1}, None),
        ("digitalOutput", 0, {"digital_out_1": 0}, None),
        ("analogInput", -1.5, {"analog_in_1": -1.5}, None),
        ("analogOutput", 2, {"analog_out_1": 2}, None),
        ("illuminanceSensor", 300, {"illuminance_1": 300}, "lx"),
        ("presenceSensor", 1, {"presence_1": 1}, None),
        ("temperatureSensor", 23.5, {"temperature_1": 23.5}, "°C"),
        ("humiditySensor", 50.5, {"humidity_1": 50.5}, "%"),
        ("barometer", 1013.2, {"pressure_1": 1013.2}, "hPa"),
        ("accelerometer", {"x": 1, "y": 0}, {"acceleration_1_x": 1, "acceleration_1_y": 0}, "g"),
        ("gyrometer", {"z": -3}, {"angular_rate_1_z": -3}, "°/s"),
        ("gpsLocation", {"latitude": 47.5, "longitude": -0.5}, {"latitude_1": 47.5, "longitude_1": -0.5}, "°"),
        ("gpsLocation", {"altitude": 20}, {"altitude_1": 20}, "m"),
    ],
)
def test_the_cayenne_codec(word: str, value: object, channels: dict[str, float], unit: str | None) -> None:
    """camelCase, by channel."""
    assert full(UP, event(object={word: {"1": value}})) == {k: (v, unit, "good") for k, v in channels.items()}


def test_channels_of_one_kind_stay_apart() -> None:
    """Each by its number."""
    assert values(UP, event(object={"temperatureSensor": {"0": 1, "1": 2.5, "12": -3}})) == {
        "temperature_0": 1,
        "temperature_1": 2.5,
        "temperature_12": -3,
    }


def test_free_keys() -> None:
    """Nested; plain names have the usual unit, others none; text is no measure."""
    found = full(
        UP, event(object={"temperature": 21.5, "air": {"humidity": 40}, "probes": [1, 2], "on": True, "id": "7"})
    )
    assert found == {
        "temperature": (21.5, "°C", "good"),
        "air_humidity": (40, None, "good"),
        "probes_1": (1, None, "good"),
        "probes_2": (2, None, "good"),
        "on": (1, None, "good"),
    }


def test_the_object_wins_over_the_bytes() -> None:
    """Never both, even with a chosen format."""
    registry = Registry(load_drivers(), {"eui:0101010101010101": "cayenne-lpp"})

    def channels(**fields: object) -> list[str]:
        outcome = registry.decode(Message(UP, event(**fields).encode(), NOW), {})
        assert outcome.decoded is not None
        return [each.channel for each in outcome.decoded.samples]

    assert channels(data="A2cBEA==", object={"t": 1}) == ["t"]
    assert channels(data="A2cBEA==", object=None) == ["temperature_3"]
    assert channels(data="A2cBEA==", object={}) == ["temperature_3"]
    assert channels(data="A2cBEA==", **RADIO) == ["temperature_3", "rssi", "snr"]


def test_bytes_that_the_chosen_format_cannot_read() -> None:
    """The device is alive, and the reason names the format."""
    registry = Registry(load_drivers(), {"chirpstack:0101010101010101": "cayenne-lpp"})
    outcome = registry.decode(Message(UP, event(data="qqo=").encode(), NOW), {})
    assert outcome.decoded is not None
    assert outcome.decoded.kind is Kind.AVAILABILITY
    assert outcome.decoded.rejected["data"].startswith("cayenne-lpp: channel 170: type 170")


@pytest.mark.parametrize("heard", [[], None, "?", [None], [{}]])
def test_nobody_says_who_heard_it(heard: object) -> None:
    """`rxInfo` may be empty."""
    assert values(UP, event(object={"t": 1}, rxInfo=heard)) == {"t": 1}


def test_the_best_gateway() -> None:
    """Of several."""
    heard = [{"rssi": -101, "snr": -3.5}, {"rssi": -36, "snr": 10.5}, {"rssi": -36, "snr": 2}]
    assert values(UP, event(rxInfo=heard)) == {"rssi": -36, "snr": 10.5}


@pytest.mark.parametrize(
    ("fields", "values_due", "rejected"),
    [
        ({"margin": 14, "batteryLevel": 75.5}, {"margin": 14, "battery": 75.5}, []),
        ({"margin": 14, "batteryLevel": 0}, {"margin": 14, "battery": 0}, []),
        ({"margin": -3, "batteryLevel": 50, "batteryLevelUnavailable": True}, {"margin": -3}, ["batteryLevel"]),
        ({"margin": 0, "batteryLevel": 0, "externalPowerSource": True}, {"margin": 0}, ["batteryLevel"]),
        (
            {"margin": 7, "batteryLevel": 50, "externalPowerSource": False, "batteryLevelUnavailable": False},
            {"margin": 7, "battery": 50},
            [],
        ),
        ({"margin": None, "batteryLevel": "x", "externalPowerSource": None}, {}, ["batteryLevel"]),
        ({"externalPowerSource": True}, {}, []),
    ],
)
def test_status(fields: dict[str, object], values_due: dict[str, float], rejected: list[str]) -> None:
    """Margin in dB, battery in % with decimals; a level that means nothing is no reading."""
    decoded = understood(STATUS, event(**fields))
    assert {each.channel: each.value for each in decoded.samples} == values_due
    assert list(decoded.rejected) == rejected


@pytest.mark.parametrize("name", ["join", "ack", "txack", "log", "location", "integration"])
def test_other_events(name: str) -> None:
    """Understood, nothing stored: the network's position of a device is no measure of it."""
    decoded = understood(f"{DEVICE}/event/{name}", event(location={"latitude": 1, "longitude": 2}, level="ERROR"))
    assert (decoded.kind, decoded.samples) == (Kind.HOUSEKEEPING, ())


def test_a_downlink_passing_by() -> None:
    """Is a command, whatever it holds."""
    for payload in ('{"devEui":"0101010101010101","fPort":10,"object":{"temperatureSensor":{"1":25}}}', "?"):
        decoded = understood(f"{DEVICE}/command/down", payload)
        assert (decoded.kind, decoded.samples) == (Kind.COMMAND, ())


@pytest.mark.parametrize("name", ["up", "status", "join"])
def test_version_3_is_another_format(name: str) -> None:
    """Refused with that reason, not half read."""
    old = '{"applicationID":"1","devEUI":"AQEBAQEBAQE=","fPort":1,"data":"qg==","objectJSON":"{\\"t\\":1}"}'
    assert "version 3" in refusal(f"{DEVICE}/event/{name}", old)


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (UP, b"\x0a\x24\xff\x00", "not UTF-8"),
        (UP, "{", "ends too early"),
        (UP, "[]", "a JSON object is due"),
        (UP, event(object={"temperature": None}), "object.temperature"),
        (f"{DEVICE}/event/rx", "{}", "no event of ChirpStack 4"),
    ],
)
def test_refused(topic: str, payload: str | bytes, reason: str) -> None:
    """Also what the server sends when it is set to protobuf."""
    assert reason in refusal(topic, payload)


def test_a_topic_that_names_no_device_is_refused() -> None:
    """It is this family's all the same, and nobody else's device."""
    assert "names no device" in refusal("application/a/device//event/up", '{"object":{"temperature":1}}')
