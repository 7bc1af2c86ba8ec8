"""`Idempotency-Key`: the same request again is answered as the first time, and acts once.

After draft-ietf-httpapi-idempotency-key-header. What it guarantees, for a day and the newest `MOST` keys: the same key
with the same body gives the first answer again, marked `Idempotent-Replayed: true`; with another body 422; while the
first is under way 409. A request that was refused before it acted, or failed (500 and more), is not remembered: it may
be tried again with its key. Keys of commands and webhooks are on disk before their answer leaves, so they hold across a
restart; a hub killed between the effect and that write may act again, and then a command's id, which is the key, makes
it a replay that is refused. All other keys end with the hub: what they made is seen in its list. Where workers share a
journal a key holds at all of them (`hub.onlyonce`), for a day.
"""

import asyncio
import hashlib
import os
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
from aiohttp import web
from msgspec import Struct

from hub.datafolder import write_private
from hub.model import NS
from hub.web.gives import given
from hub.web.problems import Problem
from hub.web.query import whole

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
KEY = re.compile(r'"([ !#-\[\]-~]{1,255})"|([!#-+\--~]{1,255})')
"""A string of RFC 8941, or a bare word, as many programs send it."""
KEPT_NS = 24 * 3600 * NS
MOST = 10_000
LARGEST = 64 * 1024
"""Bytes of an answer that is remembered; what is larger is answered by the status alone."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Kept(Struct, frozen=True, kw_only=True):
    """A request that was answered.

    Attributes:
        key: hash of who asked, what and the key; body: hash of what was sent.
        at: when [ns].
        status, kind, said: the answer.
    """

    key: str
    body: str
    at: int
    status: int
    kind: str
    said: bytes


class Claim(NamedTuple):
    """What became of a request at another worker: hash of what was sent, and the answer; None: it is under way."""

    body: str
    answer: Kept | None


class Elsewhere(Protocol):
    """What other workers of the same journal know of requests with a key; each call blocks."""

    def claim(self, name: str, body: str, seal: str) -> Claim | None:
        """Return what became of a request there; None: it is this worker's from now on."""

    def answered(self, answer: Kept, seal: str) -> None:
        """Let every worker give this answer; `seal`: what only the asker knows."""

    def release(self, name: str) -> None:
        """Let a request be tried again anywhere."""

    def first(self, name: str) -> bool:
        """Tell whether a name is said for the first time at any worker; from now on it is not."""


