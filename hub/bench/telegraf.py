"""What a QoS 1 message costs on its way into InfluxDB, through the hub and through Telegraf, on the same servers.

Both in turn, on one Mosquitto with the shipped file and one InfluxDB: a burst is published as fast as the broker takes
it, and the clock runs until InfluxDB holds every value. CPU is that of all processes of the one under test.
"""

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

import psutil
from filelock import FileLock
from msgspec import Struct

from hub import broker, mosquitto
from hub.bench._influxd import influxd
from hub.bench._processes import cpu, end, family
from hub.bench.ingest import child, start_hub
from hub.errors import ConfigError, HubError
from hub.freeport import LOOPBACK as HOST
from hub.freeport import free_port
from hub.store.influx_client import Client, Place

GATES = {"ratio": ("<=", 1.3), "hub_missing": ("<=", 0.0)}
HOW = "telegraf is not on PATH: PATH=$PATH:$(dirname $(.ci/telegraf ~/.cache/matinales)) builds it and puts it there"
VALUES = 3
"""A telegram's."""
PATIENCE_S = 120.0
_BURST_RATE = 1e6
_QUIET = 0.03
"""Seconds of CPU in half a second of one who has settled."""
_TELEGRAF = """
[agent]
  interval = "1s"
  flush_interval = "1s"
  metric_batch_size = 5000
  metric_buffer_limit = 200000
  omit_hostname = true
  quiet = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://{host}:{port}"]
  topics = ["tele/#"]
  qos = 1
  client_id = "telegraf"
  max_undelivered_messages = 10000
  data_format = "json"
  name_override = "telemetry"
  fieldexclude = ["n"]
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
  content_encoding = "gzip"
"""
"""What a careful user would write: `max_undelivered_messages` above the batch, else it waits for each flush.

Its session ends with it: what is sent while the hub is measured must not wait for it.
"""


class Run(Struct, frozen=True):
    """One burst: seconds of CPU (of each part), seconds until all was stored, values too few or too many."""

    cpu: dict[str, float]
    seconds: float
    missing: int


def measure(*, messages: int = 40_000, devices: int = 200, rounds: int = 3) -> dict[str, float]:
    """Return the medians over the rounds.

    Args:
        messages: of 150 bytes with three values, a burst.
        devices: how many send them.
        rounds: how often each is measured, in turn.

    Raises:
        ConfigError: Mosquitto, influxd or telegraf is not installed; the message says how to get it.
        HubError: something does not start.
    """
    program = shutil.which("telegraf")
    if program is None:
        raise ConfigError(HOW)
    found: dict[str, list[Run]] = {"telegraf": [], "hub": []}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, ExitStack() as stack:
        folder = Path(name)
        place = stack.enter_context(influxd(folder))
        for number in range(rounds):
            for who, runs in found.items():
                with _mosquitto(folder / f"{who}-{number}") as port:  # a new one: no session holds another's burst
                    bucket = Place(url=place.url, token=place.token, org=place.org, bucket=f"{who}-{number}")
                    arena = _Arena(folder / bucket.bucket, port, bucket, messages, devices)
                    runs.append(arena.run(arena.hub if who == "hub" else partial(arena.telegraf, program)))
    return _figures(found, messages)


def _figures(found: dict[str, list[Run]], messages: int) -> dict[str, float]:
    cost = {name: [sum(run.cpu.values()) / messages * 1e6 for run in runs] for name, runs in found.items()}
    figures: dict[str, float] = {}
    for name, runs in found.items():
        figures[f"{name}_us_per_message"] = median(cost[name])
        figures[f"{name}_us_per_message_least"] = min(cost[name])
        figures[f"{name}_messages_per_s"] = messages / median(run.seconds for run in runs)
        figures[f"{name}_missing"] = max(run.missing for run in runs)
    for part in found["hub"][0].cpu:
        figures[f"hub_{part}_us_per_message"] = median(run.cpu[part] for run in found["hub"]) / messages * 1e6
    figures["ratio"] = median(mine / other for mine, other in zip(cost["hub"], cost["telegraf"], strict=True))
    return figures


@contextmanager
def _mosquitto(folder: Path) -> Iterator[int]:
    """Lend a Mosquitto with the shipped file, which keeps its data in a folder of its own; its port."""
    folder.mkdir()
    port, file = free_port(), folder / "broker.conf"
    broker.write_config(file, port=port)
    with FileLock(folder / "lock"):
        broker.start(file)
        try:
            yield port
        finally:
            broker.stop(folder)


