"""The simulated devices of the ledger: each keeps a book of what it sent and when it was confirmed."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Iterator

from device_sims.devices import Packet
from device_sims.errors import SimulationError
from device_sims.link import Broker
from device_sims.swarm import AT_ONCE, Member, connect
from hub.bench._books import payload, topic
from hub.bench._ledger import Key, Sent

TICK_S = 0.01
RETRY_S = 0.1
_MICROSECOND = 1_000


class Device:
    """One device: a connection of its own, and a book.

    Every second one states the time of its measure; such a message can be told from its repeat, so it is sent again
    (DUP set) after a lost connection. The others cannot, and forget what was under way, as a plug without memory does.

    Attributes:
        book: what it sent, in order.
    """

    def __init__(self, broker: Broker, number: int, chance: random.Random) -> None:
        """Name it; `join` connects."""
        self.book: list[Sent] = []
        self.name = f"d{number:04d}"
        self._broker = broker
        self._states_time = number % 2 == 0
        self._chance = chance
        self._boot = 1
        self._sequence = 0
        self._time = 0
        self._under_way: deque[Sent] = deque()
        self._member: Member | None = None

    @property
    def waits(self) -> bool:
        """Whether something is not confirmed yet."""
        return bool(self._under_way)

    @property
    def gone(self) -> bool:
        """Whether it has no connection."""
        return self._member is None or self._member.gone

    async def join(self) -> None:
        """Connect, and send again what was under way.

        Raises:
            SimulationError, OSError: the broker does not take it.
        """
        will = Packet(f"ledger-will/{self.name}", b"gone", retain=False)
        hello = connect(f"ledger-{self.name}", will, self._broker)
        member = Member(hello, self._confirmed)
        await asyncio.get_running_loop().create_connection(lambda: member, self._broker.host, self._broker.port)
        await member.ready
        self._member = member
        if not self._states_time:
            self._under_way.clear()
        for sent in self._under_way:
            member.say(self._packet(sent), again=True)

    def reboot(self) -> None:
        """Begin a new life: the sequence starts over."""
        self._boot, self._sequence = self._boot + 1, 0

    def say(self) -> bool:
        """Send the next measure; False when the connection is clogged or gone: it is not measured then."""
        if self._member is None or self._member.clogged:
            return False
        self._time = max(time.time_ns() // _MICROSECOND * _MICROSECOND, self._time + _MICROSECOND)
        value = round(self._chance.uniform(-40, 125), 3)
        sent = Sent((self.name, self._boot, self._sequence), value, self._time, self._states_time)
        self._sequence += 1
        self.book.append(sent)
        self._under_way.append(sent)
        return self._member.say(self._packet(sent))

    def repeat(self, *, dup: bool) -> None:
        """Send the newest measure once more, as a device that missed its PUBACK does; the book has it once."""
        if self._member is not None and not self._member.clogged and self._states_time:
            self._under_way.append(self.book[-1])
            self._member.say(self._packet(self.book[-1]), again=dup)

    def leave(self) -> None:
        """Take leave of the broker."""
        if self._member is not None:
            self._member.leave()

    def _packet(self, sent: Sent) -> Packet:
        return Packet(topic(self.name), payload(sent), retain=False)

    def _confirmed(self) -> None:
        sent = self._under_way.popleft()
        sent.confirmed = sent.confirmed or time.time_ns()


class Devices:
    """All of them, at a common rate."""

    def __init__(self, broker: Broker, many: int, chance: random.Random) -> None:
        """Prepare them; `gather` connects."""
        self.all = [Device(broker, number, chance) for number in range(many)]
        self.skipped = 0
        self._keeping: asyncio.Task[None] | None = None

    @property
    def books(self) -> dict[Key, Sent]:
        """Everything that was sent."""
        return {sent.key: sent for device in self.all for sent in device.book}

    @property
    def confirmed(self) -> set[Key]:
        """What the devices saw confirmed."""
        return {sent.key for device in self.all for sent in device.book if sent.confirmed is not None}

    async def gather(self) -> None:
        """Connect everybody, and again whoever loses the broker."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(device: Device) -> None:
            async with gate:
                await device.join()

        await asyncio.gather(*(one(device) for device in self.all))
        self._keeping = asyncio.create_task(self._keep(), name="ledger devices")

    async def load(self, rate: float, seconds: float) -> None:
        """Send `rate` messages a second, one device after the other."""
        turns = self._turns()
        begin, number = time.monotonic(), 0
        while (elapsed := time.monotonic() - begin) < seconds:
            due = int(elapsed * rate)
            for _ in range(number, due):
                self.skipped += not next(turns).say()
            number = due
            await asyncio.sleep(TICK_S)

    async def drained(self, patience_s: float) -> None:
        """Wait until the broker has confirmed everything.

        Raises:
            TimeoutError: it has not within `patience_s`.
        """
        for _ in range(int(patience_s / TICK_S)):
            if not any(device.waits for device in self.all):
                return
            await asyncio.sleep(TICK_S)
        msg = f"the broker has not confirmed everything within {patience_s:.0f} s"
        raise TimeoutError(msg)

    async def close(self) -> None:
        """Take leave of the broker."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        for device in self.all:
            device.leave()

    def _turns(self) -> Iterator[Device]:
        while True:
            yield from self.all

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RETRY_S)
            for device in self.all:
                if device.gone:
                    try:
                        await device.join()
                    except (OSError, SimulationError):
                        break  # the broker is away: nobody else has more luck
