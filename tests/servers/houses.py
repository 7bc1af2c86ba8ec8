"""Journal, store and workshop sessions in one folder, driven by hand: what the sessions' files hold, without a hub."""

import gzip
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec

from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import NS, Message
from hub.sessions import Sessions
from hub.store.base import Range
from hub.workshop.session import Moment, Wish
from servers.inside import Hub

AT = 1_795_763_280 * NS
"""2026-11-27T07:08:00Z"""
RUN = "cold-room-20261127t070800z-0001"
WISH = Wish(title="Anniversaire de Philibert", place="Chez Gontran")


def announced(at: int, speed: float = 60.0, probe: str = "sim-probe", **more: object) -> bytes:
    """Return what a simulation of the cold room says of itself; `probe`: its only device."""
    said = {
        "run": RUN,
        "scenario": "cold_room",
        "speed": speed,
        "state": "running",
        "wall": at / NS,
        "simulated": (AT - 86_400 * NS) / NS,
        "devices": [f"tasmota:{probe}"],
        "topics": [f"tele/{probe}/#"],
    }
    return msgspec.json.encode(said | more)


def celsius(value: float) -> bytes:
    """Return what a Tasmota says of a temperature."""
    return msgspec.json.encode({"DS18B20": {"Temperature": value}})


class House:
    """Journal, store and sessions in one folder, driven by hand; a second passes with each message."""

    def __init__(self, data: Path, today: str = "2026-11-27") -> None:
        """Open them."""
        self.data = data
        self.now = AT
        self.journal = SqliteJournal(data)
        self.hub = Hub(data)
        self.forgotten: list[str] = []
        self.sessions = Sessions(
            data,
            kept=self.hub.kept,
            reader=lambda: SqliteReader(data),
            mark=self.mark,
            erase=self.journal.erase,
            purge=self.purge,
            forget=self.forgotten.extend,
            today=lambda: date.fromisoformat(today),
        )

    def say(self, topic: str, payload: bytes, **more: object) -> int:
        """Let a message arrive and be stored."""
        self.now += NS
        message = msgspec.structs.replace(Message(topic, payload, self.now), **more)
        position = self.journal.append([message])
        self.hub.catch_up()
        return position

    def plays(self, probe: str = "sim-probe", table: int = 0, plays: Mapping[str, str] | None = None) -> None:
        """Let a simulation begin, a day behind the wall, a minute a second: the room's, or a table's own."""
        run = f"{RUN[:-2]}{table:02}" if table else RUN
        self.say(f"matinales/sim/{run}", announced(self.now + NS, probe=probe, run=run, table=table, plays=plays or {}))
        beat = {"wall": self.now / NS, "simulated": AT / NS - 86_400, "speed": 60}
        self.say(f"matinales/sim/{run}/clock", msgspec.json.encode(beat))

    def mark(self, said: Mapping[str, str]) -> Moment:
        """Append a control record."""
        position = self.say("matinales/session", msgspec.json.encode(said))
        return Moment(position, self.now, self.hub.worker.understanding.timelines.living(self.now))

    def purge(self, inside: Sequence[tuple[str, int, int]], positions: Sequence[tuple[int, int]]) -> int:
        """Erase in the store."""
        self.hub.worker.save()
        gone, _ = self.hub.kept.purge(inside, positions)
        self.hub.worker.read_back()
        return gone

    def build(self) -> int:
        """Write the archives that can be written."""
        return self.sessions.build(self.hub.worker.position)

    def values(self, session: str) -> list[tuple[str, float]]:
        """Return (device, value) of a session's archive, in the order stored."""
        with self.sessions.history(session) as found:
            assert found is not None
            rows = found.readings(Range(run=None)).rows
        return sorted((row.device, row.value) for row in rows)

    def lines(self, session: str) -> list[dict[str, object]]:
        """Return a session's recording."""
        path, _ = self.sessions.archives.recording(session)
        return [msgspec.json.decode(each) for each in gzip.decompress(path.read_bytes()).splitlines()]

    def close(self) -> None:
        """Release the files."""
        self.sessions.close()
        self.hub.close()
        self.journal.close()
