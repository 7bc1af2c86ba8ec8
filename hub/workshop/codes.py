"""QR codes that people scan: the page's address, and the network that it is on."""

import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from hub.errors import UsageError

QUIET = 4
"""Modules of white around the code (ISO/IEC 18004): without them phones search for long."""
LONGEST_SSID, LONGEST_PASSWORD = 32, 63
"""Bytes of a network's name, characters of a WPA passphrase (IEEE 802.11)."""
FEWEST_PASSWORD = 8


class Wifi(Struct, frozen=True, forbid_unknown_fields=True):
    """A network as the facilitator enters it; without a password it is open."""

    ssid: str
    password: str = ""

    def __repr__(self) -> str:
        """Show the name only: what is printed may be logged."""
        return f"Wifi(ssid={self.ssid!r}, password={'***' if self.password else ''!r})"


def checked(wifi: Wifi) -> Wifi:
    """Return a network as it is kept.

    Raises:
        UsageError: naming what to change.
    """
    if not 1 <= len(wifi.ssid.encode("utf-8", "surrogatepass")) <= LONGEST_SSID or not wifi.ssid.isprintable():
        msg = f"ssid is {wifi.ssid[:LONGEST_SSID]!r}: the network's name has 1 to {LONGEST_SSID} bytes"
        raise UsageError(msg)
    size = len(wifi.password)
    if wifi.password and not (FEWEST_PASSWORD <= size <= LONGEST_PASSWORD and wifi.password.isprintable()):
        msg = f"password has {size} characters: {FEWEST_PASSWORD} to {LONGEST_PASSWORD} are expected, or none"
        raise UsageError(msg)
    return wifi


def network(wifi: Wifi) -> str:
    """Return what a network's code says, as phones read it: `WIFI:T:WPA;S:…;P:…;;`, special characters escaped."""
    from segno import helpers  # noqa: PLC0415 — only when something is shown to phones

    text: str = helpers.make_wifi_data(
        ssid=wifi.ssid, password=wifi.password or None, security="WPA" if wifi.password else "nopass"
    )
    return text


def code(text: str) -> dict[str, Any]:
    """Return a QR code as a drawing: `{"size", "path"}`, squares in a box of `size` × `size`, margin included.

    Level M: a projector's picture is clean, and fewer modules are seen from farther.
    """
    import segno  # noqa: PLC0415 — only when something is shown to phones

    found = segno.make_qr(text, error="m", encoding="utf-8")
    size = found.symbol_size(border=QUIET)[0]
    runs = [
        f"M{start} {y}h{length}v1h-{length}z"
        for y, row in enumerate(found.matrix_iter(border=QUIET))
        for start, length in _runs(row)
    ]
    return {"size": size, "path": "".join(runs)}


def _runs(row: Iterable[int]) -> list[tuple[int, int]]:
    """Return (where, how long) of the dark stretches of a row."""
    text = "".join("1" if each else "0" for each in row)
    return [(found.start(), found.end() - found.start()) for found in re.finditer("1+", text)]
