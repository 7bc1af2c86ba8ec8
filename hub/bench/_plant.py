"""The programs that the ledger watches: a real broker, a recording proxy, ingest and hub under the real supervisor."""

import asyncio
import contextlib
import json
import os
import secrets
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import psutil
from filelock import FileLock

from hub import broker, mosquitto
from hub.bench import _books
from hub.bench._ledger import Key, Sent, Verdict, judge
from hub.bench._wire import Recorded, Wire
from hub.errors import HubError
from hub.freeport import LOOPBACK, free_port
from hub.supervisor import Supervisor, module

HOST = LOOPBACK
START_S = 30.0
PATIENCE_S = 60.0
DRAIN_S = 300.0
PARTS = "parts.log"
TAIL = 4_000
"""Bytes of it that a failure tells."""
QUIET_S = 1.0
"""Nothing new for so long, with the broker there and nothing behind: drained."""


class Plant:
    """Broker → wire → ingest → journal → hub → store, in one folder; whatever is killed is started again by itself.

    Attributes:
        folder: the data folder.
        broker_port: where devices connect.
        file: the broker's configuration.
        wire: what passed between broker and ingest.
    """

    def __init__(
        self,
        folder: Path,
        kind: str,
        *,
        settings: Mapping[str, Any] | None = None,
        arguments: tuple[str, ...] = (),
        environ: Mapping[str, str] | None = None,
        acknowledged: Callable[[Recorded], None] | None = None,
        with_broker: bool = True,
    ) -> None:
        """Prepare it; `async with` starts it.

        Args:
            folder: empty, or left by another plant.
            kind: `embedded` or `mosquitto`.
            settings: of the hub, beside the port of its page.
            arguments: more for the ingest's command line.
            environ: more for the environment of both.
            acknowledged: called at each piece of PUBACKs before the broker has it.
            with_broker: start the broker too; else `start_broker` does, later.
        """
        self.folder = folder
        self.broker_port = free_port()
        self._kind = kind
        self._with_broker = with_broker
        self._settings = settings or {}
        self._arguments = arguments
        self._environ = environ or {}
        self._page = free_port()
        self.file = folder / ("broker.toml" if kind == "embedded" else "broker.conf")
        self._stack = contextlib.AsyncExitStack()
        self.wire = Wire(self.broker_port, acknowledged=acknowledged)

    async def __aenter__(self) -> Self:
        """Start everything and wait until the ingest has subscribed.

        Raises:
            HubError: something does not start.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(FileLock(self.folder / "lock", timeout=START_S))
            broker.write_config(self.file, port=self.broker_port)
            stack.callback(broker.stop, self.folder)
            if self._with_broker:
                await asyncio.to_thread(self.start_broker)
            await stack.enter_async_context(self.wire)
            errors = stack.enter_context((self.folder / PARTS).open("ab"))
            self.supervisor = Supervisor(errors)
            stack.push_async_callback(asyncio.to_thread, self._close_parts)
            self._start_parts()
            await asyncio.to_thread(self.supervisor.wait_for, "hub", "ready", START_S)
            thread = threading.Thread(target=self.supervisor.run, args=(lambda *_: None,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(self.supervisor.stop)
            if self._with_broker:
                await self.until("the ingest has subscribed", self._is_subscribed)
            self._stack = stack.pop_all()
        return self

    def _close_parts(self) -> None:
        """End the hub, then every ingest: a test may have added some."""
        self.supervisor.close(("hub",), [name for name in self.supervisor.parts if name != "hub"])

    async def __aexit__(self, *_: object) -> None:
        """End everything, the broker last."""
        await self._stack.aclose()

    @property
    def page(self) -> str:
        """Address of the page, without a slash at its end."""
        return f"http://{HOST}:{self._page}"

    @property
    def window(self) -> int:
        """Messages that this broker keeps in flight towards the hub."""
        return broker.WINDOW if self._kind == "embedded" else mosquitto.WINDOW

    @property
    def acknowledged(self) -> set[Key]:
        """Messages whose PUBACK the hub sent."""
        found = (_books.key(*each) for recorded in self.wire.connections for each in recorded.acknowledged)
        return {key for key in found if key is not None}

    @property
    def pubacks(self) -> int:
        """How many PUBACKs the hub sent, whatever for."""
        return sum(len(recorded.acknowledged) for recorded in self.wire.connections)

    def kill(self, name: str) -> None:
        """End a part without warning: `ingest`, `hub` or `broker`; nothing when it is not there."""
        if name == "broker":
            state = broker.alive(self.folder)
            pids = [] if state is None else [state.pid]
        else:
            pids = [pid for part, pid in self.supervisor.pids.items() if part == name]
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                family = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
                for each in family:
                    with contextlib.suppress(psutil.NoSuchProcess):  # one may end with the other
                        each.kill()
                if name == "broker":
                    psutil.wait_procs(family, timeout=10)

    def start_broker(self) -> None:
        """Start the broker, or again on the same port."""
        broker.start(self.file)

    def stop_broker(self) -> None:
        """End the broker in order, as a hub that stays does not: its session is remembered."""
        state = broker.alive(self.folder)
        if state is not None:
            process = psutil.Process(state.pid)
            process.terminate()
            process.wait(10)

    async def health(self) -> dict[str, Any]:
        """Return /health; empty while nobody answers."""
        return await asyncio.to_thread(_health, f"{self.page}/health")

    async def drained(self, sent: int = 0) -> None:
        """Wait until the journal holds `sent` messages of the ledger, all is stored and nothing more comes.

        Raises:
            HubError: in vain.
        """
        quiet_since, before = time.monotonic(), -1

        async def done() -> bool:
            nonlocal quiet_since, before
            health = await self.health()
            counters, broker_part = health.get("counters", {}), health.get("parts", {}).get("broker", {})
            end = int(counters.get("journal_end", -1))
            if end != before or counters.get("journal_behind", 1) or end < sent or broker_part["status"] != "ok":
                quiet_since, before = time.monotonic(), end
            return time.monotonic() - quiet_since >= QUIET_S

        await self.until("the hub has drained", done, DRAIN_S)

    def verdict(self, acked: set[Key], sent: Mapping[Key, Sent]) -> Verdict:
        """Hold what was acknowledged against journal and store; once drained."""
        return judge(acked, sent, _books.written(self.folder), _books.stored(self.folder))

    async def until(self, what: str, done: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
        """Wait until `done()`, which may be a coroutine.

        Raises:
            HubError: in vain.
        """
        deadline = time.monotonic() + patience_s
        while True:
            answer = done()
            if await answer if asyncio.iscoroutine(answer) else answer:
                return
            if time.monotonic() > deadline:
                msg = f"waited {patience_s:.0f} s in vain until {what}; its parts said last:\n{self.said}"
                raise HubError(msg)
            await asyncio.sleep(0.02)

    @property
    def said(self) -> str:
        """What the parts said last."""
        try:
            with (self.folder / PARTS).open("rb") as log:
                log.seek(max(log.seek(0, os.SEEK_END) - TAIL, 0))
                return log.read().decode(errors="replace")
        except OSError as error:
            return f"nothing ({error})"

    def _is_subscribed(self) -> bool:
        return (self.folder / "subscription.json").exists()

    def _start_parts(self) -> None:
        url = f"mqtt://{HOST}:{self.wire.port}"
        environ = {"HUB_BROKER_URL": url, **self._environ}
        keeps = broker.arguments("mosquitto" if self._kind == "mosquitto" else "embedded")
        arguments = ("--data", str(self.folder), "--window", str(self.window), *keeps, *self._arguments)
        self.supervisor.add("ingest", module("hub.ingest", *arguments), environ=environ)
        settings = {
            "data": str(self.folder),
            "mode": "demo",
            "lan": False,
            "secret": secrets.token_urlsafe(8),
            "mqtt": url,
            "use_case": "cold_room",
            "config": {"web_port": self._page, "lang": "en", **self._settings},
        }
        self.supervisor.add("hub", module("hub.serving"), settings, environ=self._environ)


def _health(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 — our own address
            found: dict[str, Any] = json.load(answer)
            return found
    except (OSError, ValueError):
        return {}
