"""How long a room waits for its reports: one after the other, as PDF and as a page, out of a session's archive."""

import json
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from hub.bench import _processes
from hub.errors import HubError

GATES = {"pdf_s": ("<=", 30.0)}
"""Of the fifty that are made unless told."""
FAULT = "door_open"
PATIENCE_S = 60.0


def measure(*, reports: int = 50, seconds: float = 20.0) -> dict[str, float]:
    """Return how long all of them take [s], and how large one is.

    Args:
        reports: how many are made, each anew.
        seconds: how long the session lasts; a minute of the cold room passes in each.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        page = stack.enter_context(_processes.demo(folder, "--speed", "60", "--seed", "7")).page
        session = _session(page, seconds)
        made = {form: _made(page, session, form, reports) for form in ("pdf", "html")}
    return {
        "reports": float(reports),
        **{f"{form}_s": taken for form, (taken, _) in made.items()},
        **{f"{form}_kb": size / 1000 for form, (_, size) in made.items()},
    }


def _session(page: str, seconds: float) -> str:
    """Return a session in which a door was left open, once its archive is complete."""
    name = str(_ask(page, "POST", "sessions", {"title": "Bench"})["id"])
    _ask(page, "PUT", f"scenario/faults/{FAULT}", {"active": True})
    time.sleep(seconds)
    _ask(page, "POST", f"sessions/{name}/archive")
    until = time.monotonic() + PATIENCE_S
    while _ask(page, "GET", f"sessions/{name}")["archive"] != "complete":
        if time.monotonic() > until:
            msg = f"the archive is not complete after {PATIENCE_S:.0f} s: is the disk slow? `matinales doctor` looks"
            raise HubError(msg)
        time.sleep(0.1)
    return name


def _made(page: str, session: str, form: str, reports: int) -> tuple[float, int]:
    """Return seconds, and the size of the last one [bytes]."""
    size, began = 0, time.monotonic()
    for _ in track(range(reports), description=form.upper(), console=Console(stderr=True)):
        size = len(_fetch(page, "GET", f"sessions/{session}/report?format={form}&lang=fr"))
    return time.monotonic() - began, size


def _ask(page: str, method: str, path: str, body: object = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_fetch(page, method, path, body))
    return found


def _fetch(page: str, method: str, path: str, body: object = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    request = urllib.request.Request(f"{page}api/v1/{path}", data, headers, method=method)  # noqa: S310 — our own address
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 — likewise
        whole: bytes = answer.read()
        return whole
