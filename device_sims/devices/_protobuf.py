"""The wire format of Protocol Buffers, as much as a Sparkplug payload needs (https://protobuf.dev/programming-guides/encoding/).

A field is its number and wire type, then a varint, 8 octets, or octets with their length.
"""

from struct import pack

VARINT, FIXED64, OCTETS, FIXED32 = 0, 1, 2, 5
SIZES = {FIXED64: 8, FIXED32: 4}
LONGEST = 10
"""Octets of a varint at most."""


def varint(value: int) -> bytes:
    """Return an unsigned integer in groups of seven bits, the lowest first."""
    groups = bytearray()
    while value > 0x7F:  # noqa: PLR2004 — seven bits
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def integer(number: int, value: int) -> bytes:
    """Return a field that holds an unsigned integer, or a boolean."""
    return varint(number << 3 | VARINT) + varint(value)


def octets(number: int, value: bytes) -> bytes:
    """Return a field that holds octets: a text, or a message."""
    return varint(number << 3 | OCTETS) + varint(len(value)) + value


def double(number: int, value: float) -> bytes:
    """Return a field that holds a 64-bit float."""
    return varint(number << 3 | FIXED64) + pack("<d", value)


def single(number: int, value: float) -> bytes:
    """Return a field that holds a 32-bit float."""
    return varint(number << 3 | FIXED32) + pack("<f", value)


def fields(data: bytes) -> list[tuple[int, int | bytes]]:
    """Return (number, value) of a message's fields in order: varints as integers, all else as octets.

    Raises:
        ValueError: it is no protobuf, or cut.
    """
    found: list[tuple[int, int | bytes]] = []
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, at = _varint(data, at)
            found.append((number, value))
            continue
        if wire == OCTETS:
            size, at = _varint(data, at)
        elif wire in SIZES:
            size = SIZES[wire]
        else:
            msg = f"wire type {wire}"
            raise ValueError(msg)
        if at + size > len(data):
            msg = "cut"
            raise ValueError(msg)
        found.append((number, data[at : at + size]))
        at += size
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, octet in enumerate(data[at : at + LONGEST]):
        value |= (octet & 0x7F) << 7 * place
        if octet <= 0x7F:  # noqa: PLR2004 — the top bit says that more follow
            return value, at + place + 1
    msg = "cut"
    raise ValueError(msg)
