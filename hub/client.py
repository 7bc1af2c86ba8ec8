"""A small typed client of the hub's API, for programs that read, act and listen.

```python
async with HubClient("http://localhost:8080") as hub:
    for device in await hub.devices():
        print(device.name, [f"{each.name} {each.value} {each.unit}" for each in device.channels])
    async for reading in hub.readings(device="tasmota:kitchen", start="-24h"):
        print(reading.time, reading.value)
    async for frame in hub.live():
        print(frame.now)
```

It needs aiohttp and msgspec, nothing else of the hub runs. What the hub refuses is a `ProblemError` with its remedy.
Requests that create bear an `Idempotency-Key`, so that one that is sent again after a lost answer acts once.
"""

import asyncio
import random
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from msgspec import Struct

from hub.errors import HubError
from hub.web.shapes.alarms import AlarmList, AlarmNow
from hub.web.shapes.devices import Commanded, DeviceList, DeviceNow
from hub.web.shapes.history import Accepted, Curve, ReadingList, ReadingStored, SeriesList
from hub.web.shapes.live import DeltaFrame, FullFrame

T = TypeVar("T")
TRIES = 4
PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
PATIENCE = aiohttp.ClientTimeout(total=30)
LARGEST_FRAME = 16 * 1024 * 1024
BUSY = frozenset({429, 503})
"""Statuses after which the same request may do."""
Frame = FullFrame | DeltaFrame


class _Told(Struct):
    title: str = ""
    detail: str = ""
    remedy: str = ""


class _Kind(Struct):
    type: str


class ProblemError(HubError):
    """The hub refused a request (RFC 9457).

    Attributes:
        status: of HTTP.
        detail, remedy: in the client's language.
    """

    def __init__(self, status: int, detail: str, remedy: str) -> None:
        """Tell it in one line."""
        super().__init__(f"{detail} {remedy}".strip())
        self.status = status
        self.detail = detail
        self.remedy = remedy


