"""What a message costs beyond one machine, by stage and worker: three NATS servers, InfluxDB and workers, all here."""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from hub.bench._processes import end
from hub.cli.cluster import FILE, ORG, Made
from hub.errors import HubError
from hub.freeport import LOOPBACK, free_port
from hub.store.base import Range
from hub.store.influx import InfluxHistory
from hub.store.influx_client import Client, Place

START_S = 90.0
DRAIN_S = 120.0
STAGES = ("decode", "rules", "store", "send")
GATES = {"lines_per_message": ("<=", 1.1), "dead_letters": ("<=", 0.0)}
_OWNED = "store_partition_owned."
_PENDING = "store_partition_pending."
_MICRO = 1e6

Counters = Mapping[str, float]


def measure(
    *, workers: int = 2, rate: float = 500.0, seconds: float = 15.0, devices: int = 200, kill: bool = False
) -> dict[str, float]:
    """Return microseconds of processor time a message, by stage of a worker and by program.

    Args:
        workers: hubs that share the journal and InfluxDB.
        rate: messages a second.
        seconds: how long.
        devices: whose they are, in turn.
        kill: end one worker's hub by `kill -9` half way; it is started again by itself. `shared_again_s` tells how
            long it took until every partition was held by one of the workers again, by each about as many.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, running(Path(folder), workers) as plant:
        plant.until("every worker has its share", plant.is_shared, lambda: plant.publish(rate, 1.0, devices))
        plant.until("nothing is behind", plant.is_drained)
        before, spent, held = plant.counters(), plant.spent(), plant.values()
        moved: dict[str, float] = {}
        if kill:
            said = plant.publish(rate, seconds / 2, devices)
            with ThreadPoolExecutor(1) as devices_speak:
                more = devices_speak.submit(plant.publish, rate, seconds / 2, devices)
                moved["shared_again_s"] = plant.killed()
                said += more.result()
        else:
            said = plant.publish(rate, seconds, devices)
        began = time.monotonic()
        plant.until("nothing is behind", plant.is_drained)
        drained = time.monotonic() - began
        found = cost(before, plant.counters(), spent, plant.spent())
        values = (plant.values() - held) / said
        return found | moved | {"said": said, "values_per_message": values, "drained_s": drained, "workers": workers}


class Plant(Struct, frozen=True):
    """What runs.

    Attributes:
        process: the command.
        folder: of all data.
        pages: ports of the workers' pages.
        mqtt: of the broker.
    """

    process: psutil.Process
    folder: Path
    pages: list[int]
    mqtt: int

    def values(self) -> float:
        """Return how many values of real devices InfluxDB has."""
        made = msgspec.json.decode((self.folder / FILE).read_bytes(), type=Made)
        there = Place(url=f"http://{LOOPBACK}:{made.influx}", org=ORG, bucket=ORG, token=made.token)
        with closing(Client(there)) as client:
            rows = InfluxHistory(client).aggregate(Range(limit=100_000), "count", None)
        return sum(row.value for row in rows)

    def counters(self) -> list[Counters]:
        """Return what each worker counts.

        Raises:
            HubError: one does not answer.
        """
        found = [counters(port) for port in self.pages]
        if not all(found):
            msg = "a worker does not answer"
            raise HubError(msg)
        return [each for each in found if each is not None]

    def spent(self) -> dict[str, float]:
        """Return the processor time of each kind of program [s]."""
        found = dict.fromkeys(("worker", "ingest", "nats", "influxdb"), 0.0)
        for each, line in self._programs():
            kind = _kind(line)
            if kind is not None:
                times = each.cpu_times()
                found[kind] += times.user + times.system
        return found

    def hubs(self) -> list[psutil.Process]:
        """Return each worker's own process."""
        return [each for each, line in self._programs() if _kind(line) == "worker"]

    def killed(self) -> float:
        """End the hub that was started last, and return after how long [s] all partitions were shared again.

        Raises:
            HubError: they never were.
        """
        max(self.hubs(), key=psutil.Process.create_time).kill()
        began = time.monotonic()
        self.until("every worker has its share again", self.is_shared)
        return time.monotonic() - began

    def _programs(self) -> Iterator[tuple[psutil.Process, str]]:
        for each in self.process.children(recursive=True):
            try:
                yield each, " ".join(each.cmdline())
            except psutil.Error:
                continue

    def publish(self, rate: float, seconds: float, devices: int) -> float:
        """Let devices speak; return how often they did: beside it the hub's own questions are journalled."""
        options = {"port": self.mqtt, "rate": rate, "seconds": seconds, "devices": devices}
        words = [word for name, value in options.items() for word in (f"--{name}", f"{value}")]
        command = [sys.executable, "-m", "hub.bench._publisher", *words]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout  # noqa: S603 — our own
        return float(json.loads(said)["confirmed"])

    def is_shared(self) -> bool:
        """Tell whether all partitions are held, by each worker about as many."""
        found = [counters(port) or {} for port in self.pages]
        held = [sum(value for name, value in each.items() if name.startswith(_OWNED)) for each in found]
        total = sum(name.startswith(_OWNED) for name in found[0])
        return total > 0 and sum(held) == total and max(held) - min(held) <= 1

    def is_drained(self) -> bool:
        """Tell whether every worker has read all, and InfluxDB has it."""
        found = [counters(port) for port in self.pages]
        return all(
            each is not None
            and each["journal_behind"] == 0 < each["journal_end"]
            and each["influx_lines_waiting"] == 0
            and not any(value for name, value in each.items() if name.startswith(_PENDING))
            for each in found
        )

    def until(self, what: str, done: Callable[[], bool], meanwhile: Callable[[], object] = lambda: None) -> None:
        """Wait until `done()`.

        Raises:
            HubError: in vain.
        """
        deadline = time.monotonic() + DRAIN_S
        while not done():
            if time.monotonic() > deadline:
                msg = f"waited {DRAIN_S:.0f} s in vain until {what}"
                raise HubError(msg)
            meanwhile()
            time.sleep(0.2)


