"""RuuviTag through Ruuvi Gateway, sentence by sentence of wire_formats.md §14."""

import json

import pytest

from hub.model import Availability, Kind
from servers.decoding import full, outcome, refusal, understood, values

GATEWAY = "C8:25:2D:8E:9C:2C"
TAG = f"ruuvi/{GATEWAY}/CB:B8:33:4C:88:4F"
VALID = "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F"
AT_NS = 1_753_430_400_000_000_000


def heard(data: object, /, **fields: object) -> str:
    """Return what a gateway publishes of an advertisement."""
    return json.dumps({"gw_mac": GATEWAY, "rssi": -71, "aoa": [], "data": data, "coords": "", **fields})


def raw(body: str) -> str:
    """Return an advertisement: flags, then Ruuvi's structure."""
    return f"020106{len(body) // 2 + 3:02X}FF9904{body}"


def read(body: str) -> dict[str, float]:
    """Return channel → value of Ruuvi's own bytes, without the radio."""
    found = values(TAG, heard(raw(body)))
    assert found.pop("rssi") == -71
    return found


def test_the_example_of_the_document() -> None:
    """Values, units, time as text."""
    payload = heard(raw(VALID), gwts="1753430401", ts="1753430400")
    assert full(TAG, payload) == {
        "temperature": (24.3, "°C", "good"),
        "humidity": (53.49, "%", "good"),
        "pressure": (1000.44, "hPa", "good"),
        "acceleration_x": (0.004, "g", "good"),
        "acceleration_y": (-0.004, "g", "good"),
        "acceleration_z": (1.036, "g", "good"),
        "battery_voltage": (2.977, "V", "good"),
        "tx_power": (4, "dBm", "good"),
        "movement": (66, None, "good"),
        "sequence": (205, None, "good"),
        "rssi": (-71, "dBm", "good"),
    }
    decoded = understood(TAG, payload)
    assert {each.measured for each in decoded.samples} == {AT_NS}
    assert (decoded.device, decoded.aliases) == ("ruuvi:cbb8334c884f", ("mac:cbb8334c884f",))


def test_the_ends_of_the_range() -> None:
    """The vendor's vectors: all of it is legal on the wire, what is not plausible is kept and marked."""
    assert read("057FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFECBB8334C884F") == {
        "temperature": 163.835,
        "humidity": 163.835,
        "pressure": 1155.34,
        "acceleration_x": 32.767,
        "acceleration_y": 32.767,
        "acceleration_z": 32.767,
        "battery_voltage": 3.646,
        "tx_power": 20,
        "movement": 254,
        "sequence": 65_534,
    }
    assert read("058001000000008001800180010000000000CBB8334C884F") == {
        "temperature": -163.835,
        "humidity": 0,
        "pressure": 500,
        "acceleration_x": -32.767,
        "acceleration_y": -32.767,
        "acceleration_z": -32.767,
        "battery_voltage": 1.6,
        "tx_power": -40,
        "movement": 0,
        "sequence": 0,
    }
    found = full(TAG, heard(raw("057FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFECBB8334C884F")))
    assert {name: each[2] for name, each in found.items() if each[2] != "good"} == {
        "temperature": "uncertain",
        "humidity": "uncertain",
        "acceleration_x": "uncertain",
        "acceleration_y": "uncertain",
        "acceleration_z": "uncertain",
    }


@pytest.mark.parametrize(
    ("at", "word", "channels"),
    [
        (1, "8000", {"temperature"}),
        (3, "FFFF", {"humidity"}),
        (5, "FFFF", {"pressure"}),
        (7, "8000", {"acceleration_x"}),
        (9, "8000", {"acceleration_y"}),
        (11, "8000", {"acceleration_z"}),
        (13, "FFE0", {"battery_voltage"}),
        (13, "001F", {"tx_power"}),
        (13, "FFFF", {"battery_voltage", "tx_power"}),
        (15, "FF", {"movement"}),
        (16, "FFFF", {"sequence"}),
    ],
)
def test_not_available_is_judged_alone(at: int, word: str, channels: set[str]) -> None:
    """The rest is there, and it says what is not."""
    body = VALID[: 2 * at] + word + VALID[2 * at + len(word) :]
    decoded = understood(TAG, heard(raw(body)))
    assert set(read(VALID)) - {each.channel for each in decoded.samples} == channels
    assert set(decoded.rejected) == channels


