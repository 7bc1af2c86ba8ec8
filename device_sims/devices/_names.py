"""Native ids of simulated devices: made of their names, so that nothing is drawn and nothing changes."""

import hashlib


def mac(name: str) -> str:
    """Return a MAC, 12 upper-case digits: locally administered, as no real board's is."""
    return f"02{hashlib.sha256(name.encode()).hexdigest()[:10]}".upper()


def ieee(name: str) -> str:
    """Return a Zigbee address, `0x` and 16 digits: locally administered, as no real device's is."""
    return f"0x02{hashlib.sha256(name.encode()).hexdigest()[:14]}"
