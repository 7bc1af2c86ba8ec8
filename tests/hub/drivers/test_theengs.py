"""Sensors behind Theengs Gateway and OpenMQTTGateway, sentence by sentence of wire_formats.md §15 (last part)."""

import json

import pytest

from hub.drivers.theengs import names
from hub.model import NS, Availability, Kind, Message
from hub.registry import Contexts
from servers.decoding import NOW, REGISTRY, full, outcome, refusal, understood, values

SENSOR = "home/TheengsGateway/BTtoMQTT/D3464CE6954B"


def heard(**fields: object) -> str:
    """Return a decoded advertisement."""
    return json.dumps({"id": "D3:46:4C:E6:95:4B", "brand": "Shelly", "model_id": "SBHT-003C", **fields})


def test_the_example_of_the_vendor() -> None:
    """°F repeats °C: one temperature; the device is its MAC, shared with every family."""
    payload = heard(rssi=-62, tempc=19.8, tempf=67.64, hum=55, batt=92)
    assert full(SENSOR, payload) == {
        "signal": (-62.0, "dBm", "good"),
        "temperature": (19.8, "°C", "good"),
        "humidity": (55.0, "%", "good"),
        "battery": (92.0, "%", "good"),
    }
    decoded = understood(SENSOR, payload)
    assert (decoded.device, decoded.aliases) == ("theengs:D3464CE6954B", ("mac:d3464ce6954b",))
    assert {sample.measured for sample in decoded.samples} == {None}


def test_fahrenheit_counts_where_celsius_is_missing() -> None:
    """Several probes of a meat thermometer are numbered."""
    assert values(SENSOR, heard(tempf=68)) == {"temperature": 20}
    assert values(SENSOR, heard(tempc1=60.5, tempf1=140.9, tempf2=68)) == {"temperature_1": 60.5, "temperature_2": 20}


@pytest.mark.parametrize(
    ("fields", "channel", "value", "unit"),
    [
        ({"volt": 2.98}, "battery_voltage", 2.98, "V"),
        ({"pres": 1003.1}, "pressure", 1003.1, "hPa"),
        ({"weight": 70.5, "unit": "kg"}, "weight", 70.5, "kg"),
        ({"weight": 100, "unit": "lb"}, "weight", 45.359237, "kg"),
        ({"weight": 10, "unit": "jin"}, "weight", 5, "kg"),
        ({"open": True}, "open", 1, None),
        ({"leak": False}, "water_leak", 0, None),
        ({"accz": -9.80665}, "acceleration_z", -1, "g"),
    ],
)
def test_each_key_has_its_unit(fields: dict[str, object], channel: str, value: float, unit: str | None) -> None:
    """What the decoder's documentation fixes; a weight says its own."""
    assert full(SENSOR, heard(**fields)) == {channel: (value, unit, "good")}


def test_a_plugs_volts_are_the_mains() -> None:
    """With a power beside it, it is no battery."""
    assert values(SENSOR, heard(volt=231, power=60)) == {"voltage": 231, "power": 60}


def test_unknown_keys_and_bad_fields_spoil_nothing() -> None:
    """A beacon of which nothing is known is heard, no more."""
    decoded = understood(SENSOR, heard(hum=None, tempc="21,5", batt=0, mfr=5, weight=3, unit="stone"))
    assert {sample.channel: sample.value for sample in decoded.samples} == {"battery": 0}
    assert set(decoded.rejected) == {"hum", "tempc", "weight"}
    assert understood(SENSOR, heard(servicedata="4000")).kind is Kind.HOUSEKEEPING
    assert "no value" in refusal(SENSOR, heard(tempc="nan"))


@pytest.mark.parametrize("topic", [SENSOR, "a/b/c/OMG/BTtoMQTT/D3:46:4C:E6:95:4B", "+/+/BTtoMQTT/d3464ce6954b"])
def test_any_gateway_below_any_base_hears_the_same_device(topic: str) -> None:
    """Heard by two gateways it is one; discovery writes wildcards in their place."""
    assert names(topic) == "theengs:D3464CE6954B"


