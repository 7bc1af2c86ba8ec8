"""Whether a page that is left open for hours grows: heap, nodes and listeners, while everything happens quickly."""

import json
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hub.bench import _browser, _processes

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

GATES = {"heap_growth": ("<=", 1.1), "nodes_growth": ("<=", 1.05), "listeners_growth": ("<=", 1.05)}
COUNTED = {"nodes": "Nodes", "listeners": "JSEventListeners"}
NOT_OBJECTS = frozenset({"code", "native"})
"""What a heap snapshot lists beside the page's objects: functions as V8 has compiled them, and what the browser itself
keeps, whose nodes and listeners are counted. Seen: `JSHeapUsedSize` grew by 14 % in 66 s, and of that nine tenths were
machine code (`InstructionStream`, bytecode, feedback): whatever is called often is compiled anew, and better, for as
long as the page is open. That is no leak, and it hid whether there is one."""
ROUND = ("/devices", "/", "/alarms", "/")
"""Pages that a reader leafs through without loading any of them again."""
WARM_ROUNDS = 3
"""Until every page has been seen, the charts are full and the compiler has done its work."""
GO = """(address) => {
    history.pushState(null, '', address);
    dispatchEvent(new PopStateEvent('popstate'));
}"""


def measure(*, rounds: int = 20, rate: float = 200.0, dwell: float = 3.0) -> dict[str, float]:
    """Return how much of each there is at the end, as a share of what there was after the first rounds.

    Args:
        rounds: through the pages, after the first ones.
        rate: telegrams a second, of 50 devices.
        dwell: seconds on each page; with `rate` and a story at ×60 a round is a quarter of an hour of a story.
    """
    seconds = (rounds + WARM_ROUNDS) * len(ROUND) * dwell
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        hub = stack.enter_context(_processes.demo(folder, "--speed", "60"))
        page = stack.enter_context(_browser.chromium()).new_page()
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        port = urlsplit(hub.said["mqtt"]).port or 0
        stack.enter_context(_processes.crowd(port, rate=rate, seconds=seconds + 30, devices=50))
        page.goto(hub.page)
        page.locator("main data[data-device]").first.wait_for(timeout=30_000)
        _leaf(page, WARM_ROUNDS, dwell)
        before = _held(session)
        _leaf(page, rounds, dwell)
        after = _held(session)
    growth = {f"{name}_growth": after[name] / before[name] for name in before}
    return {"seconds": seconds, "heap_mb": after["heap"] / 1e6, "nodes": after["nodes"]} | growth


def _leaf(page: "Page", rounds: int, dwell: float) -> None:
    """Go through the pages again and again."""
    for _ in range(rounds):
        for address in ROUND:
            page.evaluate(GO, address)
            page.locator("main").first.wait_for()
            page.wait_for_timeout(dwell * 1000)


def _held(session: "CDPSession") -> dict[str, float]:
    """Return what is still held once the garbage is gone: octets of objects, nodes, listeners."""
    session.send("HeapProfiler.collectGarbage")
    found = {each["name"]: float(each["value"]) for each in session.send("Performance.getMetrics")["metrics"]}
    return {"heap": float(objects(_snapshot(session)))} | {name: found[key] for name, key in COUNTED.items()}


def _snapshot(session: "CDPSession") -> dict[str, Any]:
    """Return everything that the page's heap holds, as Chromium tells it; it collects the garbage first."""
    chunks: list[str] = []

    def take(event: Mapping[str, Any]) -> None:
        chunks.append(event["chunk"])

    session.on("HeapProfiler.addHeapSnapshotChunk", take)
    session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    session.remove_listener("HeapProfiler.addHeapSnapshotChunk", take)
    found: dict[str, Any] = json.loads("".join(chunks))
    return found


def objects(snapshot: Mapping[str, Any]) -> int:
    """Return the octets of a heap snapshot's objects: neither compiled functions nor what is the browser's own.

    Args:
        snapshot: as `HeapProfiler.takeHeapSnapshot` gives it: `nodes` is one row of numbers after the other, whose
            columns `snapshot.meta.node_fields` names; the type is an index into the names of `node_types`.
    """
    meta, numbers = snapshot["snapshot"]["meta"], snapshot["nodes"]
    fields: list[str] = meta["node_fields"]
    kind, size, wide = fields.index("type"), fields.index("self_size"), len(fields)
    names = meta["node_types"][kind]
    rows = zip(numbers[kind::wide], numbers[size::wide], strict=True)
    return sum(octets for number, octets in rows if names[number] not in NOT_OBJECTS)
