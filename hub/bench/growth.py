"""Whether a message costs the same with ten devices or ten thousand, an empty store or millions of points.

Two series, each point in a data folder of its own: `--devices-most 10000` grows what speaks, `--points-most 100000000`
what is stored (about 45 bytes a point on the disk). `--charts FOLDER` draws both.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from hub.bench._arena import VALUES, burst, settled
from hub.bench._chart import chart
from hub.bench._processes import cpu
from hub.bench._running import running
from hub.bench.history import fill
from hub.store.file import StoreFile
from hub.store.rollup_tables import HOUR

GATES = {"devices_growth": ("<=", 2.0), "points_growth": ("<=", 1.3), "restart_s": ("<=", 2.0)}
"""The largest of a series, as a multiple of its smallest; `restart_s` is with the most points.

More devices cost more a message while each commit holds as many: a thousand messages of ten devices leave 30 newest
values to be noted, those of a thousand devices 3,000."""
NOTES = (
    (
        "..._devices_touched_us: a bare loop that finds and changes four small objects of each of so many devices in"
        " turn, in this run: what the machine's caches ask for more devices, whatever the program."
    ),
)
MET = 4
"""Messages of each device before anything is counted: by then it is known, and what its telegrams look like."""
TRIES = 5
"""Passes of the bare loop, of which the quickest counts."""
USUAL = 200
"""Devices that speak while the store grows."""


class _State(Struct):
    """A little of what is known of a device."""

    time: int = 0
    value: float = 0.0


class Cost(Struct, frozen=True):
    """What a message cost [µs of CPU], and how long the hub took to be there before [s]."""

    hub: float
    ingest: float
    start: float


def measure(
    *, messages: int = 20_000, devices_most: int = 10_000, points_most: int = 10_000_000, charts: str = ""
) -> dict[str, float]:
    """Return what a message costs at each size [µs of CPU of hub and ingest], and by how much that grows.

    Args:
        messages: of three values, after each device has spoken a few times.
        devices_most: 10, 100 … up to so many.
        points_most: 10⁴, 10⁵ … up to so many points in the store.
        charts: folder for `growth-devices.svg` and `growth-points.svg`; none unless told.
    """
    by_devices = {each: _cost(messages, devices=each) for each in _powers(10, devices_most)}
    by_points = {each: _cost(messages, points=each) for each in _powers(10_000, points_most)}
    if charts:
        _draw(Path(charts), "devices", by_devices)
        _draw(Path(charts), "points", by_points)
    figures = {"devices_growth": growth(by_devices.values()), "points_growth": growth(by_points.values())}
    figures["restart_s"] = list(by_points.values())[-1].start
    for name, found in (("devices", by_devices), ("points", by_points)):
        figures |= {f"{each}_{name}_us": cost.hub + cost.ingest for each, cost in found.items()}
    figures |= {f"{each}_devices_touched_us": touched(each) for each in by_devices}
    return figures | {f"{each}_points_restart_s": cost.start for each, cost in by_points.items()}


def touched(devices: int, *, messages: int = 20_000, kinds: int = 4) -> float:
    """Return what finding and changing an object of each kind takes in Python [µs a message], devices in turn.

    The hub asks as often for each message: what its topic is, who the device is, how its clock goes, what it told of
    itself. It does the same work for ten as for ten thousand (calls counted: 0.3 % more), but those lie in no cache.
    """
    names = [f"tele/bench-{each:05d}/SENSOR" for each in range(devices)]
    known = [{name: _State() for name in names} for _ in range(kinds)]
    least = float("inf")
    for _ in range(TRIES):
        began = time.thread_time()
        for number in range(messages):
            topic = f"tele/bench-{number % devices:05d}/SENSOR"  # a new text, as each message's is
            for each in known:
                state = each[topic]
                state.time = number
                state.value += 1.0
        least = min(least, time.thread_time() - began)
    return least / messages * 1e6


def growth(costs: Iterable[Cost]) -> float:
    """Return how much dearer a message is at the last size than at the first."""
    sums = [each.hub + each.ingest for each in costs]
    return sums[-1] / sums[0]


def _powers(first: int, most: int) -> Iterator[int]:
    while first <= most:
        yield first
        first *= 10


def _cost(messages: int, *, devices: int = USUAL, points: int = 0) -> Cost:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        if points:
            _store(Path(name) / "store.db", points)
        with running(Path(name)) as hub:
            burst(hub.port, messages=MET * devices, devices=devices)
            hub.until_stored(MET * devices * VALUES)
            settled(hub.parts)
            before, stored = {each: cpu(processes) for each, processes in hub.parts.items()}, hub.stored()
            burst(hub.port, messages=messages, devices=devices)
            hub.until_stored(stored + messages * VALUES)
            spent = {each: (cpu(found) - before[each]) / messages * 1e6 for each, found in hub.parts.items()}
            return Cost(hub=spent["hub"], ingest=spent["ingest"], start=hub.start)


def _store(path: Path, points: int) -> None:
    """Make a store of `points` readings of `USUAL` channels, one each 10 s, the last of this hour."""
    each = points // USUAL
    with closing(StoreFile(path)) as file:
        fill(file, USUAL, each, time.time_ns() // HOUR, rows=each)
        file.checkpoint()


def _draw(folder: Path, what: str, costs: Mapping[int, Cost]) -> None:
    lines = {
        "hub and ingest": [(float(each), cost.hub + cost.ingest) for each, cost in costs.items()],
        "hub": [(float(each), cost.hub) for each, cost in costs.items()],
    }
    folder.mkdir(parents=True, exist_ok=True)
    across = {"devices": "devices that speak", "points": "points in the store"}[what]
    drawn = chart("CPU of a message with three values", "µs", across, lines)
    (folder / f"growth-{what}.svg").write_text(drawn, encoding="utf-8")
