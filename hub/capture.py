"""A message of the journal as a capture file (`tests/captures`), with addresses and names replaced on request."""

import re
from collections.abc import Callable
from typing import Any

from hub.model import rfc3339

NAME_KEYS = r"(?:[a-z]*[ _-]?name|ssid\d?|login|user|owner|e?mail|room|area|location|hostname|host)"
"""Keys of JSON whose text is somebody's name for something."""
NAMED = re.compile(rf'"{NAME_KEYS}"\s*:\s*"((?:[^"\\]|\\.)+)"', re.IGNORECASE)
ADDRESS = re.compile(
    r"(?<![0-9A-Za-z.])(?:"
    r"(?:[0-9A-F]{2}[:-]){5,7}[0-9A-F]{2}"  # MAC, EUI-64
    r"|0x[0-9A-F]{16}|(?=\d*[A-F])(?:[0-9A-F]{16}|[0-9A-F]{12})"  # without separators; digits alone are a number
    r"|\d{1,3}(?:\.\d{1,3}){3}"  # IPv4
    r"|(?:[0-9A-F]{1,4}:){3,7}[0-9A-F]{1,4}|(?:[0-9A-F]{1,4}:)+(?::[0-9A-F]{1,4})+"  # IPv6
    r")(?![0-9A-Za-z])",
    re.IGNORECASE,
)


def capture(topic: str, payload: bytes, received: int, *, scrub: bool) -> dict[str, Any]:
    """Return a capture of one message; device, source and permission are left to its author.

    Args:
        topic: as it was heard.
        payload: as it was heard; where it is no text it stands as `payload_hex`, and nothing in it is replaced.
        received: arrival [ns since 1970].
        scrub: replace addresses and names, the same one by the same, of the same length.
    """
    try:
        text: str | None = payload.decode()
    except UnicodeDecodeError:
        text = None
    if scrub:
        topic, text = scrubbed(topic, text)
    content = {"payload": text} if text is not None else {"payload_hex": payload.hex()}
    publish = "addresses and names replaced" if scrub and text is not None else ""
    return {
        "device": "",
        "when": rfc3339(received)[:10],
        "source": "",
        "publish": publish,
        "messages": [{"topic": topic, **content}],
        "values": {},
    }


def scrubbed(topic: str, payload: str | None) -> tuple[str, str | None]:
    """Return topic and payload with their addresses and names replaced; lengths stay."""
    texts = [topic] if payload is None else [topic, payload]
    names = [] if payload is None else NAMED.findall(payload)
    levels = topic.split("/")
    if len(levels) > 1:
        names.append(levels[1])  # where the device's own name stands in nearly every convention
    names = sorted({each for each in names if len(each) > 1 and "\\" not in each}, key=lambda each: (-len(each), each))
    known: dict[str, str] = {}
    texts = [ADDRESS.sub(_once(known, _address), each) for each in texts]
    if names:
        words = re.compile(rf"(?<![\w])(?:{'|'.join(map(re.escape, names))})(?![\w])")
        keys = re.compile(rf'("(?:[^"\\]|\\.)*"\s*:)|({words.pattern})')
        replaced = _once(known, _name)
        texts = [keys.sub(lambda match: match[1] or replaced(match), each) for each in texts]
    return texts[0], texts[1] if payload is not None else None


def _once(known: dict[str, str], make: Callable[[str, int], str]) -> Callable[[re.Match[str]], str]:
    """Return a replacement that is the same whenever the same text comes."""
    return lambda match: known.setdefault(match[0], make(match[0], len(known) + 1))


def _address(text: str, number: int) -> str:
    """Return an address of the same form: its digits give way to 0, 1 and a number."""
    if "." in text:
        octets: list[str] = []
        for each in reversed(text.split(".")):
            first, choices = {1: (0, 10), 2: (10, 90), 3: (100, 156)}[len(each)]
            number, rest = divmod(number, choices)
            octets.insert(0, str(first + rest))
        return ".".join(octets)
    prefix = text[:2] if text.lower().startswith("0x") else ""
    digits = [*re.sub(r"[0-9A-Fa-f]", "0", text[len(prefix) :])]
    places = [index for index, char in enumerate(digits) if char == "0"]
    for place, char in zip(reversed(places), f"{number:x}"[::-1], strict=False):
        digits[place] = char
    return prefix + "".join(digits)


def _name(text: str, number: int) -> str:
    """Return `namexxx1` of the same length."""
    end = str(number)
    return ("name" + "x" * len(text))[: max(0, len(text) - len(end))] + end[-len(text) :]
