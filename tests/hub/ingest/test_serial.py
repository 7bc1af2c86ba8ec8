"""Serial ports beside real pseudo-terminals: plugged, unplugged, moved, taken, flooded (R17)."""

import asyncio
import contextlib
import errno
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from hub.errors import JournalError
from hub.ingest.link import SerialPort, Status
from hub.ingest.linkclient import LinkClient
from hub.ingest.ports import Plugged, wanted
from hub.journal.base import Journal
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import Message, Record, Source
from servers.brokers import Broker
from servers.cables import Cable
from servers.ingest import ingesting
from servers.ports import until
from servers.web import eventually

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a Unix thing")
if sys.platform != "win32":
    from hub.ingest.serial import SerialEdge, _why

BACK_S = 30.0
"""Patience of a loaded machine; R17 asks for 2 s."""


class Bench:
    """A serial edge in a loop of its own, as the ingest process runs it."""

    def __init__(
        self,
        folder: Path,
        setting: str,
        journal: Journal | None = None,
        look: Callable[[], Iterable[Plugged]] = list,
    ) -> None:
        """Open the journal and begin; `look` says what is plugged in."""
        self.folder = folder
        self._woken, self._stop = threading.Event(), False
        self._journal = SqliteJournal(folder)
        chosen = wanted(setting)
        assert chosen is not None
        self.edge = SerialEdge(chosen, journal or self._journal, wake=self._woken.set, look=look)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop:
            self._woken.wait(self.edge.timeout() if self.edge.timeout() is not None else 0.05)
            self._woken.clear()
            self.edge.turn()

    def close(self) -> None:
        """End the loop, then the edge."""
        self._stop = True
        self._thread.join(30)
        self.edge.close()
        self._journal.close()

    def port(self, name: str) -> SerialPort | None:
        """Return a port by name."""
        return next((each for each in self.edge.ports() if each.name == name), None)

    def wait_for(self, name: str, state: str) -> None:
        """Wait until a port is in a state."""
        until(f"{name} is {state}", lambda: (port := self.port(name)) and port.state == state, timeout_s=BACK_S)

    def records(self) -> list[Record]:
        """Return everything in the journal."""
        reader = SqliteReader(self.folder)
        found: list[Record] = []
        while more := reader.read(found[-1].position if found else 0, 10_000):
            found += more
        reader.close()
        return found

    def lines(self, name: str) -> list[bytes]:
        """Return the lines journalled of a port."""
        return [each.message.payload for each in self.records() if each.message.topic == f"serial/{name}"]

    def wait_for_line(self, name: str, line: bytes) -> None:
        """Wait until a line is journalled."""
        until(f"{line!r} is journalled", lambda: line in self.lines(name), timeout_s=BACK_S)


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    """Lend a cable, unplugged."""
    cable = Cable(tmp_path, "a")
    yield cable
    cable.unplug()


@contextlib.contextmanager
def reading(folder: Path, *ends: Path, journal: Journal | None = None) -> Iterator[Bench]:
    """Lend an edge that reads these ports."""
    bench = Bench(folder, ",".join(map(str, ends)), journal)
    try:
        yield bench
    finally:
        bench.close()


def test_lines_are_journalled_with_their_port_and_their_bytes(tmp_path: Path, cable: Cable) -> None:
    """Topic `serial/<name>`; two equal lines are two."""
    cable.plug()
    with reading(tmp_path, cable.hub_end) as bench:
        bench.wait_for("a", "open")
        cable.send(b"21.5\r\n21.5\r\n\xfe\x00\x81\nlast\n")
        bench.wait_for_line("a", b"last")
        messages = [each.message for each in bench.records()]
    assert [each.payload for each in messages] == [b"21.5", b"21.5", b"\xfe\x00\x81", b"last"]
    assert {(each.topic, each.source, each.qos) for each in messages} == {("serial/a", Source.SERIAL, 0)}
    assert len({each.received for each in messages}) == 4


FLOOD = b"".join(b"%d\n" % number for number in range(12_000))
MISBEHAVIOURS = (b"half", b"x" * 1_000_000, bytes(range(256)) * 40, FLOOD, b"\r\n\r\n\0\0")
"""Half a line, a megabyte without an end, noise, a flood, nothing: what a board may send before it is unplugged."""


@pytest.mark.parametrize("times", [5, pytest.param(20, marks=[pytest.mark.long, pytest.mark.timeout(300)])])
def test_unplugged_and_plugged_again_at_another_path_it_is_read_on(tmp_path: Path, times: int) -> None:
    """R17: known by what it is; the other port loses no line; no thread and no file is left over."""
    process = psutil.Process()
    threads, files = threading.active_count(), process.num_fds()
    cables = [Cable(tmp_path, f"path{number}") for number in range(times)]
    there: list[Cable] = []

    def look() -> list[Plugged]:
        return [Plugged(str(each.hub_end), "2341:0043", "7573", "1-1", "Uno") for each in there]

    other = Cable(tmp_path, "other")
    other.plug()
    bench = Bench(tmp_path, f"auto,{other.hub_end}", look=look)
    try:
        bench.wait_for("other", "open")
        for number, cable in enumerate(cables):
            cable.plug()
            there.append(cable)
            bench.wait_for("uno-7573", "open")
            cable.send(b"%d\n" % number)
            bench.wait_for_line("uno-7573", b"%d" % number)
            cable.send(MISBEHAVIOURS[number % len(MISBEHAVIOURS)])
            other.send(b"other %d\n" % number)
            there.clear()
            cable.unplug()
            bench.wait_for("uno-7573", "lost")
            bench.wait_for_line("other", b"other %d" % number)
        assert bench.lines("other") == [b"other %d" % number for number in range(times)]
        assert not [line for line in bench.lines("uno-7573") if b"half" in line or b"xx" in line]
        port = bench.port("uno-7573")
        assert port is not None
        assert port.lost > 0
    finally:
        bench.close()
        other.unplug()
        for cable in cables:
            cable.unplug()
    until("no thread is left", lambda: threading.active_count() <= threads)
    assert process.num_fds() <= files


