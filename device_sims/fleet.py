"""A fleet of Tasmota boards that load a broker and a hub: 150-byte JSON, three values, QoS 1."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from device_sims import announce, swarm
from device_sims.announce import Announcement
from device_sims.devices import Packet
from device_sims.errors import SimulationError
from device_sims.link import Broker, Connection

SCENARIO = "fleet"
PAYLOAD_BYTES = 150
TICK_S = 0.01
REPORT_S = 1.0
PING_S = 20.0
DRAIN_S = 10.0
MOST_DEVICES = 10_000
MOST_CONNECTIONS = 1000
"""A process may usually open 1,024 files; more devices than this share connections."""
REMEMBERED = 100_000
"""Latenesses of which the percentiles are taken: the newest."""


class Result(Struct, frozen=True):
    """What a fleet did.

    Attributes:
        sent, acknowledged: PUBLISH and PUBACK.
        skipped: messages due that a clogged connection did not send.
        seconds: from the first message to the last acknowledgement.
        rate: acknowledged messages a second, all devices together.
        p50_ms, p99_ms: PUBLISH to PUBACK.
        late_p50_ms, late_p99_ms: from when a message was due to its PUBLISH.
        connections: that the devices share.
        cpu: share of one core that this process used [1].
    """

    sent: int
    acknowledged: int
    skipped: int
    seconds: float
    rate: float
    p50_ms: float
    p99_ms: float
    late_p50_ms: float
    late_p99_ms: float
    connections: int
    cpu: float


def name_of(number: int) -> str:
    """Return a device's id."""
    return f"fleet-sim-{number:04d}"


def payload(number: int, time_text: str) -> bytes:
    """Return a SENSOR body of 150 bytes; its Id numbers the messages, so that no two are alike."""
    temperature, humidity, pressure = 15 + number % 100 / 10, 40 + number % 370 / 10, 990 + number % 250 / 10
    head = f'{{"Time":"{time_text}","BME280":{{"Id":"'
    tail = f'","Temperature":{temperature:.1f},"Humidity":{humidity:.1f},"Pressure":{pressure:.1f}}},"TempUnit":"C"}}'
    return f"{head}{number:0{max(PAYLOAD_BYTES - len(head) - len(tail), 1)}d}{tail}".encode()


def check(devices: int, rate: float, connections: int | None) -> None:
    """See whether such a fleet can be.

    Args:
        devices: how many.
        rate: messages a second of each device [1/s].
        connections: how many they share; None: as many as is right.

    Raises:
        SimulationError: naming the figure and its range.
    """
    if not 1 <= devices <= MOST_DEVICES or not rate > 0:
        msg = f"devices is {devices} and rate {rate:g}: 1 to {MOST_DEVICES} devices, a rate above zero"
        raise SimulationError(msg)
    if connections is not None and not 1 <= connections <= devices:
        msg = f"connections is {connections}: at least one, at most one a device"
        raise SimulationError(msg)


async def play(
    broker: Broker,
    *,
    devices: int,
    rate: float,
    seconds: float | None,
    stop: asyncio.Event,
    connections: int | None = None,
    progress: Callable[[Result], None] | None = None,
) -> Result:
    """Publish `rate` messages a second of each device until `seconds` have passed or `stop` is set.

    Devices that share a connection (`connections` fewer than devices) have no will of their own.

    Raises:
        SimulationError: an impossible figure, or the broker cannot be reached.
    """
    check(devices, rate, connections)
    fleet = Fleet(broker, devices, connections or min(devices, MOST_CONNECTIONS))
    try:
        await fleet.gather()
        result = await fleet.load(rate * devices, seconds, stop, progress)
        await fleet.end()
    finally:
        await fleet.close()
    return result


