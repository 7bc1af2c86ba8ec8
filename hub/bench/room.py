"""A full room on one hub: phones that measure twice a second, viewers that watch, over real WebSockets.

`crowd_cpu_percent` is what phones and viewers cost themselves: on two cores they are neighbours of what they measure.
`answer_ms_p99` is how long the hub's event loop takes to answer a small request meanwhile: its lag, and a little more.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct

from hub.bench import _processes

GATES = {"answer_ms_p99": ("<=", 100.0), "visible_s_max": ("<=", 2.0), "missing": ("<=", 0.0)}
API = "api/v1"
ASK_EVERY_S = 0.05
PATIENCE_S = 30.0
VIEWER_HZ = 2
"""What a phone's page asks for; the projector's ten times as many frames are watched by one viewer."""
PER_ADDRESS = 100
"""Viewers behind one address: the hub lets in twice as many that have not joined."""
AT_ONCE = 50
"""People who join at the same moment."""


class Room(Struct):
    """What is seen of it: device → when it was first on a screen [s, monotonic], and what was sent."""

    page: str
    seen: dict[str, float]
    frames: int = 0
    sent: int = 0


def measure(*, phones: int = 200, viewers: int = 300, seconds: float = 20.0, hz: float = 2.0) -> dict[str, float]:
    """Return how fast the hub answers, and when each phone was seen.

    Args:
        phones: that join and measure.
        viewers: that watch.
        seconds: how long all of them go on.
        hz: samples of a phone each second.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, _processes.demo(Path(folder)) as hub:
        before = sum(_processes.cpu(each) for each in hub.parts().values())
        began = time.monotonic()
        own = time.process_time()
        figures = asyncio.run(_fill(hub.page, phones, viewers, seconds, hz))
        passed, own = time.monotonic() - began, time.process_time() - own
        spent = sum(_processes.cpu(each) for each in hub.parts().values()) - before
        shares = {"cpu_percent": spent, "crowd_cpu_percent": own}
        return figures | {name: 100 * each / passed for name, each in shares.items()}


async def _fill(page: str, phones: int, viewers: int, seconds: float, hz: float) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(limit=0)
        client = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        async with client.post(f"{page}{API}/sessions", json={"title": "A full room"}) as answer:
            answer.raise_for_status()
        room = Room(page, {})
        watching = [asyncio.create_task(_watch(room, number)) for number in range(viewers)]
        speaking: list[asyncio.Task[tuple[str, float]]] = []
        until = time.monotonic() + seconds
        for number in range(phones):
            speaking.append(asyncio.create_task(speak(room, number, hz, until)))
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0.5)
        waits = await _ask(client, page, until)
        began = dict(await asyncio.gather(*speaking))
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    late = [room.seen[name] - at for name, at in began.items() if name in room.seen]
    return {
        "answer_ms_p50": 1000 * _share(waits, 0.5),
        "answer_ms_p99": 1000 * _share(waits, 0.99),
        "visible_s_p50": _share(late, 0.5),
        "visible_s_max": max(late, default=PATIENCE_S),
        "missing": float(len(began.keys() - room.seen.keys())),
        "samples_per_s": room.sent / seconds,
        "frames_per_s": room.frames / seconds,
    }


def _share(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else PATIENCE_S


async def _watch(room: Room, number: int) -> None:
    """Watch as a page does, from addresses as a room has them; the first one is the projector, and notes the phones."""
    place = f"127.0.0.{2 + number // PER_ADDRESS}" if sys.platform == "linux" else "127.0.0.1"
    connector = aiohttp.TCPConnector(local_addr=(place, 0))
    async with (
        aiohttp.ClientSession(connector=connector) as client,
        client.ws_connect(f"{room.page}live", max_msg_size=0) as socket,
    ):
        if number > 0:
            await socket.send_json({"type": "rate", "hz": VIEWER_HZ})
        async for frame in socket:
            room.frames += 1
            if number == 0:
                _note(room, json.loads(frame.data))


def _note(room: Room, frame: dict[str, Any]) -> None:
    now = time.monotonic()
    shown = [each["device"] for each in frame.get("values", ())]
    shown += [each["id"] for each in frame.get("devices", ()) if each["channels"]]
    for device in shown:
        if device.startswith("phone:"):
            room.seen.setdefault(device, now)


async def speak(room: Room, number: int, hz: float, until: float) -> tuple[str, float]:
    """Join and measure as a phone does; return its device and when it first spoke."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        wish = {"agreed": True, "table": number % 20 + 1}
        async with client.post(f"{room.page}{API}/me", json=wish) as answer:
            answer.raise_for_status()
            device = (await answer.json())["me"]["device"]
        async with client.ws_connect(f"{room.page}phone") as socket:
            began = time.monotonic()
            while time.monotonic() < until:
                await socket.send_json({"acceleration": (number + room.sent) % 100 / 50})
                room.sent += 1
                await asyncio.sleep(1 / hz)
            return device, began


async def _ask(client: aiohttp.ClientSession, page: str, until: float) -> list[float]:
    """Ask for something small again and again; return how long each answer took [s]."""
    waits = []
    while time.monotonic() < until:
        began = time.monotonic()
        async with client.get(f"{page}{API}/login") as answer:
            await answer.read()
        waits.append(time.monotonic() - began)
        await asyncio.sleep(ASK_EVERY_S)
    return waits
