"""How long a room waits for its reports: one after the other, as PDF and as a page, out of a session's archive.

`everybody`: what `matinales session report --everybody` takes, a PDF and a page for all, each table and each
participant, and the processor that the hub spends on it.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from hub.bench import _processes, room
from hub.errors import HubError

GATES = {"pdf_s": ("<=", 30.0), "everybody_s": ("<=", 30.0)}
"""Of the fifty that are made unless told, and of a room of fifty."""
FAULT = "door_open"
PATIENCE_S = 60.0


def measure(*, reports: int = 50, people: int = 50, seconds: float = 20.0) -> dict[str, float]:
    """Return how long all of them take [s], and how large one is.

    Args:
        reports: how many are made, each anew.
        people: who take part with a phone, at up to twenty tables.
        seconds: how long the session lasts; a minute of the cold room passes in each.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        hub = stack.enter_context(_processes.demo(folder, "--speed", "60", "--seed", "7"))
        session = _session(hub.page, people, seconds)
        made = {form: _made(hub.page, session, form, reports) for form in ("pdf", "html")}
        everybody = _everybody(hub, session)
    return {
        "reports": float(reports),
        **{f"{form}_s": taken for form, (taken, _) in made.items()},
        **{f"{form}_kb": size / 1000 for form, (_, size) in made.items()},
        **everybody,
    }


def _everybody(hub: _processes.Started, session: str) -> dict[str, float]:
    """Let the command make them all; return how many there are, and what that took."""
    command = [sys.executable, "-m", "hub", "session", "report", session, "--everybody", "--json"]
    before, began = _spent(hub), time.monotonic()
    made = subprocess.run([*command, "--data", str(hub.data)], capture_output=True, text=True, check=False)  # noqa: S603 — our own command
    taken = time.monotonic() - began
    if made.returncode:
        msg = f"the reports were not made: {made.stderr[-300:]}"
        raise HubError(msg)
    return {
        "everybody_reports": float(len(json.loads(made.stdout)["reports"])),
        "everybody_s": taken,
        "everybody_cpu_s": _spent(hub) - before,
    }


def _spent(hub: _processes.Started) -> float:
    return _processes.cpu(hub.parts()["hub"])


async def _speak(page: str, people: int, seconds: float) -> None:
    """Let people join, and say something for a while."""
    until = time.monotonic() + seconds
    await asyncio.gather(*(room.speak(room.Room(page, {}), number, 1.0, until) for number in range(people)))


def _session(page: str, people: int, seconds: float) -> str:
    """Return a session in which a door was left open, once its archive is complete."""
    name = str(_ask(page, "POST", "sessions", {"title": "Bench"})["id"])
    _ask(page, "PUT", f"scenario/faults/{FAULT}", {"active": True})
    asyncio.run(_speak(page, people, seconds))
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