def test_nothing_available_is_no_reading() -> None:
    """Not even of the radio."""
    assert "not available" in refusal(TAG, heard(raw("058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF")))


@pytest.mark.parametrize(
    ("body", "due"),
    [
        ("03291A1ECE1EFC18F94202CA0B53", (26.3, 20.5, 1027.66, -1, -1.726, 0.714, 2.899)),
        ("03FF7F63FFFF7FFF7FFF7FFFFFFF", (127.99, 127.5, 1155.35, 32.767, 32.767, 32.767, 65.535)),
        ("0300FF630000800180018001" + "0000", (-127.99, 0, 500, -32.767, -32.767, -32.767, 0)),
        ("0300801900000000000000000000", (-0.25, 0, 500, 0, 0, 0, 0)),
    ],
)
def test_the_older_format(body: str, due: tuple[float, ...]) -> None:
    """Format 3: a sign, whole degrees and hundredths; the vendor's vectors."""
    names = (
        "temperature",
        "humidity",
        "pressure",
        "acceleration_x",
        "acceleration_y",
        "acceleration_z",
        "battery_voltage",
    )
    assert read(body) == dict(zip(names, due, strict=True))


@pytest.mark.parametrize(
    ("fields", "measured", "rejected"),
    [
        ({"ts": "1753430400"}, AT_NS, []),
        ({"ts": 1_753_430_400}, AT_NS, []),
        ({"cnt": "338"}, None, []),
        ({"gwts": "1753430401"}, None, []),
        ({"ts": "17"}, None, []),
        ({"ts": 1_000_000_000}, None, []),
        ({"ts": "soon"}, None, ["ts"]),
        ({"ts": ""}, None, ["ts"]),
    ],
)
def test_time(fields: dict[str, object], measured: int | None, rejected: list[str]) -> None:
    """`ts` as text or number; without time sync, or a time that cannot be: arrival."""
    decoded = understood(TAG, heard(raw(VALID), **fields))
    assert {each.measured for each in decoded.samples} == {measured}
    assert list(decoded.rejected) == rejected


DECODED = {
    "dataFormat": 5,
    "temperature": 28.545,
    "humidity": 76.6325,
    "pressure": 101_018,
    "accelX": 1.02,
    "accelY": -0.204,
    "accelZ": -0.004,
    "movementCounter": 218,
    "voltage": 2.686,
    "txPower": -32,
    "measurementSequenceNumber": 25_546,
    "id": "CB:B8:33:4C:88:4F",
}


def test_decoded_by_the_gateway() -> None:
    """Pressure in Pa, voltage in V; null is not available."""
    payload = json.dumps({"gw_mac": GATEWAY, "rssi": -51, "ts": 1_753_430_400, **DECODED, "humidity": None})
    decoded = understood(TAG, payload)
    assert {each.channel: each.value for each in decoded.samples} == {
        "temperature": 28.545,
        "pressure": 1010.18,
        "acceleration_x": 1.02,
        "acceleration_y": -0.204,
        "acceleration_z": -0.004,
        "battery_voltage": 2.686,
        "tx_power": -32,
        "movement": 218,
        "sequence": 25_546,
        "rssi": -51,
    }
    assert list(decoded.rejected) == ["humidity"]


def test_raw_and_decoded_is_one_measure() -> None:
    """The raw bytes win; where they cannot be read, what the gateway decoded is taken."""
    assert values(TAG, heard(raw(VALID), **DECODED))["temperature"] == 24.3
    assert values(TAG, heard("0201060", **DECODED))["temperature"] == 28.545
    assert values(TAG, heard(raw("06"), **DECODED))["temperature"] == 28.545


def test_bthome_inside() -> None:
    """Service data of 0xFCD2, wherever in the chain; the other sensor is a device of its own."""
    data = "020106" + "0A16D2FC40" + "02CA0903BF13" + "0609" + b"DIY-X".hex()
    assert values(TAG, heard(data)) == {"temperature": 25.06, "humidity": 50.55, "rssi": -71}
    assert full(TAG, heard("0716D2FC40010163"[:14] + "6302"))["battery"] == (1, "%", "good")
    assert "encrypted" in refusal(TAG, heard("020106" + "0616D2FC410102"))


