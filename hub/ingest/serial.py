"""The serial edge: USB ports that come and go, read line by line into the journal; the only place that knows pyserial.

One thread looks once a second for what is plugged in, one thread a port reads; whatever goes wrong with a port ends
its thread, and the next look opens it anew, at whatever path it is then (reliability.md §2.9, §2.13, R17).
"""

import errno
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import serial
from msgspec import Struct, field
from serial.tools import list_ports

from hub.errors import JournalError
from hub.ingest.lines import BURST, Allowance, Framer, Lost
from hub.ingest.link import SerialPort
from hub.ingest.ports import Plugged, Target, Wanted, Watch
from hub.journal.base import Journal
from hub.model import NS, Message, Source

LOOK_S = 1.0
READ_S = 0.1
CHUNK = 4096
GROUP = 1_000
"""Lines of one commit at most."""
RETRY_S = 0.5
MOST = 64
"""Ports that are remembered; a device that changes its name at each plugging must not fill the memory."""
_BUSY = {errno.EAGAIN, errno.EBUSY, errno.EWOULDBLOCK}
_DENIED = {errno.EACCES, errno.EPERM}
_ABSENT = {errno.ENOENT, errno.ENXIO, errno.ENODEV}
_LOG = logging.getLogger(__name__)


class _Port(Struct):
    """A port as its threads know it; each attribute has one writer."""

    name: str
    path: str
    state: str = "absent"
    reason: str | None = None
    lines: int = 0
    lost: Lost = field(default_factory=Lost)
    waiting: deque[tuple[int, bytes]] = field(default_factory=deque)
    thread: threading.Thread | None = None

    def shown(self) -> SerialPort:
        """Return it as the hub is told."""
        return SerialPort(
            name=self.name,
            path=self.path,
            state=self.state,
            reason=self.reason,
            lines=self.lines,
            lost=self.lost.total,
        )


def plugged() -> list[Plugged]:
    """Return the ports that look like USB serial; anything else is never touched unless it is named."""
    return [
        Plugged(
            path=each.device,
            number=f"{each.vid:04x}:{each.pid or 0:04x}",
            serial=each.serial_number or "",
            location=each.location or "",
            product=" ".join(filter(None, (each.manufacturer, each.product))),
        )
        for each in list_ports.comports()
        if each.vid is not None
    ]


def placed(folder: Path) -> list[Plugged]:
    """Return the ports that lie in a folder under their names: those of simulated boards, in the data folder."""
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    return [Plugged(path=str(each), number="", product=each.name) for each in there if each.exists()]


