"""How a test gets captured payloads: one JSON file a device in `tests/captures/<family>/`, found by listing."""

from pathlib import Path

import msgspec
from msgspec import Struct

FOLDER = Path(__file__).parent.parent / "captures"


class Heard(Struct, forbid_unknown_fields=True):
    """One message as the device published it."""

    topic: str
    payload: str = ""
    retained: bool = False
    payload_hex: str | None = None  # instead of `payload`, where it is no text

    @property
    def raw(self) -> bytes:
        """The payload as it came."""
        return self.payload.encode() if self.payload_hex is None else bytes.fromhex(self.payload_hex)


class Capture(Struct, forbid_unknown_fields=True):
    """What one device said, where it is from, and what must come out of it.

    Attributes:
        device: make and model, firmware where known.
        when: when it was heard.
        source: address of the public page that shows it.
        publish: why it may be published, and what was replaced in it.
        messages: in the order they came.
        values: uid → channel → newest value after all of them.
        availability: uid → its own or its bridge's last word.
    """

    device: str
    when: str
    source: str
    publish: str
    messages: list[Heard]
    values: dict[str, dict[str, float]] = {}
    availability: dict[str, str] = {}


def captures() -> dict[str, Capture]:
    """Return every capture by `family/name`."""
    return {
        path.relative_to(FOLDER).with_suffix("").as_posix(): msgspec.json.decode(path.read_bytes(), type=Capture)
        for path in sorted(FOLDER.rglob("*.json"))
    }
