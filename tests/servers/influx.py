"""A real InfluxDB 2 for tests, one for each test process, and an empty bucket for each test.

It comes, in this order, from MATINALES_INFLUX_URL (with MATINALES_INFLUX_TOKEN and MATINALES_INFLUX_ORG), from an
`influxd` on PATH, or from a Docker engine through testcontainers; else the test skips and says how to get one.
"""

import atexit
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import pytest
from msgspec import Struct

from hub.store import influx_setup
from hub.store.influx_client import Client, Place
from servers.ports import HOST, free_port, until

IMAGE = "influxdb:2.7.12"
ORG, USER, PASSWORD = "matinales", "matinales", "only-for-tests"
HOW = (
    "needs InfluxDB 2: PATH=$PATH:$(dirname $(.ci/influxd ~/.cache/matinales)) builds it,"
    " or set MATINALES_INFLUX_URL, MATINALES_INFLUX_TOKEN and MATINALES_INFLUX_ORG,"
    " or start a Docker engine and pip install testcontainers"
)


class Server(Struct, frozen=True):
    """A living InfluxDB, set up, with a token that may do everything."""

    url: str
    token: str
    org: str

    def place(self) -> Place:
        """Return where a test may write: buckets of its own, not made yet."""
        return Place(url=self.url, token=self.token, org=self.org, bucket=f"test_{secrets.token_hex(4)}")


@cache
def server() -> Server:
    """Return this process's InfluxDB, started at first use.

    Raises:
        Skipped: there is none; the message says how to get one.
    """
    if url := os.environ.get("MATINALES_INFLUX_URL"):
        return Server(url, os.environ["MATINALES_INFLUX_TOKEN"], os.environ["MATINALES_INFLUX_ORG"])
    if program := shutil.which("influxd"):
        return _started(program)
    return _contained()


class Influxd:
    """An InfluxDB in a process of its own, which may be killed and started again on its files and its port."""

    def __init__(self, program: str) -> None:
        """Start it."""
        self._folder = Path(tempfile.mkdtemp(prefix="influxd-"))
        port = free_port()
        options = {
            "http-bind-address": f"{HOST}:{port}",
            "bolt-path": self._folder / "influxd.bolt",
            "sqlite-path": self._folder / "influxd.sqlite",
            "engine-path": self._folder / "engine",
            "storage-cache-snapshot-write-cold-duration": "1h",  # a test lives for seconds
        }
        self._command = [program, "--reporting-disabled", *(f"--{name}={value}" for name, value in options.items())]
        self.url = f"http://{HOST}:{port}"
        self.start()

    def start(self) -> None:
        """Start it, after `kill` again, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until("influxd answers", lambda: _answers(self.url), timeout_s=100)

    def kill(self) -> None:
        """End it without warning."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Kill it and remove its files."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def _started(program: str) -> Server:
    lent = Influxd(program)
    atexit.register(lent.end)
    return _set_up(lent.url)


@contextmanager
def to_kill() -> Iterator[tuple[Influxd, Place]]:
    """Lend an InfluxDB that a test may kill, and where to write in it; skips where there is no `influxd` on PATH."""
    program = shutil.which("influxd")
    if program is None:
        pytest.skip("needs an influxd to kill: PATH=$PATH:$(dirname $(.ci/influxd ~/.cache/matinales)) builds it")
    lent = Influxd(program)
    try:
        yield lent, _set_up(lent.url).place()
    finally:
        lent.end()


def _contained() -> Server:
    containers = pytest.importorskip("testcontainers.core.container", reason=HOW)
    try:
        container = containers.DockerContainer(IMAGE).with_exposed_ports(8086)
        container.start()
    except Exception as error:  # noqa: BLE001 — no engine answers, in one of many ways
        pytest.skip(f"{HOW} ({error})")
    atexit.register(container.stop)
    url = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(8086)}"
    until("InfluxDB answers", lambda: _answers(url), timeout_s=50)
    return _set_up(url)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/health", timeout=1).close()
    except OSError:
        return False
    return True


def _set_up(url: str) -> Server:
    body = {"username": USER, "password": PASSWORD, "org": ORG, "bucket": "unused"}
    request = urllib.request.Request(f"{url}/api/v2/setup", json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return Server(url, json.load(answer)["auth"]["token"], ORG)


def token(of: Server, *permissions: Mapping[str, object]) -> str:
    """Return a token that may do no more than this."""
    with closing(Client(of.place())) as client:
        org = client.request("GET", "/api/v2/orgs", org=of.org)["orgs"][0]["id"]
        body = {"orgID": org, "permissions": list(permissions)}
        made: str = client.request("POST", "/api/v2/authorizations", body)["token"]
        return made


@contextmanager
def buckets(of: Server) -> Iterator[Place]:
    """Lend the hub's buckets, empty, that keep points of any age; they go at the end."""
    place = of.place()
    with closing(Client(place)) as client:
        org = client.request("GET", "/api/v2/orgs", org=of.org)["orgs"][0]["id"]
        for name in (place.bucket, place.simulated):
            client.request("POST", "/api/v2/buckets", {"orgID": org, "name": name, "retentionRules": []})
        try:
            yield place
        finally:
            remove(client)


def remove(client: Client) -> None:
    """Delete the hub's buckets and task."""
    place = client.place
    names = {place.bucket, place.simulated, place.coarse}
    for each in client.request("GET", "/api/v2/buckets", limit="100")["buckets"]:
        if each["name"] in names:
            client.request("DELETE", f"/api/v2/buckets/{each['id']}")
    for each in client.request("GET", "/api/v2/tasks", name=influx_setup.task_name(place))["tasks"]:
        client.request("DELETE", f"/api/v2/tasks/{each['id']}")