def test_a_radio_stick_is_listed_and_never_opened(tmp_path: Path, cable: Cable) -> None:
    """It says that it is left alone; gone, it is listed no more."""
    cable.plug()
    there = [Plugged(str(cable.hub_end), "10c4:ea60", "0001", "1-4", "ConBee II")]
    bench = Bench(tmp_path, "auto", look=lambda: there)
    try:
        bench.wait_for("conbee-ii-0001", "unread")
        cable.send(b"21.5\n")
        there.clear()
        until("it is gone", lambda: not bench.edge.ports())
        assert bench.records() == []
    finally:
        bench.close()


def test_a_port_that_is_open_elsewhere_is_busy_and_taken_when_it_is_free(tmp_path: Path, cable: Cable) -> None:
    """Said, not waited for in silence; nobody restarts anything."""
    serial = pytest.importorskip("serial")
    cable.plug()
    with serial.Serial(str(cable.hub_end), exclusive=True):
        bench = Bench(tmp_path, str(cable.hub_end))
        bench.wait_for("a", "busy")
    try:
        bench.wait_for("a", "open")
    finally:
        bench.close()


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (OSError(errno.EACCES, "Permission denied"), "denied"),
        (OSError(errno.EBUSY, "Device or resource busy"), "busy"),
        (OSError(errno.EAGAIN, "Could not exclusively lock port"), "busy"),
        (OSError(errno.ENOENT, "No such file"), "absent"),
        (OSError("could not open port 'COM3': FileNotFoundError(2, …)"), "absent"),
        (OSError(errno.EIO, "Input/output error"), "failed"),
        (ValueError("Not a valid baudrate: 1"), "failed"),
    ],
)
def test_why_a_port_cannot_be_opened_is_told_apart(error: Exception, state: str) -> None:
    """Each state has its own remedy in parts.toml."""
    assert _why(error) == state


async def test_the_ingest_process_reads_its_ports_and_tells_the_hub(
    embedded: Broker, tmp_path: Path, cable: Cable, link: LinkClient
) -> None:
    """Through the same journal as everything; the port's state travels over the link."""
    said: list[Status] = [Status()]
    link.on_status(lambda status: said.append(status or Status()))
    await asyncio.to_thread(cable.plug)
    with ingesting(embedded, tmp_path, "--serial", str(cable.hub_end)) as ingest:
        await eventually(lambda: [each.state for each in said[-1].serial] == ["open"])
        await asyncio.to_thread(cable.send, b"temp:21.5\n")
        records = await asyncio.to_thread(ingest.wait_for, 1)
        assert (records[0].message.topic, records[0].message.payload) == ("serial/a", b"temp:21.5")
        await eventually(lambda: said[-1].serial[0].lines == 1)


def test_a_megabyte_without_an_end_and_noise_stop_nothing(tmp_path: Path, cable: Cable) -> None:
    """The next whole line is read."""
    cable.plug()
    with reading(tmp_path, cable.hub_end) as bench:
        bench.wait_for("a", "open")
        cable.send(b"x" * 1_000_000 + b"\n" + bytes(range(256)) * 16 + b"\n21.5\n")
        bench.wait_for_line("a", b"21.5")
        assert not any(line.startswith(b"xx") for line in bench.lines("a"))
        port = bench.port("a")
        assert port is not None
        assert port.lost >= 1


def test_a_flood_is_bounded_and_every_line_of_it_counted(tmp_path: Path, cable: Cable) -> None:
    """What passes and what is dropped make the whole."""
    cable.plug()
    sent = 30_000
    with reading(tmp_path, cable.hub_end) as bench:
        bench.wait_for("a", "open")
        cable.send(b"".join(b"%d\n" % number for number in range(sent)))

        def seen() -> bool:
            port = bench.port("a")
            return port is not None and port.lines + port.lost == sent

        until("all is counted", seen)
        lines = bench.lines("a")
        assert lines[:10_000] == [b"%d" % number for number in range(10_000)]
        assert len(lines) < sent


class Full:
    """A journal that takes nothing, until it does."""

    def __init__(self) -> None:
        """Refuse at first."""
        self.taken: list[Message] = []
        self.offered = 0
        self.full = True

    def append(self, messages: Sequence[Message], **_more: object) -> int:
        """Refuse, or take."""
        self.offered = len(messages)
        if self.full:
            msg = "no space left"
            raise JournalError(msg)
        self.taken += messages
        return len(self.taken)


def test_lines_wait_while_the_journal_takes_none(tmp_path: Path, cable: Cable) -> None:
    """And go in, in order, as soon as it does."""
    cable.plug()
    journal = Full()
    with reading(tmp_path, cable.hub_end, journal=journal) as bench:  # type: ignore[arg-type]
        bench.wait_for("a", "open")
        cable.send(b"1\n2\n3\n")
        until("they are offered", lambda: journal.offered)
        assert [each.lines for each in bench.edge.ports()] == [0], "what is not journalled is not counted as such"
        journal.full = False
        until("the lines are counted", lambda: [each.lines for each in bench.edge.ports()] == [3])
    assert [each.payload for each in journal.taken] == [b"1", b"2", b"3"]