class Fleet:
    """Devices that publish together, announced as one run."""

    def __init__(self, broker: Broker, devices: int, connections: int) -> None:
        """Prepare it; `gather` connects."""
        self.run = announce.run_id(SCENARIO, datetime.now(UTC), secrets.randbelow(65_536))
        self.members: list[swarm.Member] = []
        self._broker = broker
        self._devices = devices
        self._connections = connections
        self._late_s: deque[float] = deque(maxlen=REMEMBERED)
        self._cpu_s = 0.0
        self._own = Connection(broker, f"matinales-{self.run}")
        self._births = 0

    async def gather(self) -> None:
        """Connect everybody, announce the run, then say Online."""
        names = [
            (f"{name_of(number)}-{self.run[-4:]}", _lwt(number, b"Offline")) for number in range(self._connections)
        ]
        self.members = await swarm.gather(self._broker, names)
        self._own.start()
        await self._own.publish(announce.announced(_said(self.run, self._devices, "running")))
        self._births = self._everybody(b"Online")

    async def load(
        self, rate: float, seconds: float | None, stop: asyncio.Event, progress: Callable[[Result], None] | None
    ) -> Result:
        """Publish at a rate, all devices together, for a time; then wait for the last acknowledgements."""
        topics = [f"tele/{name_of(number)}/SENSOR" for number in range(self._devices)]
        begin = told = pinged = time.monotonic()
        self._cpu_s = time.process_time()
        number = skipped = 0
        while not stop.is_set():
            now = time.monotonic()
            elapsed = now - begin if seconds is None else min(now - begin, seconds)
            stamp = datetime.now(UTC).isoformat(timespec="seconds")
            due = int(elapsed * rate)
            for each in range(number, due):
                turn = each % len(topics)
                packet = Packet(topics[turn], payload(each, stamp))
                skipped += not self.members[turn % len(self.members)].say(packet)
                self._late_s.append(elapsed - (each + 1) / rate)
            number = due
            if now - told >= REPORT_S:
                told = now
                self._beat()
                if progress is not None:
                    progress(self._result(skipped, elapsed))
            if now - pinged >= PING_S:
                pinged = now
                for member in self.members:
                    member.ping()
            if seconds is not None and now - begin >= seconds:
                break
            await asyncio.sleep(TICK_S)
        await self._drained()
        return self._result(skipped, time.monotonic() - begin)

    async def end(self) -> None:
        """Say the end and take off the broker what the fleet left there."""
        self._everybody(b"")
        await self._drained()
        await self._own.publish(announce.announced(_said(self.run, self._devices, "ended")))
        await self._own.publish(announce.forgotten(self.run))

    async def close(self) -> None:
        """Take leave of the broker."""
        await swarm.part(self.members)
        await self._own.close()

    def _everybody(self, word: bytes) -> int:
        members = self.members
        return sum(members[number % len(members)].say(_lwt(number, word)) for number in range(self._devices))

    def _beat(self) -> None:
        wall = datetime.now(UTC)
        self._own.tell(*announce.beat(self.run, wall=wall, simulated=wall, speed=1.0))

    async def _drained(self) -> None:
        for _ in range(round(DRAIN_S / TICK_S)):
            if all(member.acknowledged == member.sent for member in self.members):
                return
            await asyncio.sleep(TICK_S)

    def _result(self, skipped: int, seconds: float) -> Result:
        sent = sum(member.sent for member in self.members) - self._births
        acknowledged = max(sum(member.acknowledged for member in self.members) - self._births, 0)
        p50, p99 = _percentiles(wait for member in self.members for wait in member.waits_s)
        late_p50, late_p99 = _percentiles(self._late_s)
        return Result(
            sent=sent,
            acknowledged=acknowledged,
            skipped=skipped,
            seconds=round(seconds, 3),
            rate=round(acknowledged / seconds if seconds > 0 else 0.0, 1),
            p50_ms=p50,
            p99_ms=p99,
            late_p50_ms=late_p50,
            late_p99_ms=late_p99,
            connections=len(self.members),
            cpu=round((time.process_time() - self._cpu_s) / seconds if seconds > 0 else 0.0, 3),
        )


def _percentiles(seconds: Iterable[float]) -> tuple[float, float]:
    """Return the middle one and that of 99 % [ms]."""
    ranked = sorted(seconds)
    p50, p99 = (1000 * ranked[int(len(ranked) * share)] if ranked else 0.0 for share in (0.5, 0.99))
    return round(p50, 2), round(p99, 2)


def _lwt(number: int, word: bytes) -> Packet:
    return Packet(f"tele/{name_of(number)}/LWT", word, retain=True)


def _said(run: str, devices: int, state: str) -> Announcement:
    names = [name_of(number) for number in range(devices)]
    wall = announce.rfc3339(datetime.now(UTC))
    return Announcement(
        run=run,
        scenario=SCENARIO,
        seed=0,
        speed=1.0,
        state=state,
        wall=wall,
        simulated=wall,
        devices=tuple(f"tasmota:{name}" for name in names),
        topics=tuple(f"tele/{name}/#" for name in names),
    )


def encoded(result: Result) -> str:
    """Return a result as one line of JSON."""
    return msgspec.json.encode(result).decode()