class HubClient:
    """Talks to one hub; an asynchronous context manager."""

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        language: str = "en",
        pause: Callable[[float], float] = lambda most: random.uniform(most / 2, most),  # noqa: S311 — no secret
    ) -> None:
        """Know where the hub is.

        Args:
            address: as `matinales demo` prints it, `http://localhost:8080/`.
            token: the secret of run.json, or an integrator's token; None: a viewer, or whoever the hub takes for one
                that it trusts.
            language: `fr` or `en`, of alarms and refusals.
            pause: most [s] → how long to wait before another try.
        """
        self._base = address.rstrip("/")
        self._headers = {"Accept-Language": language, "Accept": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._pause = pause
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connections."""
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=PATIENCE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        if self._session is not None:
            await self._session.close()

    # reading

    async def devices(self) -> list[DeviceNow]:
        """Return the devices with the newest value of each channel."""
        return (await self._get("/devices", DeviceList)).devices

    async def device(self, name: str) -> DeviceNow:
        """Return one device, by id or any of its other names."""
        return await self._get(f"/devices/{_quoted(name)}", DeviceNow)

    async def readings(self, **asked: str) -> AsyncIterator[ReadingStored]:
        """Give stored readings, page by page; arguments as of `GET /readings`: device, channel, start, stop, run."""
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            page = await self._get("/readings", ReadingList, {**asked, **more})
            for each in page.readings:
                yield each
            cursor = page.next
            if cursor is None:
                return

    async def series(self, **asked: str) -> list[Curve]:
        """Return curves to draw; arguments as of `GET /series`: device, channel, start, stop, width, run."""
        return (await self._get("/series", SeriesList, asked)).series

    async def alarms(self, **asked: str) -> AsyncIterator[AlarmNow]:
        """Give alarms, newest first; arguments as of `GET /alarms`: usecase, state, priority, device, start, stop."""
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            page = await self._get("/alarms", AlarmList, {**asked, **more})
            for each in page.alarms:
                yield each
            cursor = page.next
            if cursor is None:
                return

    # acting

    async def acknowledge(self, alarm: str, comment: str | None = None, by: str | None = None) -> AlarmNow:
        """Acknowledge an alarm; again changes nothing."""
        said = {"comment": comment, "by": by}
        return await self._post(f"/alarms/{_quoted(alarm)}/acknowledge", AlarmNow, said)

    async def command(self, device: str, channel: str, value: float, key: str | None = None) -> Commanded:
        """Give a command: `sent`, or `refused` with the reason. `key`: the same again is the same command."""
        path = f"/devices/{_quoted(device)}/commands"
        return await self._post(path, Commanded, {"channel": channel, "value": value}, key, also=frozenset({409}))

    async def ingest(self, source: str, measures: Mapping[str, Any], key: str | None = None) -> Accepted:
        """Hand measures over as a webhook does; they are on disk when this returns."""
        return await self._post(f"/ingest/{_quoted(source)}", Accepted, measures, key)

    # listening

    async def live(self, *, rate: float | None = None) -> AsyncGenerator[Frame, None]:
        """Give frames for ever: a whole one first and after each gap; a lost connection comes back by itself.

        Args:
            rate: frames a second at most; None: the hub's own.
        """
        pause = PAUSE_S
        while True:
            try:
                async for frame in self._connected(rate):
                    pause = PAUSE_S
                    yield frame
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(self._pause(pause))
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _connected(self, rate: float | None) -> AsyncGenerator[Frame, None]:
        async with self._there().ws_connect(f"{self._base}/live", max_msg_size=LARGEST_FRAME, heartbeat=20) as socket:
            if rate is not None:
                await socket.send_json({"type": "rate", "hz": rate})
            seq: int | None = None
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return
                frame = _frame(message.data)
                if isinstance(frame, DeltaFrame) and (seq is None or frame.seq != seq + 1):
                    if seq is not None:
                        await socket.send_json({"type": "full"})
                    seq = None  # nothing counts until the whole state is here
                    continue
                seq = frame.seq
                yield frame

    # asking

    def _there(self) -> aiohttp.ClientSession:
        if self._session is None:
            msg = "the client is not open: write `async with HubClient(…) as hub:`"
            raise HubError(msg)
        return self._session

    async def _get(self, path: str, kind: type[T], asked: Mapping[str, str] | None = None) -> T:
        return await self._asked("GET", path, kind, params=asked)

    async def _post(
        self, path: str, kind: type[T], body: object, key: str | None = None, *, also: frozenset[int] = frozenset()
    ) -> T:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return await self._asked("POST", path, kind, also=also, json=body, headers=headers)

    async def _asked(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        also: frozenset[int] = frozenset(),
        **more: Any,  # noqa: ANN401 — aiohttp's own
    ) -> T:
        """Ask, again while the hub is away or busy; `also`: further statuses that are an answer.

        Raises:
            ProblemError: it refuses.
            aiohttp.ClientError: it is away.
        """
        pause = PAUSE_S
        for left in reversed(range(TRIES)):
            try:
                async with self._there().request(method, f"{self._base}/api/v1{path}", **more) as answer:
                    body = await answer.read()
                    if answer.ok or answer.status in also:
                        return msgspec.json.decode(body, type=kind)
                    if answer.status not in BUSY or not left:
                        raise _problem(answer.status, body)
            except (aiohttp.ClientConnectionError, TimeoutError):
                if not left:
                    raise
            await asyncio.sleep(self._pause(pause))
            pause *= 2
        raise AssertionError  # the last try returns or raises


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _frame(data: str) -> Frame:
    if msgspec.json.decode(data, type=_Kind).type == "full":
        return msgspec.json.decode(data, type=FullFrame)
    return msgspec.json.decode(data, type=DeltaFrame)


def _problem(status: int, body: bytes) -> ProblemError:
    try:
        told = msgspec.json.decode(body, type=_Told)
    except msgspec.MsgspecError:
        told = _Told(detail=f"The hub answered {status}.")
    return ProblemError(status, told.detail, told.remedy)
