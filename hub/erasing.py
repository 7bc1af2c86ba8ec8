"""Finding every trace of a device in what was remembered: names as whole words, in texts, payloads and contexts.

Pure. Used by *forget* (reliability.md §3.4, X19): what names a device goes, what merely resembles it stays.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

SHORTEST = 3
"""A name of fewer characters is no word to search bytes for: it would be found everywhere."""
_BEFORE, _AFTER = rb"(?<![A-Za-z0-9_\-])", rb"(?![A-Za-z0-9_\-])"


def names_of(uids: Iterable[str], aliases: Iterable[str]) -> tuple[str, ...]:
    """Return every name of a device: uids, aliases, and each without its family (`tasmota:kitchen`, `kitchen`)."""
    whole = [*uids, *aliases]
    bare = [name.partition(":")[2] for name in whole]
    return tuple(dict.fromkeys(name for name in (*whole, *bare) if name))


class Trace:
    """Tells whether bytes name a device."""

    def __init__(self, names: Collection[str]) -> None:
        """Search for these names; a MAC is also found with its colons, whatever the case."""
        words = {name for name in names if len(name) >= SHORTEST}
        words |= {":".join(re.findall("..", name)) for name in words if re.fullmatch(r"[0-9a-f]{12}", name)}
        self._pattern = (
            re.compile(
                _BEFORE
                + b"(?:"
                + b"|".join(re.escape(word.encode()) for word in sorted(words, key=len, reverse=True))
                + b")"
                + _AFTER,
                re.IGNORECASE,
            )
            if words
            else None
        )

    def names(self, *texts: str | bytes) -> bool:
        """Tell whether one of the texts holds one of the names as a whole word."""
        if self._pattern is None:
            return False
        return any(
            self._pattern.search(each.encode(errors="replace") if isinstance(each, str) else each) for each in texts
        )


def pruned(blob: bytes, names: Collection[str]) -> bytes | None:
    """Return a packed context without the entries that belong to these names; None: nothing of it is left to keep.

    An entry of a mapping goes when its key is a name, or begins a line of it (`uid`, `channel`), or when its value
    states one (`{"ieee": "0x…"}`). What refers to an entry that went goes with it: a driver that found the one and not
    the other would fail at the next message.
    """
    value = msgspec.msgpack.decode(blob)
    gone: set[str] = set()
    kept = _without(value, {name.lower() for name in names}, gone)
    if gone and kept is not _GONE:
        kept = _without_references(kept, gone)
    return None if kept is _GONE else blob if kept == value else msgspec.msgpack.encode(kept)


_GONE = object()


def _without(value: Any, names: set[str], gone: set[str]) -> Any:  # noqa: ANN401 — whatever a context holds
    """Return what is left of a value; the keys of what went are added to `gone`."""
    if isinstance(value, str):
        return _GONE if value.lower() in names else value
    if isinstance(value, dict):
        left = {
            key: _GONE if not names.isdisjoint(str(key).lower().split("\n")) else _without(each, names, gone)
            for key, each in value.items()
        }
        if any(left[key] is _GONE and isinstance(each, str) for key, each in value.items()) and _is_record(value):
            return _GONE
        gone.update(str(key) for key, each in left.items() if each is _GONE and not str(key).isidentifier())
        return {key: each for key, each in left.items() if each is not _GONE}
    if isinstance(value, list):
        return [each for each in (_without(each, names, gone) for each in value) if each is not _GONE]
    return value


def _is_record(value: dict[Any, Any]) -> bool:
    """Tell a thing with its fields from a list of things by their names, topics or addresses."""
    return all(str(key).isidentifier() for key in value)


def _without_references(value: Any, gone: set[str]) -> Any:  # noqa: ANN401 — whatever a context holds
    """Return a value without what refers to the keys that went: in lists, and in lists of things by their names.

    A field of a thing may say the same word and mean something else: its firmware, its unit.
    """
    if isinstance(value, dict):
        refers = not _is_record(value)
        left = {key: _unless_reference(each, gone, refers=refers) for key, each in value.items()}
        return {key: each for key, each in left.items() if each is not _GONE}
    if isinstance(value, list):
        found = [each for each in (_unless_reference(each, gone, refers=True) for each in value) if each is not _GONE]
        return found if found or not value else _GONE
    return value


def _unless_reference(value: Any, gone: set[str], *, refers: bool) -> Any:  # noqa: ANN401 — whatever a context holds
    if isinstance(value, str):
        return _GONE if refers and value in gone else value
    return _without_references(value, gone)
