"""The hub's own process (`hub.serving` begins it): its page, served until the supervisor wants no more.

Its first line of input is one JSON object (`Settings`); it says `{"ready": …}` once the page is served, and ends in
order when its input ends.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from hub import credentials, loggedin, logs, onlyonce, sharedtokens
from hub.app import Settings, opened
from hub.config import Config
from hub.errors import HubError
from hub.tokens import Tokens
from hub.web.app import make_app
from hub.web.door import Runner
from hub.web.once import Keys
from hub.web.security import Security

_LOG = logging.getLogger("hub")

STATIC = Path(__file__).parent / "web" / "static"
LAST_ANSWERS = 0.5
"""Seconds that requests under way get to end."""
HELPERS = 6
"""Threads for what takes long, as many as asyncio takes on two cores; who reads the past keeps at most
`hub.web.sittings.READERS` of them."""


async def serve(settings: Settings, say: Callable[[Mapping[str, Any]], None], ended: asyncio.Event) -> None:
    """Run the hub until `ended`; `say` tells the supervisor when the page is served."""
    data, config = Path(settings.data), settings.config
    pin = credentials.pin(data) if settings.mode == "demo" else _pin_of(config)
    security = Security(
        config,
        demo=settings.mode == "demo",
        lan=settings.lan,
        secret=settings.secret,
        pin=pin,
        read_pin=(lambda: credentials.pin(data)) if settings.mode == "demo" else None,
        sessions=data / "sessions",
        tokens=Tokens(data),
    )
    app = await asyncio.to_thread(opened, settings)
    keys = await asyncio.to_thread(Keys, data / "idempotency")
    others = contextlib.ExitStack()
    made = security.tokens.elsewhere = others.enter_context(sharedtokens.shared(data))
    once = security.codes.elsewhere = keys.elsewhere = others.enter_context(onlyonce.shared(data))
    looks = [each.look for each in (made, once) if each is not None]
    security.elsewhere = others.enter_context(loggedin.shared(data, security.sessions, security.delays, *looks))
    runner = Runner(make_app(app, security, STATIC, keys), security.refused, shutdown_timeout=LAST_ANSWERS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, config.web_host, config.web_port)
        try:
            await site.start()
        except OSError as error:
            msg = (
                f"port {config.web_port} of the page cannot be used ({error.strerror or error}); "
                "choose another with --port (0 picks a free one) or HUB_WEB_PORT"
            )
            raise HubError(msg) from None
        await app.room.secure(
            lambda context: web.TCPSite(runner, config.web_host, config.https_port, ssl_context=context).start()
        )
        await app.start()
        gc.freeze()  # what was built to start is never looked at again
        gc.enable()
        say(
            {
                "ready": {
                    "room": [f"http://{each}:{config.web_port}/" for each in app.room.addresses],
                    "secure": app.ways().secure,
                    "pin": pin,
                    "code": await security.codes.new() if settings.lan else None,
                }
            }
        )
        await ended.wait()
    finally:
        await asyncio.gather(runner.cleanup(), app.take_leave(), asyncio.to_thread(others.close))
        await app.close()


def _pin_of(config: Config) -> str | None:
    if config.pin_file is None:
        _LOG.warning("No pin_file: nobody is facilitator until HUB_PIN_FILE names one")
        return None
    return credentials.pin_from_file(Path(config.pin_file))


def helpers(many: int = HELPERS) -> ThreadPoolExecutor:
    """Return threads that all run already.

    asyncio's own begin one by one, whenever one more is busy than ever before: a hub of some hours has more than one
    that has just begun, and nobody can tell whether it will ever stop.
    """
    pool = ThreadPoolExecutor(many, thread_name_prefix="helper")
    all_there = threading.Barrier(many)
    for each in [pool.submit(all_there.wait) for _ in range(many)]:
        each.result()
    return pool


def main() -> int:
    """Run as the supervisor's child."""
    sys.setswitchinterval(0.0005)  # the store's thread hands over often: twice its rate beside a busy loop (measured)
    logs.configure("hub")
    for name in ("SIGINT", "SIGBREAK", "SIGHUP"):  # a terminal's are the supervisor's: our input ends when it says so
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings)

    def say(word: Mapping[str, Any]) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(word) + b"\n")
        sys.stdout.buffer.flush()

    async def run() -> None:
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.set_default_executor(helpers())  # ends with the loop

        def listen() -> None:
            with contextlib.suppress(OSError):
                while os.read(0, 4096):  # not sys.stdin: a thread blocked in its lock cannot be left behind
                    pass
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=listen, name="supervisor", daemon=True).start()
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(signal.SIGTERM, ended.set)
        await serve(settings, say, ended)

    try:
        asyncio.run(run())
    except HubError as error:
        say({"error": str(error)})
        return 1
    return 0