def test_the_same_device_by_another_way() -> None:
    """The MAC is its alias there too."""
    other = understood("bthome/cbb8334c884f", bytes.fromhex("400164"))
    assert other.aliases == understood(TAG, heard(raw(VALID))).aliases


def test_two_gateways_hear_one_measurement() -> None:
    """By the tag's sequence, or the packet id of BTHome."""
    second = f"ruuvi/AA:BB:CC:DD:EE:FF/{TAG.rpartition('/')[2]}"
    again = understood(second, heard(raw(VALID), rssi=-90), (TAG, heard(raw(VALID))))
    assert (again.kind, again.samples) == (Kind.HOUSEKEEPING, ())
    packet = "0716D2FC40000901"
    again = understood(second, heard(packet + "64"), (TAG, heard(packet + "64")))
    assert (again.kind, again.samples) == (Kind.HOUSEKEEPING, ())
    unnumbered = VALID[:32] + "FFFF" + VALID[36:]
    assert understood(second, heard(raw(unnumbered)), (TAG, heard(raw(unnumbered)))).samples


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (heard("0201061AFF4C000215FDA50693A4E24FB1AFCFC6EB0764782527114CB9C5"), "company 0x004c"),
        (heard("0201060716F1FE01020304"), "service data of 0xfef1"),
        (heard("0201060211AA"), "type 0x11"),
        (heard("020106"), "nothing"),
        (heard("0201061BFF990405"), "cut after 4 of 27 bytes"),
        (heard(raw(VALID[:-2])), "takes 24 bytes, 23 are there"),
        (heard(raw("06" + VALID[2:])), "Ruuvi data format 6"),
        (heard("03FF9904"), "without a format"),
        (heard("zz"), "not hexadecimal"),
        (heard("0"), "not hexadecimal"),
        (heard(""), "empty"),
        (heard(None), "not hexadecimal"),
        ('{"rssi":-71}', "neither data nor a decoded value"),
        ("[]", "a JSON object is due"),
        ("", "empty payload"),
    ],
)
def test_refused(payload: str, reason: str) -> None:
    """What it holds instead is named."""
    assert reason in refusal(TAG, payload)


@pytest.mark.parametrize(
    "topic",
    [
        "ruuvi/CB:B8:33:4C:88:4F",
        f"site 1/ruuvi/{GATEWAY}/CB:B8:33:4C:88:4F",
        f"{GATEWAY}/cb:b8:33:4c:88:4f",
        "my home/tags/CB:B8:33:4C:88:4F",
        "CB:B8:33:4C:88:4F",
        "ruuvi/a/b/CB-B8-33-4C-88-4F",
    ],
)
def test_the_prefix_is_the_users(topic: str) -> None:
    """The tag's MAC comes last."""
    assert understood(topic, heard(raw(VALID))).device == "ruuvi:cbb8334c884f"


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("ruuvi/kitchen/temperature", "21.5"),
        ("lab/CB:B8:33:4C:88:4F", '{"temperature":21.5}'),
        ("lab/CB:B8:33:4C:88:4F", "21.5"),
    ],
)
def test_other_topics_are_not_its(topic: str, payload: str) -> None:
    """A topic that names no tag, or a MAC without a gateway's message, is anybody's."""
    found = outcome(topic, payload)
    assert found.driver is not None
    assert found.driver.model == "generic"
    assert found.decoded is not None


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ('{"state":"online"}', Availability.ONLINE),
        ('{"state": "offline"}', Availability.OFFLINE),
        ("online", Availability.ONLINE),
    ],
)
def test_the_gateway_is_never_a_tag(payload: str, said: Availability) -> None:
    """`gw_status` says whether it is there."""
    decoded = understood(f"ruuvi/{GATEWAY}/gw_status", payload)
    assert (decoded.kind, decoded.availability, decoded.device) == (Kind.AVAILABILITY, said, "ruuvi:c8252d8e9c2c")
    assert decoded.speaks_for_others
    assert understood("home/gw_status", payload).device == "ruuvi:home"
    assert "neither online nor offline" in refusal(f"ruuvi/{GATEWAY}/gw_status", "{}")
