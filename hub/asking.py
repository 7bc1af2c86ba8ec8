"""One question to the living hub by a process that has little in memory."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

from hub.freeport import LOOPBACK


def asked(url: str) -> dict[str, Any]:
    """Return the JSON object at an address of ours; empty while there is none.

    By hand: `urllib.request`, which brings mail and TLS, is 13 ms of each start and 3 MB for as long as the hub runs.
    """
    parts = urlsplit(url)
    question = f"GET {parts.path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n"
    try:
        with socket.create_connection((parts.hostname or LOOPBACK, parts.port or 80), timeout=2) as door:
            door.sendall(question.encode())
            with door.makefile("rb") as answer:
                head, _, content = answer.read().partition(b"\r\n\r\n")
        found = json.loads(content) if b" 200 " in head.splitlines()[0] else {}
    except (OSError, IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