class SerialEdge:
    """Reads serial ports into the journal: `turn` and `close` belong to the ingest's thread, the rest to its own."""

    def __init__(
        self,
        wanted: Wanted,
        journal: Journal,
        *,
        wake: Callable[[], None],
        look: Callable[[], Iterable[Plugged]] = plugged,
        wall_ns: Callable[[], int] = time.time_ns,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to look for ports.

        Args:
            wanted: which ports are read.
            journal: the append side.
            wake: interrupts the ingest's selector when lines wait.
            look: what is plugged in now.
            wall_ns: arrival time [ns].
            clock: time of framing and rate [s].
        """
        self._journal = journal
        self._wake = wake
        self._look = look
        self._wall_ns = wall_ns
        self._clock = clock
        self._watch = Watch(wanted, lambda path: Path(path).exists())
        self._ports: dict[str, _Port] = {}
        self._group: list[tuple[_Port, Message]] = []
        self._retry_at = 0.0
        self._last = 0
        self._stop = threading.Event()
        self._looker = threading.Thread(target=self._keep_looking, name="serial look", daemon=True)
        self._looker.start()

    def ports(self) -> list[SerialPort]:
        """Return how each port is."""
        return [each.shown() for each in [*self._ports.values()]]

    def timeout(self) -> float | None:
        """Return how long the selector may wait [s]; None: until it is woken."""
        if self._group:
            return max(self._retry_at - self._clock(), 0.0)
        return 0.0 if any(each.waiting for each in [*self._ports.values()]) else None

    def turn(self) -> None:
        """Commit the lines that wait; where the journal takes none they are kept, and the newest lines dropped."""
        if self._group and self._clock() < self._retry_at:
            return
        if not self._group:
            self._group = self._next()
        if not self._group:
            return
        try:
            self._journal.append([message for _, message in self._group])
        except JournalError as error:
            _LOG.error("Lines of serial ports wait: %s", error)
            self._retry_at = self._clock() + RETRY_S
            return
        for port, _ in self._group:
            port.lines += 1
        self._group = []

    def close(self) -> None:
        """Close the ports, commit what was read, and leave no thread behind."""
        self._stop.set()
        self._looker.join(2.0)  # first: until then another port may be opened
        for port in [*self._ports.values()]:
            if port.thread is not None:
                port.thread.join(2.0)
        self._retry_at = 0.0
        while self._group or any(each.waiting for each in [*self._ports.values()]):
            self.turn()
            if self._group:
                break  # the journal takes nothing: serial is at most once, counted

    def _next(self) -> list[tuple[_Port, Message]]:
        """Return the next group: fairly from every port, no two lines at one time, or their readings would meet."""
        ports = [each for each in [*self._ports.values()] if each.waiting]
        group = []
        for port in ports:
            for _ in range(min(len(port.waiting), max(GROUP // len(ports), 1))):
                received, line = port.waiting.popleft()
                if 0 <= self._last - received < NS:
                    received = self._last + 1
                self._last = received
                group.append((port, Message(f"serial/{port.name}", line, received, Source.SERIAL, qos=0)))
        return group

    # --- the looking thread

    def _keep_looking(self) -> None:
        while not self._stop.is_set():
            try:
                there = [*self._look()]
                targets = self._watch.targets(there)
                self._open(targets)
                self._leave(self._watch.unread(there, targets))
            except Exception:  # noqa: BLE001 — a system's list of ports fails in its own ways; the next look may not
                _LOG.exception("The serial ports could not be listed")
            self._stop.wait(LOOK_S)

    def _open(self, targets: dict[str, Target | None]) -> None:
        for name, target in targets.items():
            port = self._ports.get(name)
            if port is None:
                if len(self._ports) >= MOST:
                    continue
                port = self._ports[name] = _Port(name, target.path if target else "")
            if port.thread is not None and port.thread.is_alive():
                continue
            if target is None:
                self._say(port, "lost" if port.lines else "absent", None)
                continue
            port.path = target.path
            port.thread = threading.Thread(
                target=self._read, args=(port, target.baud), name=f"serial {name}", daemon=True
            )
            port.thread.start()
        for name in self._ports.keys() - targets.keys():
            gone = self._ports[name]
            if gone.state != "unread" and (gone.thread is None or not gone.thread.is_alive()):
                self._say(gone, "lost", gone.reason)

    def _leave(self, unread: dict[str, str]) -> None:
        """List the ports that are plugged in and not read."""
        for name, path in unread.items():
            if name not in self._ports and len(self._ports) < MOST:
                self._ports[name] = _Port(name, path)
                self._say(self._ports[name], "unread", None)
        for name, port in [*self._ports.items()]:
            if port.state == "unread" and name not in unread:
                del self._ports[name]

    # --- a port's thread

    def _read(self, port: _Port, baud: int) -> None:
        """Read until anything goes wrong."""
        try:
            opened = serial.Serial(port.path, baud, timeout=READ_S, exclusive=True)
        except (OSError, ValueError) as error:
            self._say(port, _why(error), str(error))
            return
        framer = Framer(self._clock(), port.lost)
        try:
            with opened:
                self._listen(port, opened, framer)
        except Exception as error:  # noqa: BLE001 — pyserial raises what the driver below it raises (§2.13)
            self._say(port, "lost", f"{error}")
        finally:
            framer.end()

    def _listen(self, port: _Port, opened: serial.Serial, framer: Framer) -> None:
        allowance = Allowance(self._clock())
        while not self._stop.is_set():
            data = opened.read(min(opened.in_waiting, CHUNK) or 1)
            if port.state != "open":
                self._say(port, "open", None)
            lines = framer.feed(data, self._clock())
            if not lines:
                continue
            room = min(allowance.take(len(lines), self._clock()), max(BURST - len(port.waiting), 0))
            port.lost.flood += len(lines) - room
            received = self._wall_ns()
            port.waiting.extend((received, line) for line in lines[:room])
            self._wake()

    def _say(self, port: _Port, state: str, reason: str | None) -> None:
        """Note a port's state; the log tells each change once."""
        if port.state != state:
            _LOG.info("Serial port %s at %s is %s%s", port.name, port.path, state, f" ({reason})" if reason else "")
        port.state, port.reason = state, reason


def _why(error: Exception) -> str:
    """Return the state of a port that cannot be opened."""
    number = getattr(error, "errno", None)
    if number in _BUSY:
        return "busy"
    if number in _DENIED or "PermissionError" in str(error):
        return "busy" if sys.platform == "win32" else "denied"
    return "absent" if number in _ABSENT or "FileNotFoundError" in str(error) else "failed"
