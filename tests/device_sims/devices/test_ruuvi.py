"""The fake RuuviTag: data format 5 by the vendor's test vectors, and what the gateway makes of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from device_sims.devices import Device, Moment, Packet, View, make
from device_sims.devices.ruuvi import FIELDS, format_5
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

MAC = bytes.fromhex("CBB8334C884F")
CHANNELS = {name: {"field": name, "id": ""} for name in (*FIELDS, "rssi", "level")}
VALUES: dict[str, Sampled] = {
    "temperature": 24.3,
    "humidity": 53.49,
    "pressure": 1000.44,
    "acceleration_x": 0.004,
    "acceleration_y": -0.004,
    "acceleration_z": 1.036,
    "voltage": 2977.0,
    "tx_power": 4.0,
    "movement": 66.0,
    "rssi": -71.0,
    "level": 90.0,
}


def device(**options: object) -> Device:
    """Return a tag with all it can measure."""
    return make("ruuvi", "store-sim-tag", CHANNELS, options)


def view(time_s: int = 0, wrong_by_h: float | None = None, **values: Sampled) -> View:
    """Return the tag at 2025-07-25T08:00:00Z and so many seconds."""
    moment = Moment(datetime(2025, 7, 25, 8, tzinfo=UTC), UTC, time_s, 1000 + time_s, wrong_by_h)
    return View(moment, VALUES | values, {}, 10)


def body(packet: Packet) -> dict[str, Any]:
    """Return a packet's JSON."""
    found: dict[str, Any] = json.loads(packet.payload)
    return found


@pytest.mark.parametrize(
    ("values", "sequence", "printed"),
    [
        (
            {key: value for key, value in VALUES.items() if isinstance(value, float)},
            205,
            "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F",
        ),
        (
            {
                "temperature": 163.835,
                "humidity": 163.8350,
                "pressure": 1155.34,
                "acceleration_x": 32.767,
                "acceleration_y": 32.767,
                "acceleration_z": 32.767,
                "voltage": 3646,
                "tx_power": 20,
                "movement": 254,
            },
            65_534,
            "057FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFECBB8334C884F",
        ),
        (
            {
                "temperature": -163.835,
                "humidity": 0,
                "pressure": 500,
                "acceleration_x": -32.767,
                "acceleration_y": -32.767,
                "acceleration_z": -32.767,
                "voltage": 1600,
                "tx_power": -40,
                "movement": 0,
            },
            0,
            "058001000000008001800180010000000000CBB8334C884F",
        ),
        ({}, None, "058000FFFFFFFF800080008000FFFFFFFFFFCBB8334C884F"),
    ],
    ids=["valid", "maximum", "minimum", "not available"],
)
def test_the_bytes_are_the_vendors_test_vectors(values: dict[str, float], sequence: int | None, printed: str) -> None:
    """https://docs.ruuvi.com/communication/bluetooth-advertisements/data-format-5-rawv2, Test vectors."""
    assert format_5(values, sequence, MAC).hex().upper() == printed


def test_beyond_its_range_a_value_stays_at_its_end() -> None:
    """And never becomes the code that says not available."""
    much = format_5(dict.fromkeys(FIELDS, 1e6) | {"movement": 254.0}, 65_534, MAC)
    assert much == format_5(
        {
            "temperature": 163.835,
            "humidity": 163.835,
            "pressure": 1155.34,
            "acceleration_x": 32.767,
            "acceleration_y": 32.767,
            "acceleration_z": 32.767,
            "voltage": 3646,
            "tx_power": 20,
            "movement": 254,
        },
        65_534,
        MAC,
    )
    assert format_5({"movement": 255.0}, 0, MAC)[15] == 0


def test_a_message_is_that_of_the_gateway() -> None:
    """Topic of two MACs that no manufacturer gave, behind a word that says it is simulated; all keys of the example."""
    (packet,) = device().report(view())
    said = body(packet)
    prefix, gateway, tag = packet.topic.split("/")
    assert "sim" in prefix
    assert [int(mac[:2], 16) & 3 for mac in (gateway, tag)] == [2, 2]
    assert said["gw_mac"] == gateway
    assert said.keys() == {"gw_mac", "rssi", "aoa", "gwts", "ts", "data", "coords"}
    assert (said["ts"], said["rssi"]) == ("1753430400", -71)
    assert said["data"].startswith("0201061BFF99040512FC5394C37C0004FFFC040CAC36420000")
    assert said["data"].endswith(tag.replace(":", ""))
    assert not packet.retain


def test_newer_firmware_dates_with_numbers() -> None:
    """`ts` is no text there."""
    assert body(device(numbers=True).report(view())[0])["ts"] == 1_753_430_400


def test_a_gateway_without_time_counts() -> None:
    """`cnt` instead of `ts` and `gwts`; a wrong clock dates wrongly."""
    said = body(device().report(view(wrong_by_h=0))[0])
    assert said["cnt"] == "0"
    assert not {"ts", "gwts"} & said.keys()
    assert body(device().report(view(wrong_by_h=1))[0])["ts"] == "1753434000"


def test_a_lost_sample_is_not_available_and_its_neighbours_are() -> None:
    """0x8000 for the temperature alone."""
    data = bytes.fromhex(body(device().report(view(temperature=Lost.UNPLUGGED))[0])["data"])
    assert data[8:10].hex() == "8000"
    assert data[10:12].hex() == "5394"


def test_a_tag_lies_still_and_lacks_what_the_scenario_does_not_give() -> None:
    """Pressure, acceleration, battery, power and movement are always there; humidity is not available."""
    one = make("ruuvi", "tag-sim", {"temperature": {"field": "temperature", "id": ""}})
    data = body(one.report(view())[0])["data"]
    assert data[14:48] == "0512FCFFFFC87D0000000003E8A8D60000"


def test_an_advertisement_that_nobody_hears_leaves_a_gap() -> None:
    """The sequence goes on, also during a silence."""
    one = device()
    one.birth(view())
    numbers = []
    for second, signal in ((0, -70.0), (10, Lost.DROPPED), (20, -70.0)):
        numbers += [int(body(each)["data"][46:50], 16) for each in one.report(view(second, rssi=signal))]
    one.birth(view(120))
    numbers += [int(body(each)["data"][46:50], 16) for each in one.report(view(120))]
    assert numbers == [0, 2, 12]


def test_it_only_speaks() -> None:
    """No will, nothing retained, no command; moved, it says so at once."""
    one = device()
    assert (one.will, one.retained, one.commands, one.bridged) == (None, (), (), True)
    assert one.command(view(), one.filters[0], b"{}").packets == ()
    assert len(one.changed(view(movement=67.0), frozenset({"movement"}))) == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"prefix": "ruuvi"}, "contains `sim`"),
        ({"prefix": "sim/#"}, "neither"),
        ({"mac": "CBB8334C884"}, "mac is"),
        ({"mac": "C8B8334C884F"}, "locally administered"),
    ],
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, object], reason: str) -> None:
    """When the scenario is read."""
    with pytest.raises(SimulationError, match=reason):
        device(**options)


def test_a_field_that_the_format_lacks_is_refused() -> None:
    """Naming those it has."""
    with pytest.raises(SimulationError, match="acceleration_x"):
        make("ruuvi", "a-sim", {"co2": {"field": "co2", "id": ""}})
