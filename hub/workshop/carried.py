"""Changing what a newer version of the hub wrote, without dropping what only that version knows. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct


def carried(kind: Any, before: bytes, after: bytes) -> bytes:  # noqa: ANN401 — a type, or a list of one
    """Return what is to be written where `before` lay and `after` is meant.

    Fields that this version does not know stay, of everything that is still there: a thing is the same one by its
    field `id`, in a list of things without one by its place, in a mapping by its key.

    Args:
        kind: what both say, as msgspec decodes it.
        before: JSON, perhaps of a newer version.
        after: JSON of this version.

    Raises:
        msgspec.DecodeError: `before` or `after` is no such thing.
    """
    old, new = (msgspec.json.decode(each, type=kind) for each in (before, after))
    return msgspec.json.encode(_merged(old, new, msgspec.json.decode(before)))


def _merged(old: Any, new: Any, raw: Any) -> Any:  # noqa: ANN401 — whatever JSON holds
    if old == new:
        return raw
    if isinstance(new, Struct) and type(old) is type(new):
        known = {name: getattr(new, name) for name in new.__struct_fields__}
        there = {name: getattr(old, name) for name in old.__struct_fields__ if name in raw}
        return {key: value for key, value in raw.items() if key not in known} | _each(there, known, raw)
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return _each(old, new, raw)
    if isinstance(new, list | tuple) and isinstance(old, list | tuple):
        return [*_each(_named(old), _named(new), dict(zip(_named(old), raw, strict=True))).values()]
    return msgspec.to_builtins(new)


def _each(old: Mapping[Any, Any], new: Mapping[Any, Any], raw: Mapping[Any, Any]) -> dict[Any, Any]:
    return {
        name: _merged(old[name], value, raw[name]) if name in old else msgspec.to_builtins(value)
        for name, value in new.items()
    }


def _named(things: Sequence[Any]) -> dict[Any, Any]:
    return {getattr(each, "id", place): each for place, each in enumerate(things)}
