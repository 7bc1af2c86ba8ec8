"""Which real devices play the roles of a use case: somebody gave them, for none takes one by itself."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
from msgspec import Struct


class Taken(Struct, frozen=True, kw_only=True):
    """A real device in a role.

    Attributes:
        device: its uid.
        channels: measure → the channel that gives it; the role's other measures are not heard.
        assumed: measures whose channel says no unit: it is taken for the measure's own.
    """

    device: str
    channels: dict[str, str]
    assumed: list[str] = []


Cast = Mapping[str, Mapping[str, Taken]]
"""Use case → role → who has taken it. A use case in it lives on the real timeline (design.md §1)."""


def role_record(usecase: str, role: str, taken: Taken | None) -> dict[str, Any]:
    """Return who plays a role (None: its simulated device) as an action records it."""
    return {"usecase": usecase, "role": role, "taken": msgspec.to_builtins(taken)}


def with_role(cast: Cast, record: Mapping[str, Any]) -> dict[str, dict[str, Taken]]:
    """Return the cast with what an action records of a role."""
    known = {name: dict(roles) for name, roles in cast.items()}
    usecase, role, taken = record["usecase"], record["role"], record["taken"]
    roles = known.pop(usecase, {})
    roles.pop(role, None)
    if taken is not None:
        roles[role] = msgspec.convert(taken, Taken)
    return known | ({usecase: roles} if roles else {})


def with_off(off: AbstractSet[str], record: Mapping[str, Any]) -> set[str]:
    """Return the use cases that are off, with what an action records of one."""
    return {*off, record["usecase"]} if record["off"] else {*off} - {record["usecase"]}


def without(cast: Cast, uids: AbstractSet[str]) -> dict[str, dict[str, Taken]]:
    """Return the cast without these devices."""
    left = {
        name: {role: each for role, each in roles.items() if each.device not in uids} for name, roles in cast.items()
    }
    return {name: roles for name, roles in left.items() if roles}