@pytest.mark.parametrize(("word", "said"), [("online", Availability.ONLINE), ("offline", Availability.OFFLINE)])
def test_the_last_will_is_the_gateways(word: str, said: Availability) -> None:
    """Its sensors may be heard by another gateway."""
    decoded = understood("home/TheengsGateway/LWT", word)
    assert (decoded.kind, decoded.device, decoded.availability) == (
        Kind.AVAILABILITY,
        "theengs:home/TheengsGateway",
        said,
    )


def test_another_last_will_is_somebody_elses() -> None:
    """A number on a topic of that shape is read as any number."""
    found = outcome("lab/probe/LWT", "3")
    assert found.driver is not None
    assert found.driver.model == "generic"


def test_the_gateways_own_health() -> None:
    """Its chip's temperature is never called temperature."""
    topic, payload = "home/OMG/SYStoMQTT", '{"uptime":9,"rssi":-55,"tempc":48.5,"mac":"AA:BB:CC:DD:EE:FF"}'
    assert values(topic, payload) == {"uptime": 9, "signal": -55, "chip_temperature": 48.5}
    assert understood(topic, payload).aliases == ("mac:aabbccddeeff",)


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("home/OMG/commands/MQTTtoBT/config", Kind.COMMAND),
        ("home/OMG/commands/MQTTtoSYS", Kind.COMMAND),
        ("home/OMG/BTtoMQTT", Kind.HOUSEKEEPING),
        ("home/OMG/WebUItoMQTT", Kind.HOUSEKEEPING),
    ],
)
def test_the_rest_is_understood_and_no_measure(topic: str, kind: Kind) -> None:
    """Commands and settings passing by."""
    decoded = understood(topic, '{"scan":true}')
    assert (decoded.kind, decoded.device, decoded.samples) == (kind, "theengs:home/OMG", ())


# --- two gateways


def taken(*messages: tuple[str, str, float]) -> list[Kind]:
    """Return what becomes of advertisements that gateways passed on at these seconds."""
    contexts: Contexts = {}
    found = []
    for gateway, payload, second in messages:
        topic = SENSOR.replace("TheengsGateway", gateway)
        decoded = REGISTRY.decode(Message(topic, payload.encode(), NOW + int(second * NS)), contexts).decoded
        assert decoded is not None
        found.append(decoded.kind)
    return found


def test_an_advertisement_heard_by_two_gateways_is_one_reading() -> None:
    """The same values from another one at about the same time; each has its own signal."""
    first, second = heard(rssi=-62, tempc=19.8), heard(rssi=-80, tempc=19.8)
    assert taken(("a", first, 0), ("b", second, 1), ("c", second, 9)) == [
        Kind.READINGS,
        Kind.HOUSEKEEPING,
        Kind.HOUSEKEEPING,
    ]


def test_what_is_no_repetition_is_kept() -> None:
    """The same gateway again, other values, or later than an advertisement can be."""
    same, other = heard(tempc=19.8), heard(tempc=19.9)
    assert taken(("a", same, 0), ("a", same, 1), ("b", other, 2), ("a", other, 12)) == [Kind.READINGS] * 4


def test_a_packet_id_tells_repetitions_whatever_comes_between() -> None:
    """A gateway that is a packet behind repeats; a packet with the same values is another one."""
    packets = [heard(tempc=19.8, packet=number) for number in (5, 6)]
    said = taken(
        ("a", packets[0], 0), ("a", packets[1], 1), ("b", packets[0], 2), ("b", packets[1], 3), ("b", packets[0], 63)
    )
    assert said == [Kind.READINGS, Kind.READINGS, Kind.HOUSEKEEPING, Kind.HOUSEKEEPING, Kind.READINGS]