class _Arena:
    """Where one round takes place: buckets of its own on the servers that all rounds share."""

    def __init__(self, folder: Path, port: int, place: Place, messages: int, devices: int) -> None:
        self._folder = folder
        self._port = port
        self._place = place
        self._messages = messages
        self._devices = devices

    def run(self, start: Callable[[], contextlib.AbstractContextManager[dict[str, list[psutil.Process]]]]) -> Run:
        """Measure one burst through whoever `start` starts."""
        with closing(Client(self._place)) as client:
            org = client.request("GET", "/api/v2/orgs", org=self._place.org)["orgs"][0]["id"]
            client.request("POST", "/api/v2/buckets", {"orgID": org, "name": self._place.bucket, "retentionRules": []})
            with start() as parts:
                _settled(parts)
                before = {name: cpu(each) for name, each in parts.items()}
                begin = time.monotonic()
                self._burst()
                stored = self._until_stored(client)
                seconds = time.monotonic() - begin
                _settled(parts)
                spent = {name: cpu(each) - before[name] for name, each in parts.items()}
        return Run(spent, seconds, abs(VALUES * self._messages - stored))

    @contextmanager
    def telegraf(self, program: str) -> Iterator[dict[str, list[psutil.Process]]]:
        """Lend Telegraf, once it is subscribed."""
        file = self._folder / "telegraf.conf"
        place = self._place
        file.write_text(
            _TELEGRAF.format(
                host=HOST, port=self._port, url=place.url, token=place.token, org=place.org, bucket=place.bucket
            )
        )
        with (self._folder / "telegraf.log").open("wb") as log:
            process = subprocess.Popen([program, "--config", str(file)], stdout=log, stderr=log)  # noqa: S603
        try:
            self._until_heard(process)
            yield {"telegraf": family(process.pid)}
        finally:
            end(process)

    @contextmanager
    def hub(self) -> Iterator[dict[str, list[psutil.Process]]]:
        """Lend ingest and hub, once they are subscribed."""
        folder = self._folder / "data"
        folder.mkdir(parents=True, exist_ok=True)
        place = self._place
        config = {
            "store": "influx",
            "influx_url": place.url,
            "influx_token": place.token,
            "influx_org": place.org,
            "influx_bucket": place.bucket,
        }
        url = f"mqtt://{HOST}:{self._port}"
        arguments = ("--data", str(folder), "--broker", url, "--window", str(mosquitto.WINDOW))
        with ExitStack() as stack:
            ingest = stack.enter_context(child("hub.ingest", *arguments))
            app, _health = start_hub(stack, folder, url, config)
            _subscribed(folder)
            yield {"ingest": family(ingest.pid), "hub": family(app.pid)}

    def _burst(self) -> None:
        command = [sys.executable, "-m", "hub.bench._publisher", "--port", str(self._port)]
        options = {"rate": _BURST_RATE, "messages": self._messages, "devices": self._devices, "seconds": PATIENCE_S}
        flat = [text for name, value in options.items() for text in (f"--{name}", f"{value:g}")]
        subprocess.run([*command, *flat], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)  # noqa: S603

    def _until_stored(self, client: Client) -> int:
        """Wait until InfluxDB has everything, or nothing more for a while; return how many values it has."""
        deadline, before = time.monotonic() + PATIENCE_S, -1
        quiet = time.monotonic()
        while True:
            count = _count(client)
            if count != before:
                before, quiet = count, time.monotonic()
            if count >= VALUES * self._messages or time.monotonic() > min(deadline, quiet + 10):
                return count
            time.sleep(0.2)

    def _until_heard(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until Telegraf's connection to the broker stands, and its subscription; nothing is written yet."""
        deadline = time.monotonic() + PATIENCE_S
        own = psutil.Process(process.pid)
        while not any(each.status == psutil.CONN_ESTABLISHED for each in own.net_connections()):
            if time.monotonic() > deadline or process.poll() is not None:
                msg = f"telegraf did not connect: {(self._folder / 'telegraf.log').read_text(errors='replace')[-500:]}"
                raise HubError(msg)
            time.sleep(0.05)
        time.sleep(1.0)  # until its SUBACK: what comes before is lost to the first round


def _settled(parts: dict[str, list[psutil.Process]]) -> None:
    """Wait until who was started has done what a start takes: half a second in which next to nothing is spent."""
    deadline, before = time.monotonic() + PATIENCE_S, -1.0
    while True:
        spent = sum(cpu(each) for each in parts.values())
        if spent - before < _QUIET or time.monotonic() > deadline:
            return
        before = spent
        time.sleep(0.5)


def _count(client: Client) -> int:
    flux = (
        "from(bucket: bucket) |> range(start: -1d, stop: 1d)"
        ' |> filter(fn: (r) => r._measurement == "telemetry") |> count() |> group() |> sum()'
    )
    rows = client.rows(flux, {"bucket": client.place.bucket})
    return int(rows[0]["_value"]) if rows else 0


def _subscribed(folder: Path) -> None:
    """Wait until the broker lets the ingest hear everything, which it notes in its folder."""
    deadline = time.monotonic() + PATIENCE_S
    while not (folder / "subscription.json").exists():
        if time.monotonic() > deadline:
            msg = f"waited {PATIENCE_S:.0f} s in vain until the ingest has subscribed"
            raise HubError(msg)
        time.sleep(0.05)
