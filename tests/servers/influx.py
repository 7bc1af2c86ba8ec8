"""A real InfluxDB 2 for tests, one for each test process, and an empty bucket for each test.

It comes, in this order, from MATINALES_INFLUX_URL (with MATINALES_INFLUX_TOKEN and MATINALES_INFLUX_ORG), from an
`influxd` on PATH, or from a Docker engine through testcontainers; else the test skips and says how to get one.
"""

import atexit
import gc
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec import Struct

from hub.bench._influxd import ORG, Influxd, answers, set_up
from hub.store import influx_thinning
from hub.store.influx_client import Client, Place
from servers.ports import until

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

IMAGE = "influxdb:2.7.12"
"""As in docker-compose.yml (a test compares them)."""
PORT = 8086
HOW = (
    "needs InfluxDB 2: PATH=$PATH:$(dirname $(.ci/influxd ~/.cache/matinales)) builds it,"
    " or set MATINALES_INFLUX_URL, MATINALES_INFLUX_TOKEN and MATINALES_INFLUX_ORG,"
    " or start a Docker engine"
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
    return contained()


def _started(program: str) -> Server:
    folder, lent = _lent(program)
    atexit.register(_taken_back, folder, lent)
    return _set_up(lent.url)


def _lent(program: str) -> tuple[Path, Influxd]:
    folder = Path(tempfile.mkdtemp(prefix="influxd-"))
    return folder, Influxd(program, folder, storage_cache_snapshot_write_cold_duration="1h")  # a test lives for seconds


def _taken_back(folder: Path, lent: Influxd) -> None:
    lent.kill()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def to_kill() -> Iterator[tuple[Influxd, Place]]:
    """Lend an InfluxDB that a test may kill, and where to write in it; skips where there is no `influxd` on PATH."""
    program = shutil.which("influxd")
    if program is None:
        pytest.skip("needs an influxd to kill: PATH=$PATH:$(dirname $(.ci/influxd ~/.cache/matinales)) builds it")
    folder, lent = _lent(program)
    try:
        yield lent, _set_up(lent.url).place()
    finally:
        _taken_back(folder, lent)


@cache
def contained() -> Server:
    """Return an InfluxDB of the tag that docker-compose.yml names, in a container of this process.

    Raises:
        Skipped: no Docker engine answers, or it has no such image.
    """
    container = _container()
    if isinstance(container, str):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # docker-py leaves its socket open
            gc.collect()
        pytest.skip(f"{HOW} ({container})")
    atexit.register(container.stop)
    url = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(PORT)}"
    until("InfluxDB answers", lambda: answers(url), timeout_s=50)
    return _set_up(url)


def _container() -> "DockerContainer | str":
    """Return a started container, or why there is none."""
    from testcontainers.core.config import testcontainers_config  # noqa: PLC0415 — half a second of imports
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415

    testcontainers_config.ryuk_disabled = True  # its reaper is one more image to pull; ours ends with the process
    try:
        container = DockerContainer(IMAGE).with_exposed_ports(PORT).with_env("INFLUXD_REPORTING_DISABLED", "true")
        return container.start()
    except Exception as error:  # noqa: BLE001 — no engine answers, in one of many ways
        return str(error)


def _set_up(url: str) -> Server:
    return Server(url, set_up(url), ORG)


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
    for each in client.request("GET", "/api/v2/tasks", name=influx_thinning.task_name(place))["tasks"]:
        client.request("DELETE", f"/api/v2/tasks/{each['id']}")
