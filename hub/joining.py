"""Two devices that were stored apart and turn out to be one: whether they may be joined, and which one stands for both.

Pure. A merge rewrites nothing (design.md §1, Device): it can be taken back, and is never repeated against a person's
word.
"""

import re
from collections.abc import Collection, Mapping

from msgspec import Struct, structs

from hub.model import BY_HUB, REAL, Action, Device

HARDWARE = re.compile(r"(mac|ieee|eui):.+")
"""Names that a vendor gave one device in the world."""


class Side(Struct, frozen=True):
    """One of two that may be the same.

    Attributes:
        uids: its own, and those of the devices merged into it.
        names: all that it is called.
        said: those of them that the message which connects both says.
    """

    uids: tuple[str, ...]
    names: Collection[str]
    said: Collection[str]


def may_be_one(one: Side, other: Side, devices: Mapping[str, Device]) -> bool:
    """Tell whether two sides may be joined because one message says names of both."""
    stored = [[devices[uid] for uid in side.uids if uid in devices] for side in (one, other)]
    for mine in stored[0]:
        for its in stored[1]:
            if (mine.run == REAL) is not (its.run == REAL) or mine.ignored is not its.ignored:
                return False
            if its.uid in mine.apart or mine.uid in its.apart:
                return False
    return _same_hardware(one, other) and _well_connected(one, other)


def _same_hardware(one: Side, other: Side) -> bool:
    """Tell that no two addresses of one kind say that these are two devices."""
    mine, its = _hardware(one.names), _hardware(other.names)
    return all(mine[kind] & its[kind] for kind in mine.keys() & its.keys())


def _hardware(names: Collection[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name in names:
        if match := HARDWARE.fullmatch(name):
            found.setdefault(match[1], set()).add(name)
    return found


def family(name: str) -> str:
    """Return the family of a name."""
    return name.partition(":")[0]


def _well_connected(one: Side, other: Side) -> bool:
    """Tell that the message says more of both than a word of its own under which somebody groups several devices.

    An address is enough; else each family that has spoken for a side must be named.
    """
    return all(
        any(HARDWARE.fullmatch(name) for name in side.said) or _families(side.uids) <= _families(side.said)
        for side in (one, other)
    )


def _families(names: Collection[str]) -> set[str]:
    return set(map(family, names))


def joined(one: Device, other: Device) -> tuple[Device, Device]:
    """Return who stands for both, the older one where both are shown, with what people said of either; and the other.

    Args:
        one: first seen before `other`.
        other: the younger one.
    """
    if (one.proposed, one.removed) > (other.proposed, other.removed):
        one, other = other, one
    called = other if _is_better_called(other, one) else one
    survivor = structs.replace(
        one,
        name=called.name,
        named=called.named,
        room=one.room or other.room,
        locked=one.locked or other.locked,
        hidden=one.hidden or other.hidden,
        seen=max(one.seen, other.seen),
        availability=one.availability if one.seen >= other.seen else other.availability,
        firmware=one.firmware or other.firmware,
        health=tuple(sorted({*one.health, *other.health})),
        expires=other.expires | one.expires,
    )
    return survivor, structs.replace(other, merged=survivor.uid)


def merging(merged: Device, at: int) -> Action:
    """Return the record of a merge that nobody asked for; who undoes it keeps the two apart for ever."""
    return Action(
        at=at,
        by=BY_HUB,
        device=merged.uid,
        before={"merged": None, "apart": (*merged.apart, merged.merged)},
        after={"merged": merged.merged, "apart": merged.apart},
    )


def _is_better_called(one: Device, other: Device) -> bool:
    """Tell whether a name says more than another device's: a person's before a document's before none."""
    return (one.named, one.name != one.own_name) > (other.named, other.name != other.own_name)
