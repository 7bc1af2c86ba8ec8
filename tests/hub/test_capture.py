"""A capture of the page gives nobody away, and says the same."""

import json

import pytest

from hub.capture import capture, scrubbed

AT = 1_764_208_800_000_000_000


@pytest.mark.parametrize(
    "address",
    [
        "a4:cf:12:9b:00:7e",
        "A4-CF-12-9B-00-7E",
        "A4CF129B007E",
        "0x00158d0001a2b3c4",
        "192.168.1.23",
        "10.0.0.7",
        "fe80::a6cf:12ff:fe9b:7e",
        "2001:db8:1:2:3:4:5:6",
    ],
)
def test_an_address_is_replaced_everywhere_by_the_same(address: str) -> None:
    """In topic and payload, of the same length and form."""
    topic, payload = scrubbed(f"acme/{address}/up", json.dumps({"from": address, "v": 1}))
    assert payload is not None
    assert address not in topic + payload
    assert len(topic) == len(f"acme/{address}/up")
    assert json.loads(payload) == {"from": topic.split("/")[1], "v": 1}


def test_two_addresses_stay_two() -> None:
    """Who speaks to whom can still be told."""
    _, payload = scrubbed("a/b", '["a4:cf:12:9b:00:7e", "a4:cf:12:9b:00:7f", "192.168.1.23", "192.168.1.24"]')
    assert payload is not None
    assert len(set(json.loads(payload))) == 4


def test_many_addresses_stay_as_many() -> None:
    """More than a digit can count."""
    _, payload = scrubbed("a/b", json.dumps([f"10.0.0.{last}" for last in range(256)]))
    assert payload is not None
    assert len(set(json.loads(payload))) == 256


def test_a_number_is_no_address() -> None:
    """Counters of twelve digits and long decimals are what the device measures; a clock is no IPv6."""
    said = '{"total":176420880012,"v":0.123456789012,"at":"2026-11-24T09:00:00Z","n":1234567890123456}'
    assert scrubbed("a/b", said) == ("a/b", said)


def test_names_are_replaced_and_keys_are_not() -> None:
    """The device's level of the topic, and what keys say is a name."""
    topic, payload = scrubbed("tele/name/SENSOR", '{"name":"Paul","ssid":"home net","DeviceName":"name","t":21.5}')
    assert payload is not None
    said = json.loads(payload)
    assert list(said) == ["name", "ssid", "DeviceName", "t"]
    assert said["DeviceName"] == topic.split("/")[1]
    assert not {"Paul", "home net"} & set(said.values())
    assert [len(said["name"]), len(said["ssid"]), said["t"]] == [4, 8, 21.5]


def test_without_the_wish_nothing_is_replaced() -> None:
    """As it was heard, with the day; where it is from is left to its author."""
    found = capture("acme/paul/up", b'{"t":1}', AT, scrub=False)
    assert found["messages"] == [{"topic": "acme/paul/up", "payload": '{"t":1}'}]
    assert (found["when"], found["source"], found["publish"]) == ("2025-11-27", "", "")


def test_bytes_stand_as_hexadecimal_and_are_not_called_scrubbed() -> None:
    """Nobody knows what is in them."""
    found = capture("acme/paul/up", b"\xff\x00", AT, scrub=True)
    assert found["messages"] == [{"topic": "acme/nam1/up", "payload_hex": "ff00"}]
    assert found["publish"] == ""
