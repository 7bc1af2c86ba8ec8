"""Addresses of simulated devices: made from their names, locally administered, so that no real device has them."""

from hashlib import sha256

LOCAL, GROUP = 0x02, 0x01
"""Bits of an address's first byte (IEEE 802): not given by a manufacturer; not a single device's."""


def local_address(name: str, octets: int = 8) -> bytes:
    """Return a name's EUI-64 (or MAC with 6 octets): its second hexadecimal digit is 2, 6, A or E."""
    digest = sha256(name.encode()).digest()
    return bytes(((digest[0] | LOCAL) & ~GROUP, *digest[1:octets]))


def is_local(address: bytes) -> bool:
    """Tell whether an address is locally administered and a single device's."""
    return address[0] & (LOCAL | GROUP) == LOCAL


def draw(*parts: object) -> float:
    """Return a number in [0, 1) that hangs on its arguments only: what a message has of chance, always the same."""
    digest = sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)
