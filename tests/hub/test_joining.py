"""Two stored devices that turn out to be one: joined by what can be no chance, never against a person's word."""

from typing import Any

import pytest
from msgspec.structs import replace

from hub.joining import Side, joined, may_be_one
from hub.model import Device

ONE, OTHER = "tasmota:kitchen", "homeassistant:123456"


def device(uid: str, **more: Any) -> Device:  # noqa: ANN401 — the device's own
    """Return a device under its own name."""
    return replace(Device(uid=uid, family=uid.partition(":")[0], name=uid.partition(":")[2]), **more)


def side(uid: str, *names: str, said: tuple[str, ...] | None = None) -> Side:
    """Return a side that is called by its uid and these names; a message says all of them unless told."""
    return Side((uid,), {uid, *names}, said if said is not None else (uid, *names))


def may(one: Side, other: Side, **more: Any) -> bool:  # noqa: ANN401 — the first device's own
    """Tell whether two stored devices may be joined."""
    devices = {one.uids[0]: device(one.uids[0], **more), other.uids[0]: device(other.uids[0])}
    return may_be_one(one, other, devices) and may_be_one(other, one, devices)


def test_two_conventions_of_one_device_may_be_joined() -> None:
    """A native driver and a discovery document that names its topic."""
    assert may(side(ONE), side(OTHER, "mac:5ccf7f123456"))


@pytest.mark.parametrize("of_person", [{"apart": [OTHER]}, {"ignored": True}, {"run": "cold-room-x"}])
def test_never_against_a_persons_word_nor_a_simulated_one_with_a_real_one(of_person: dict[str, object]) -> None:
    """Unmerged by hand, ignored, or made up."""
    assert not may(side(ONE), side(OTHER), **of_person)


def test_two_addresses_of_one_kind_are_two_devices() -> None:
    """Friendly names that were exchanged; a MAC and an IEEE address say nothing against each other."""
    assert not may(side("zigbee2mqtt:a", "ieee:0x1"), side("zigbee2mqtt:b", "ieee:0x2"))
    assert may(side("zigbee2mqtt:a", "ieee:0x1"), side(OTHER, "mac:5ccf7f123456"))


@pytest.mark.parametrize("uid", ["shelly:b", "zigbee2mqtt:valve"])
def test_a_word_that_groups_several_devices_makes_them_no_one(uid: str) -> None:
    """Somebody's discovery documents call a plug and a valve `heating`; an address they share is another matter."""
    plug = side("shelly:a", said=("shelly:a",))
    assert not may(plug, side(uid, "homeassistant:heating", said=("homeassistant:heating",)))
    assert may(plug, side(uid, "mac:8caab54b98df", said=("mac:8caab54b98df",)))


def test_a_word_that_one_of_a_group_was_joined_under_joins_no_second_one() -> None:
    """The plug became one with what its documents call `heating`; the valve does not follow it there."""
    group = Side(
        ("homeassistant:heating", "shelly:a"), {"homeassistant:heating", "shelly:a"}, ("homeassistant:heating",)
    )
    assert not may(side("zigbee2mqtt:valve", said=("zigbee2mqtt:valve",)), group)


def test_the_older_one_stands_for_both_with_what_people_said_of_either() -> None:
    """Name, room and lock; the newest word on whether it is there."""
    stays, merged = joined(
        device(OTHER, seen=5, name="Bedroom"), device(ONE, seen=9, room="Cave", locked=True, name="Frigo", named=True)
    )
    assert (stays.uid, stays.name, stays.named, stays.room, stays.locked, stays.seen) == (
        OTHER,
        "Frigo",
        True,
        "Cave",
        True,
        9,
    )
    assert merged == device(ONE, seen=9, room="Cave", locked=True, name="Frigo", named=True, merged=OTHER)


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        ({}, {}, "123456"),
        ({}, {"name": "Bedroom"}, "Bedroom"),
        ({"name": "Bedroom"}, {"name": "Bed"}, "Bedroom"),
        ({"name": "Mine", "named": True}, {"name": "Bed", "named": True}, "Mine"),
    ],
)
def test_the_name_that_says_more_stays(one: dict[str, Any], other: dict[str, Any], name: str) -> None:
    """A person's before a document's before none; of two alike the older one's."""
    assert joined(device(OTHER, **one), device(ONE, **other))[0].name == name


@pytest.mark.parametrize("hidden", [{"proposed": True}, {"removed": True}])
def test_who_is_shown_stands_for_who_is_not(hidden: dict[str, bool]) -> None:
    """A proposal of a foreign broker, or what has gone, is older but nobody sees it."""
    stays, merged = joined(device(OTHER, **hidden), device(ONE))
    assert (stays.uid, merged.uid, merged.merged) == (ONE, OTHER, ONE)
