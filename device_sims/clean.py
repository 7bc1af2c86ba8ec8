"""Takes off a broker what a crashed simulation left there: retained announcements, and its devices' last words."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable

import msgspec

from device_sims import announce
from device_sims.announce import Announcement
from device_sims.devices import Packet
from device_sims.link import Broker, Connection

LISTEN_S = 6.0
"""A living run beats each second, on a busy machine some seconds later: silent for longer, it has crashed."""
SETTLE_S, NOTHING_S = 1.5, 2.5
"""Retained messages follow the SUBACK within this time; and if none has come, there is none after the second."""
LOOK_S = 0.05


class Found:
    """What a subscription to the runs brings."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.announced: dict[str, Announcement | None] = {}
        self.alive: set[str] = set()

    def hear(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 — the link's callback
        """Take an announcement or a beat."""
        levels = topic.split("/")
        if len(levels) == 4 and levels[3] == "clock" and not retained:  # noqa: PLR2004 — matinales/sim/<run>/clock
            self.alive.add(levels[2])
        elif len(levels) == 3 and retained:  # noqa: PLR2004 — matinales/sim/<run>
            try:
                self.announced[levels[2]] = msgspec.json.decode(payload, type=Announcement)
            except msgspec.MsgspecError:
                self.announced[levels[2]] = None

    def all_live(self, passed: float) -> bool:
        """Tell whether every run that is announced was heard to beat, so long [s] after the subscription."""
        return passed >= (SETTLE_S if self.announced else NOTHING_S) and self.announced.keys() <= self.alive


async def clean(broker: Broker) -> list[str]:
    """Clear the retained topics of runs that no longer beat; return them.

    Raises:
        SimulationError: the broker does not answer.
    """
    found = Found()
    await _listened(broker, (f"{announce.PREFIX}/#",), found.hear, LISTEN_S, enough=found.all_live)
    dead = {run: said for run, said in found.announced.items() if run not in found.alive}
    filters = sorted(
        {pattern for said in dead.values() if said is not None for pattern in said.topics if _own(pattern)}
    )
    topics: list[str] = []

    def hear(topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 — the link's callback
        if retained and payload:
            topics.append(topic)

    if filters:
        await _listened(broker, filters, hear, SETTLE_S)
    topics += [f"{announce.PREFIX}/{run}" for run in dead]
    own = Connection(broker, f"matinales-clean-{secrets.token_hex(4)}")
    own.start()
    try:
        for topic in topics:
            await own.publish(Packet(topic, b"", retain=True))
    finally:
        await own.close()
    return topics


def _own(pattern: str) -> bool:
    """Tell whether a filter reaches simulated devices only."""
    return any("sim" in level for level in pattern.split("/") if level not in {"+", "#"})


async def _listened(
    broker: Broker,
    filters: Iterable[str],
    hear: Callable[[str, bytes, bool], None],
    seconds: float,
    enough: Callable[[float], bool] = lambda _passed: False,
) -> None:
    """Hear what comes for some seconds, or until it is enough once what was retained is there."""
    connection = Connection(
        broker, f"matinales-clean-{secrets.token_hex(4)}", subscribe=tuple(filters), on_message=hear
    )
    connection.start()
    try:
        await connection.subscribed()
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds and not enough(passed):  # noqa: ASYNC110 — what has been heard is no event
            await asyncio.sleep(LOOK_S)
    finally:
        await connection.close()
