"""The simulated serial port, read by the hub's own serial edge."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from device_sims import plugs, runner, scenario
from device_sims.devices import Packet
from device_sims.process import options
from device_sims.scenario import Channel, Device, Text
from device_sims.serial_port import SerialPort
from hub.ingest.ports import wanted
from hub.journal.base import Journal
from hub.model import Message
from hub.registry import Contexts, Registry, load_drivers
from servers.brokers import Broker

if sys.platform != "win32":
    from hub.ingest.serial import SerialEdge, placed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a Unix thing")
LINE = Packet("serial/sim-shake", b'{"ax":0.1,"ay":-0.2,"az":1.0}')


class Pages(Journal):
    """A journal that keeps what it is given."""

    def __init__(self) -> None:
        """Start empty."""
        self.messages: list[Message] = []

    @property
    def end(self) -> int:
        """Return how many there are."""
        return len(self.messages)

    def append(self, messages: Sequence[Message], *, epoch: int = 0, late: bool = False) -> int:
        """Keep messages."""
        del epoch, late
        self.messages += messages
        return len(self.messages)

    def resumed(self, epoch: int, *, restarted: bool = False) -> None:
        """Serial lines belong to no session."""

    def erase(self, positions: Sequence[int]) -> int:
        """Erase nothing."""
        del positions
        return 0

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def edge(folder: Path, pages: Pages) -> Iterator[SerialEdge]:
    """Read whatever lies in a data folder's `serial/`, as the ingest does."""
    chosen = wanted("auto")
    assert chosen is not None
    stop = threading.Event()
    one = SerialEdge(chosen, pages, wake=lambda: None, look=lambda: placed(folder / "serial"))

    def turn() -> None:
        while not stop.wait(0.01):
            one.turn()

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        yield one
    finally:
        stop.set()
        thread.join()
        one.close()


async def told(port: SerialPort, pages: Pages, count: int) -> None:
    """Print lines until the hub has read so many."""
    async with asyncio.timeout(30):
        while len(pages.messages) < count:
            port.send(LINE)
            await asyncio.sleep(0.02)


async def test_the_hub_reads_a_simulated_board_like_one_that_is_plugged_in(tmp_path: Path) -> None:
    """Without being told of it; under the announced name; also after it was unplugged and plugged in again."""
    pages, port = Pages(), SerialPort(tmp_path / "serial" / "sim-shake")
    port.start()
    with edge(tmp_path, pages) as hub:
        await told(port, pages, 3)
        port.drop()
        assert not port.up.is_set()
        assert not port.send(LINE)
        async with asyncio.timeout(30):
            while hub.ports()[0].state == "open":  # noqa: ASYNC110 — another thread's state
                await asyncio.sleep(0.02)
        port.resume()
        await told(port, pages, len(pages.messages) + 3)
        await port.close()
    assert {(each.topic, each.payload) for each in pages.messages} == {(LINE.topic, LINE.payload)}
    decoded = Registry(load_drivers()).decode(pages.messages[0], Contexts()).decoded
    assert decoded is not None
    assert decoded.device == "serial:sim-shake"
    assert {sample.channel: sample.value for sample in decoded.samples} == {"ax": 0.1, "ay": -0.2, "az": 1.0}


async def test_what_nobody_reads_is_lost_by_whole_lines(tmp_path: Path) -> None:
    """A full terminal takes no more; a reader that comes later gets no half of a line from the middle."""
    pages, port = Pages(), SerialPort(tmp_path / "serial" / "sim-shake")
    port.start()
    async with asyncio.timeout(30):
        while port.send(LINE):  # noqa: ASYNC110 — filling it is the point
            await asyncio.sleep(0)
    with edge(tmp_path, pages):
        await told(port, pages, 5)
        await port.close()
    assert {each.payload for each in pages.messages[1:]} == {
        LINE.payload
    }  # the first may be what the reader threw away


async def test_a_port_that_a_crash_left_behind_is_taken_over(tmp_path: Path) -> None:
    """A link to a terminal that is no more: not listed, and replaced."""
    path = tmp_path / "serial" / "sim-shake"
    path.parent.mkdir()
    path.symlink_to(tmp_path / "gone")
    assert placed(path.parent) == []
    port = SerialPort(path)
    port.start()
    assert [each.product for each in placed(path.parent)] == ["sim-shake"]
    await port.close()
    assert placed(path.parent) == []


async def test_where_no_port_can_be_placed_the_run_goes_on(tmp_path: Path) -> None:
    """Its lines are lost."""
    (tmp_path / "serial").write_text("no folder")
    ups: list[bool] = []
    port = SerialPort(tmp_path / "serial" / "sim-shake", on_up=lambda: ups.append(True))
    port.start()
    assert port.up.is_set()
    assert ups == [True]
    assert not port.send(LINE)
    await port.close()


async def test_a_run_prints_the_lines_of_its_board_on_its_own_port(
    embedded: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cold room with a board: no connection to the broker for it; its port lies where the runner says."""
    board = Device(
        title=Text("Carte", "Board"),
        kind="serial_json",
        id="sim-board",
        period_s=1,
        channels={"air": Channel(field="t", resolution=0.1)},
    )
    loaded = scenario.load("cold_room")
    short = msgspec.structs.replace(
        loaded.scenario, devices={"board": board}, faults={}, history_h=0, events=(), expect=()
    )
    monkeypatch.setattr(scenario, "load", lambda _: loaded._replace(scenario=short, effects={}))
    monkeypatch.setattr(plugs, "user_runtime_path", lambda _: tmp_path)
    pages, stop = Pages(), asyncio.Event()
    run = asyncio.create_task(
        runner.play(options("cold_room", broker=embedded.url, data=None, speed=10.0, seed=7), stop)
    )
    with edge(tmp_path, pages):
        async with asyncio.timeout(30):
            while len(pages.messages) < 3:  # noqa: ASYNC110 — another thread reads
                await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(run, 30)
    assert {each.topic for each in pages.messages} == {"serial/sim-board"}
    assert all(json.loads(each.payload).keys() == {"t"} for each in pages.messages)
    assert not list((tmp_path / "serial").iterdir())
