"""Texts that would be a script or a formula, were they taken for anything but text; and a hub full of them.

Vectors of the kinds that the OWASP Cheat Sheet Series names for output encoding, written for this product's places:
element content, quoted and bare attributes, addresses, styles, SVG, templates, JSON within a page.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

PATIENCE_S = 120.0
"""For an answer: `doctor` looks at much, and a busy machine takes its time."""
CANARY = "window.harmed='yes'"
VECTORS = (
    f"<script>{CANARY}</script>",
    f'<img src=x onerror="{CANARY}">',
    f"<svg/onload={CANARY}>",
    f'"><svg onload={CANARY}>',
    f"' onmouseover='{CANARY}' autofocus onfocus='{CANARY}' x='",
    f"javascript:{CANARY}",
    f"</title></style></textarea><script>{CANARY}</script>",
    f"<iframe srcdoc='<script>parent.{CANARY}</script>'>",
    f'<a href="javascript:{CANARY}">click</a>',
    f"<math><mtext><style><img src=x onerror={CANARY}>",
    f"{{{{constructor.constructor('{CANARY}')()}}}}",
    f"]]>--><script>{CANARY}</script><!--",
    "<meta http-equiv=refresh content='0;url=/selftest'>",
    "<base href='http://evil.example/'><link rel=stylesheet href=//evil.example/x.css>",
    "=cmd|'/c calc'!A1",
)


class Visitor:
    """Somebody at the API, with cookies of their own.

    Attributes:
        cookies: name → value.
    """

    def __init__(self, page: str, headers: Mapping[str, str] | None = None) -> None:
        """Name the page's address, with a slash at its end."""
        self._page = page
        self._headers = dict(headers or {})
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: object = None, *, raw: bytes | None = None) -> tuple[int, bytes]:
        """Return status and body of an answer."""
        headers = {**self._headers, "Content-Type": "application/json"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._page + path.lstrip("/"), data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                for each in answer.headers.get_all("Set-Cookie") or []:
                    name, _, value = each.partition(";")[0].partition("=")
                    self.cookies[name] = value
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def told(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 — whatever the API answers
        """Return the JSON of an answer that must be good."""
        status, content = self.ask(method, f"api/v1/{path}", body)
        assert status < 300, content
        return json.loads(content or b"null")


def typed(text: str, longest: int) -> str:
    """Return a text as somebody could type it into a field of so many characters."""
    return text[:longest]


def fill(facilitator: Visitor, phones: Sequence[Visitor], devices: Sequence[str]) -> str:
    """Type the vectors into everything that can be typed; return the session's id.

    Args:
        facilitator: who has logged in.
        phones: who joins: one vector is the first name of each.
        devices: who get names, rooms, notes and places.
    """
    told = facilitator.told
    session = str(told("POST", "sessions", {"title": typed(VECTORS[1], 60), "place": typed(VECTORS[3], 60)})["id"])
    for number, phone in enumerate(phones):
        phone.ask("POST", "api/v1/me", {"agreed": True, "table": number + 1, "name": VECTORS[number][:24]})
    wifi = {"ssid": VECTORS[1][:32], "password": "a-typed-password"}
    told("PATCH", f"sessions/{session}", {"shows": "join", "wifi": wifi})
    for number, device in enumerate(devices):
        name = quote(device, safe="")
        vector = VECTORS[number % len(VECTORS)]
        told("PATCH", f"devices/{name}", {"name": typed(vector, 60), "room": typed(VECTORS[-number % 12], 60)})
        told("POST", "notes", {"text": vector, "author": VECTORS[(number + 1) % 12][:40], "device": device})
        told("PUT", f"plan/places/{name}", {"x": 0.1 * (number % 9), "y": 0.5})
    told("POST", "votes", {"question": typed(VECTORS[0], 100), "options": [VECTORS[2][:40], VECTORS[4][:40]]})
    return session
