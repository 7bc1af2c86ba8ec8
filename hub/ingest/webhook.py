"""What an HTTP caller sends, as a message: `webhook/<source>`, or `sigfox/<device>` for Sigfox callbacks.

Pure. Content is never a reason to refuse: what nobody understands is journalled like the rest, and listed with its
reason. Drivers know no content type, so a form becomes the JSON object it stands for. Sigfox: wire_formats.md §13.
"""

import re
from collections.abc import Mapping
from typing import Any
from unicodedata import normalize
from urllib.parse import parse_qsl

import msgspec

from hub.model import Message, Source

SIGFOX = "sigfox"
"""The source whose messages are Sigfox callbacks."""
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 1000
DEVICE = re.compile(r"[0-9A-Fa-f]{1,8}", re.ASCII)
DOWNLINK = re.compile(r"[0-9A-Fa-f]{16}", re.ASCII)
EVERYBODY = "*"
UNKNOWN = "unknown"
"""Level of the topic where a callback names no device: its driver says what is wrong with it."""
TRUE = frozenset({"true", "1"})


def message(source: str, kind: str, body: bytes, received: int) -> Message:
    """Return the message of a webhook.

    Args:
        source: who sends, one level of a topic.
        kind: content type without parameters, lower case.
        body: as it was sent.
        received: arrival time [ns].
    """
    payload = form(body) if kind == FORM else body
    return Message(f"webhook/{normalize('NFC', source)}", payload, received, Source.HTTP)


def callback(kind: str, body: bytes, received: int) -> tuple[Message, str | None]:
    """Return the message of a Sigfox callback, and the device where it waits for a downlink (`ack` true)."""
    payload = form(body) if kind == FORM else body
    fields = _object(payload)
    if not fields and kind != FORM and b"=" in body and body.isascii():  # a form sent as text: the customer writes both
        payload = form(body)
        fields = _object(payload)
    name = fields.get("device")
    device = name if isinstance(name, str) and DEVICE.fullmatch(name) else None
    waits = device is not None and str(fields.get("ack")).strip().lower() in TRUE
    return Message(f"{SIGFOX}/{device or UNKNOWN}", payload, received, Source.HTTP), device if waits else None


def form(body: bytes) -> bytes:
    """Return a form as the JSON object it stands for; a name that is there several times becomes a list.

    One of more than `MOST_FIELDS` fields stays as it is: its driver says that it is not understood.
    """
    try:
        text = body.decode(errors="replace")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace")
    except ValueError:
        return body
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return msgspec.json.encode({name: values[0] if len(values) == 1 else values for name, values in fields.items()})


def downlinks(setting: str) -> dict[str, str]:
    """Return device → 8 bytes in hex to be sent to it, from `DEVICE=HEX,…`; `*` stands for every device.

    Raises:
        ValueError: naming the entry that is none.
    """
    found = {}
    for entry in filter(None, (each.strip() for each in setting.split(","))):
        device, _, data = entry.partition("=")
        if not (device == EVERYBODY or DEVICE.fullmatch(device)) or not DOWNLINK.fullmatch(data):
            msg = f"{entry!r} is not DEVICE=DATA with a Sigfox id (or *) and 16 hexadecimal digits"
            raise ValueError(msg)
        found[device.upper()] = data.lower()
    return found


def downlink(device: str, known: Mapping[str, str]) -> dict[str, dict[str, str]] | None:
    """Return the answer to a callback that waits for a downlink; None: nothing to send."""
    data = known.get(device.upper(), known.get(EVERYBODY))
    return None if data is None else {device: {"downlinkData": data}}


def _object(payload: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