@contextmanager
def running(folder: Path, workers: int) -> Iterator[Plant]:
    """Lend `matinales cluster` with so many workers.

    Raises:
        HubError: it does not start.
    """
    page, mqtt = free_port(), free_port()
    options = {"workers": workers, "port": page, "mqtt-port": mqtt, "data": folder}
    words = [word for name, value in options.items() for word in (f"--{name}", f"{value}")]
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen([sys.executable, "-m", "hub", "cluster", *words], stdout=said, stderr=said)  # noqa: S603 — our own
        try:
            plant = Plant(psutil.Process(process.pid), folder, [page + at for at in range(workers)], mqtt)
            _until_up(plant, process, folder / "said.txt")
            yield plant
        finally:
            end(process)


def _until_up(plant: Plant, process: "subprocess.Popen[bytes]", said: Path) -> None:
    deadline = time.monotonic() + START_S
    while not all("store_workers" in (counters(port) or {}) for port in plant.pages):
        if process.poll() is not None or time.monotonic() > deadline:
            msg = f"`matinales cluster` did not start with InfluxDB: {said.read_text(errors='replace')[-500:]}"
            raise HubError(msg)
        time.sleep(0.2)


def counters(port: int) -> Counters | None:
    """Return what the worker at a port counts; None: it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/health", timeout=5) as answer:
            found: Counters = json.load(answer)["counters"]
            return found
    except OSError:
        return None


def _kind(line: str) -> str | None:
    """Return what kind of program a command line is of."""
    words = {"hub.serving": "worker", "hub.ingest": "ingest", "nats-server": "nats", "influxd": "influxdb"}
    return next((kind for word, kind in words.items() if word in line), None)


def cost(
    before: Sequence[Counters], after: Sequence[Counters], was: Mapping[str, float], now: Mapping[str, float]
) -> dict[str, float]:
    """Return what a message cost; a worker that was started again counts from its start."""

    def grown(name: str) -> list[float]:
        pairs = [(one.get(name, 0.0), two.get(name, 0.0)) for one, two in zip(before, after, strict=True)]
        return [two - one if two >= one else two for one, two in pairs]

    messages = max(after[0]["journal_end"] - before[0]["journal_end"], 1.0)
    many, lines = len(after), grown("influx_lines_written_total")
    each = {f"{stage}_us": _MICRO * sum(grown(f"{stage}_seconds_total")) / messages / many for stage in STAGES}
    programs = {f"all_{kind}_us": _MICRO * (now[kind] - was[kind]) / messages for kind in now}
    return {
        "messages": messages,
        **each,
        **programs,
        "lines_per_message": sum(lines) / messages,
        "most_lines_of_a_worker": max(lines) / max(sum(lines), 1.0),
        "redelivered": sum(grown("store_parts_redelivered_total")),
        "dead_letters": after[0]["store_dead_letters"],
    }
