"""A real Node-RED that plays a flow as somebody imports it, and tells what its last node was handed."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.freeport import free_port

HOW = "Node-RED is not on PATH: npm install --prefix DIR node-red, then PATH=$PATH:DIR/node_modules/.bin"
NOTE = "flow.set('seen', [...(flow.get('seen') || []), msg.payload]);"
TELL = "msg.payload = flow.get('seen') || []; return msg;"
PATIENCE_S = 60.0


def program() -> str:
    """Return where it is installed; skips the test where it is not."""
    found = shutil.which("node-red")
    if found is None:
        pytest.skip(HOW)
    return found


def watched(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the flow, imported into a tab, with an address that tells what its last node was handed."""
    last = nodes[-1]["id"]
    for each in nodes:
        each |= {"z": "tab", "wires": [[*wire, *(["note"] if last in wire else [])] for wire in each["wires"]]}
    return [
        {"id": "tab", "type": "tab", "label": "the hub"},
        *nodes,
        {"id": "note", "type": "function", "z": "tab", "func": NOTE, "outputs": 0, "wires": []},
        {"id": "ask", "type": "http in", "z": "tab", "url": "/seen", "method": "get", "wires": [["tell"]]},
        {"id": "tell", "type": "function", "z": "tab", "func": TELL, "outputs": 1, "wires": [["give"]]},
        {"id": "give", "type": "http response", "z": "tab", "wires": []},
    ]


@asynccontextmanager
async def playing(folder: Path, nodes: list[dict[str, Any]]) -> AsyncIterator[str]:
    """Lend a Node-RED that plays a flow; the address where it tells what came."""
    command = program()
    (folder / "flows.json").write_text(json.dumps(watched(nodes)))
    (folder / "settings.js").write_text('module.exports = {uiHost: "127.0.0.1", httpAdminRoot: false};\n')
    port = free_port()
    log = (folder / "log").open("wb")
    process = await asyncio.create_subprocess_exec(
        *(command, "--userDir", str(folder), "--port", str(port), "flows.json"), stdout=log, stderr=log
    )
    try:
        yield f"http://127.0.0.1:{port}/seen"
    finally:
        process.terminate()
        await process.wait()
        log.close()


async def seen(address: str) -> list[dict[str, Any]]:
    """Return what the flow was handed; waits for the first."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE_S):
        while True:
            try:
                async with session.get(address) as answer:
                    found: list[dict[str, Any]] = await answer.json()
            except aiohttp.ClientError:
                found = []
            if found:
                return found
            await asyncio.sleep(0.2)
