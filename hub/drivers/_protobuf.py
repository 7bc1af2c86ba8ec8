"""The wire format of Protocol Buffers: bytes → (key, value) pairs, without a schema.

A key is `field number << 3 | wire type` as it stands on the wire, so a field of another type than the schema's is an
unknown one, as the format wants it. Source: https://protobuf.dev/programming-guides/encoding/
"""

from hub.errors import PayloadError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
CUT = "not protobuf: it ends in the middle of a field"
ONE_BYTE = 0x7F
"""Up to this an integer is one byte; the top bit says that more follow."""
LONGEST = 63
"""Shift of the tenth and last byte of a varint."""


def key(number: int, wire: int) -> int:
    """Return the key of a field."""
    return number << 3 | wire


def fields(data: bytes) -> list[tuple[int, int | bytes]]:
    """Return the fields of a message in order: varints as unsigned integers, all others as their bytes.

    Raises:
        PayloadError: where it is cut, or holds what is no protobuf.
    """
    found: list[tuple[int, int | bytes]] = []
    at, end = 0, len(data)
    try:
        while at < end:
            what = data[at]
            at += 1
            if what > ONE_BYTE:
                what, at = _varint(data, at - 1)
            wire = what & 7
            if wire in {VARINT, BYTES}:
                value = data[at]
                at += 1
                if value > ONE_BYTE:
                    value, at = _varint(data, at - 1)
                if wire == VARINT:
                    found.append((what, value))
                    continue
            elif wire == FIXED64:
                value = 8
            elif wire == FIXED32:
                value = 4
            else:
                msg = f"not protobuf: wire type {wire} at byte {at - 1}"
                raise PayloadError(msg)
            stop = at + value
            if stop > end:
                raise PayloadError(CUT)
            found.append((what, data[at:stop]))
            at = stop
    except IndexError:
        raise PayloadError(CUT) from None
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the integer at a place, and the place behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & ONE_BYTE) << shift
        at += 1
        if byte <= ONE_BYTE:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
        if shift > LONGEST:
            msg = f"not protobuf: an integer of more than ten bytes at byte {at}"
            raise PayloadError(msg)


def varint(value: int) -> bytes:
    """Return an unsigned integer as it travels."""
    out = bytearray()
    while value > ONE_BYTE:
        out.append(value & ONE_BYTE | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def fixed(number: int, value: bytes) -> bytes:
    """Return a field of four or eight bytes (float, double) as they are."""
    return varint(key(number, FIXED64 if len(value) == 8 else FIXED32)) + value  # noqa: PLR2004 — a double's


def field(number: int, value: int | bytes) -> bytes:
    """Return a field: an integer as a varint, bytes with their length."""
    if isinstance(value, int):
        return varint(key(number, VARINT)) + varint(value)
    return varint(key(number, BYTES)) + varint(len(value)) + value