class Keys:
    """The keys of a hub, the newest last; on the event loop, but for what blocks."""

    def __init__(self, path: Path | None = None, wall: Callable[[], int] = time.time_ns) -> None:
        """Read those that are on disk; blocks. None: nothing outlives the hub."""
        self._path = path
        self._wall = wall
        self._kept: dict[str, Kept] = {}
        self._busy: dict[str, str] = {}
        self._durable: dict[str, None] = {}
        self._lines = 0
        self._writing = asyncio.Lock()
        self.elsewhere: Elsewhere | None = None
        """Other workers of the same journal."""
        if path is not None and path.exists():
            for line in path.read_bytes().splitlines():
                try:
                    found = msgspec.json.decode(line, type=Kept)
                except msgspec.MsgspecError:
                    continue  # cut by a power cut: that answer never left
                self._kept[found.key] = found
                self._durable[found.key] = None
            self._drop()
            write_private(path, self._worth_keeping())

    def known(self, key: str, body: str) -> Kept | None:
        """Return the answer to a key; None: there is none, and it is under way from now on.

        Raises:
            Problem: the key came with another body, or is under way.
        """
        self._drop()
        kept, busy = self._kept.get(key), self._busy.get(key)
        before = busy if kept is None else kept.body
        if before not in {None, body}:
            raise Problem("key_reused")
        if busy is not None:
            raise Problem("key_busy", headers={"Retry-After": "1"})
        if kept is None:
            self._busy[key] = body
        return kept

    async def known_elsewhere(self, key: str, body: str, seal: str) -> Kept | None:
        """Return the answer that another worker gave; None: none did, and it is under way here for all of them.

        Raises:
            Problem: the key came there with another body, or is under way there.
        """
        if self.elsewhere is None:
            return None
        claim = await asyncio.to_thread(self.elsewhere.claim, key, body, seal)
        if claim is None:
            return None
        if claim.body != body:
            raise Problem("key_reused")
        if claim.answer is None:
            raise Problem("key_busy", headers={"Retry-After": "1"})
        self._kept[key] = claim.answer
        return claim.answer

    async def had_elsewhere(self, command: str) -> bool:
        """Tell whether a worker had a command, by the id that its sender gave it; where there is one hub, never."""
        if self.elsewhere is None:
            return False
        return not await asyncio.to_thread(self.elsewhere.first, _hash("command", command))

    async def forget(self, key: str) -> None:
        """Let a key be tried again, unless it was answered."""
        self._busy.pop(key, None)
        if self.elsewhere is not None and key not in self._kept:
            await asyncio.to_thread(self.elsewhere.release, key)

    async def keep(self, answer: Kept, *, durable: bool, seal: str = "") -> None:
        """Remember an answer; where it is to hold across a restart, return once it is on disk."""
        self._kept[answer.key] = answer
        if self.elsewhere is not None:
            await asyncio.to_thread(self.elsewhere.answered, answer, seal)
        if durable and self._path is not None:
            self._durable[answer.key] = None
            async with self._writing:
                if self._lines >= 2 * MOST:  # a gateway's webhooks must not fill the disk
                    await asyncio.to_thread(write_private, self._path, self._worth_keeping())
                else:
                    self._lines += 1
                    await asyncio.to_thread(_append, self._path, msgspec.json.encode(answer) + b"\n")
        self._busy.pop(answer.key, None)

    def _drop(self) -> None:
        """Forget what is too old or too much."""
        since = self._wall() - KEPT_NS
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if len(self._kept) <= MOST and oldest.at >= since:
                return
            del self._kept[oldest.key]
            self._durable.pop(oldest.key, None)

    def _worth_keeping(self) -> bytes:
        """Return the file of those that hold across a restart and are not forgotten."""
        kept = [self._kept[key] for key in self._durable if key in self._kept]
        self._lines = len(kept)
        return b"".join(msgspec.json.encode(each) + b"\n" for each in kept)

    def now(self) -> int:
        """Return the wall clock's time [ns]."""
        return self._wall()


def _append(path: Path, line: bytes) -> None:
    if not path.exists():
        write_private(path, b"")
    with path.open("ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


KEYS: web.AppKey[Keys] = web.AppKey("keys", Keys)


def key_of(request: web.Request) -> str | None:
    """Return the key that a request bears; None: none.

    Raises:
        Problem: it is none.
    """
    text = request.headers.get(HEADER)
    if text is None:
        return None
    found = KEY.fullmatch(text.strip())
    if found is None:
        raise Problem("key", key=repr(text[:80]))
    return found[1] or found[2]


@web.middleware
async def once(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request act once that says by its key that it is the same."""
    said = given(request.match_info.handler)
    key = None if said is None or not said.once else key_of(request)
    if said is None or key is None:
        return await handler(request)
    keys = request.app[KEYS]
    name, body = _hash(_who(request), request.method, request.raw_path, key), _hash(await whole(request))
    known, seal = keys.known(name, body), _hash("seal", _who(request), key)
    try:
        known = known or await keys.known_elsewhere(name, body, seal)
        if known is not None:
            headers = {REPLAYED: "true", "Content-Type": known.kind, "Cache-Control": "no-store"}
            return web.Response(status=known.status, body=known.said, headers=headers)
        answer = await handler(request)
        if isinstance(answer, web.Response) and answer.status < 500:  # noqa: PLR2004 — a server's error
            text = bytes(answer.body) if isinstance(answer.body, bytes | bytearray) else b""
            kept = Kept(
                key=name,
                body=body,
                at=keys.now(),
                status=answer.status,
                kind=answer.headers.get("Content-Type", "application/octet-stream"),
                said=text if len(text) <= LARGEST else b"",
            )
            await keys.keep(kept, durable=said.durable, seal=seal)
        return answer
    finally:
        await keys.forget(name)


def _who(request: web.Request) -> str:
    """Return who asks, as far as that tells callers apart: two of them may choose the same key."""
    return "\n".join((request.headers.get("Authorization", ""), request.headers.get("Cookie", "")))


def _hash(*parts: str | bytes) -> str:
    found = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        found.update(b"%d:" % len(raw) + raw)
    return found.hexdigest()
