"""Telegrams that have the same members as an earlier one are read straight from their bytes into the numbers they hold.

msgspec is handed a type for each make of telegram, as the driver describes it (`hub.driver.Likeness`): it reads the
JSON in half the time that a dictionary takes, checks members, sorts and ranges on the way, and nothing is left to walk
through (measured). Whatever does not fit it is for the driver.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from sys import float_info
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Struct

from hub.driver import Likeness, Path
from hub.errors import PayloadError

MAX_MAKES = 512
"""Makes of telegrams that are known at once: some 5 kB each, at most some 40 kB (measured)."""
MAX_MEMBERS = 48
MAX_DEPTH = 4
MAX_LEARNT = 4096
"""A telegram with more of them, or of more bytes, is for its driver: its keys and words are kept with its make."""
OBJECT = 6
"""An object within another is a type of its own, and takes the memory of that many members (measured)."""

Members = type | tuple[tuple[str, "Members"], ...]
"""Keys of an object in their order, each with what stands there; of a bare value its sort: every number is a float."""
Said = tuple[int | None, bool, Sequence[float]]
"""Time [ns] of a telegram and whether it is local, as in `hub.driver.Sample`; a value for each channel."""


class Told(Struct, frozen=True, gc=False):
    """What is known of a channel: its unit, and what is plausible of it."""

    unit: str | None
    low: float
    high: float


class Shape:
    """Reads one make of telegram.

    Attributes:
        channels: (channel, unit) of each value.
    """

    __slots__ = ("__weakref__", "_clock", "_converts", "_decode", "_pick", "channels")

    def __init__(self, members: Members, likeness: Likeness, told: Sequence[Told]) -> None:
        """Make the type of telegrams that are made of `members`; `told` of each of their values.

        Raises:
            ValueError: there is none.
        """
        self.channels = tuple((each.channel, known.unit) for each, known in zip(likeness.values, told, strict=True))
        self._clock = likeness.clock
        self._converts: list[tuple[int, Callable[[Any], float], float, float]] = []
        leaves: dict[Path, Any] = {path: _only(word) for path, word in likeness.words}
        names = []
        for number, (each, known) in enumerate(zip(likeness.values, told, strict=True)):
            name, sort = _place(members, each.path)
            low, high = max(each.low, known.low), min(each.high, known.high)  # in which it is certainly good
            names.append(name)
            leaves[each.path] = _number(low, high) if each.convert is None else sort
            if each.convert is not None:
                self._converts.append((number, each.convert, low, high))
        if likeness.time is not None:
            name, leaves[likeness.time] = _place(members, likeness.time)
            names.append(name)
        self._decode = msgspec.json.Decoder(_type(members, leaves, ())).decode
        self._pick = _picker(names)

    def read(self, payload: bytes) -> Said | None:
        """Return what a telegram says; None: it is not of this make, or holds something that needs a second look."""
        try:
            values = [*self._pick(self._decode(payload))]
            measured, local = (None, False) if self._clock is None else self._clock(values.pop())
            for number, convert, low, high in self._converts:
                value = values[number] = convert(values[number])
                if not low <= value <= high:
                    return None
        except (msgspec.DecodeError, UnicodeDecodeError, PayloadError):
            return None
        return measured, local, values


def members_of(root: object) -> Members:
    """Return what a document is made of.

    Raises:
        ValueError: it holds a list, or more than a telegram does.
    """
    if _weight(root, MAX_DEPTH) > MAX_MEMBERS:
        msg = "more than a telegram holds"
        raise ValueError(msg)
    return _members(root)


def _weight(root: object, depth: int) -> int:
    """Return how much memory a document's make takes, in members.

    Raises:
        ValueError: it is too deep.
    """
    if type(root) is not dict:
        return 1
    if not depth:
        msg = "deeper than a telegram is"
        raise ValueError(msg)
    inner = OBJECT if depth < MAX_DEPTH else 0
    return inner + sum([_weight(each, depth - 1) for each in root.values()])


def _members(root: object) -> Members:
    """Return what a document is made of.

    Raises:
        ValueError: it holds a list.
    """
    if type(root) is dict:
        return tuple([(key, _members(each)) for key, each in root.items()])
    if type(root) is list:
        msg = "a list is no telegram"
        raise ValueError(msg)
    return float if type(root) is int else type(root)


def _number(low: float, high: float) -> Any:  # noqa: ANN401 — a type
    return Annotated[
        float, msgspec.Meta(ge=low if low > -float_info.max else None, le=high if high < float_info.max else None)
    ]


def _only(word: str) -> Any:  # noqa: ANN401 — a type
    return Literal[word]


def _type(members: Members, leaves: Mapping[Path, Any], path: Path) -> Any:  # noqa: ANN401 — a type
    """Return the type of what has these members at a path, and no others."""
    if isinstance(members, type):
        return leaves.get(path, members)
    fields = [(f"f{n}", _type(below, leaves, (*path, key))) for n, (key, below) in enumerate(members)]
    keys = {f"f{n}": key for n, (key, _) in enumerate(members)}
    return msgspec.defstruct("Telegram", fields, rename=keys, forbid_unknown_fields=True, gc=False)


def _place(members: Members, path: Path) -> tuple[str, Any]:
    """Return where a struct of `_type` keeps what stands at a path, for `attrgetter`, and of which sort that is.

    Raises:
        ValueError: nothing stands there, or no bare value.
    """
    names = []
    for key in path:
        keys = [] if isinstance(members, type) else [name for name, _ in members]
        place = keys.index(key)
        names.append(f"f{place}")
        members = members[place][1]  # type: ignore[index]  # it has keys
    if not isinstance(members, type):
        msg = f"an object at {path}"
        raise ValueError(msg)  # noqa: TRY004 — as documented
    return ".".join(names), members


def _picker(names: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    """Return what takes these attributes out of a struct."""
    if names == [""]:
        return lambda bare: (bare,)
    pick = attrgetter(*names)
    return pick if len(names) > 1 else lambda one: (pick(one),)
