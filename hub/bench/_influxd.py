"""A real InfluxDB 2 of a bench's own, empty at first and gone at the end."""

import json
import secrets
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec.structs import replace

from hub.bench._processes import end
from hub.errors import ConfigError, HubError
from hub.freeport import LOOPBACK as HOST
from hub.freeport import free_port
from hub.store.influx_client import Client, Place

ORG = "matinales"
START_S = 100.0
HOW = "influxd is not on PATH: PATH=$PATH:$(dirname $(.ci/influxd ~/.cache/matinales)) builds it and puts it there"


def settings(place: Place) -> dict[str, str]:
    """Return what a hub is told (`hub.config`) so that it stores there."""
    told = {"url": place.url, "token": place.token, "org": place.org, "bucket": place.bucket}
    return {"store": "influx"} | {f"influx_{name}": value for name, value in told.items()}


class Influxd:
    """An InfluxDB in a process of its own, which may be killed and started again on its files and its port.

    Attributes:
        url: where it answers.
    """

    def __init__(self, program: str, folder: Path, **options: str) -> None:
        """Start it.

        Args:
            program: `influxd`.
            folder: of its files and its log.
            options: of its command line, with `_` for `-`.

        Raises:
            HubError: it does not start.
        """
        self.url = f"http://{HOST}:{free_port()}"
        self._log = folder / "influxd.log"
        places: dict[str, object] = {
            "http-bind-address": self.url.removeprefix("http://"),
            "bolt-path": folder / "influxd.bolt",
            "sqlite-path": folder / "influxd.sqlite",
            "engine-path": folder / "engine",
            **{name.replace("_", "-"): value for name, value in options.items()},
        }
        self._command = [program, "--reporting-disabled", *(f"--{name}={value}" for name, value in places.items())]
        self.start()

    def start(self) -> None:
        """Start it, after `kill` again, and wait until it answers.

        Raises:
            HubError: in vain; the message holds what it said.
        """
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)  # noqa: S603 — InfluxDB's own
        deadline = time.monotonic() + START_S
        while not answers(self.url):
            if time.monotonic() > deadline:
                self.kill()
                msg = f"influxd did not start: {self._log.read_text(errors='replace')[-500:]}"
                raise HubError(msg)
            time.sleep(0.05)

    def kill(self) -> None:
        """End it without warning."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """End it in order."""
        end(self._process)


@contextmanager
def influxd(folder: Path) -> Iterator[Place]:
    """Lend an InfluxDB whose files lie in `folder`, and a token that may do everything there.

    Raises:
        ConfigError: `influxd` is not on PATH; the message says how it gets there.
        HubError: it does not start.
    """
    program = shutil.which("influxd")
    if program is None:
        raise ConfigError(HOW)
    lent = Influxd(program, folder)
    try:
        yield Place(url=lent.url, token=set_up(lent.url), org=ORG, bucket="bench")
    finally:
        lent.end()


def answers(url: str) -> bool:
    """Tell whether an InfluxDB answers."""
    try:
        urllib.request.urlopen(f"{url}/health", timeout=1).close()  # noqa: S310 — our own address
    except OSError:
        return False
    return True


def set_up(url: str) -> str:
    """Make the first account of a new InfluxDB, of organization ORG, and return its token."""
    body = {"username": ORG, "password": secrets.token_urlsafe(12), "org": ORG, "bucket": "unused"}
    request = urllib.request.Request(f"{url}/api/v2/setup", json.dumps(body).encode(), method="POST")  # noqa: S310 — our own address
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 — likewise
        token: str = json.load(answer)["auth"]["token"]
        return token


def with_bucket(place: Place, name: str) -> Place:
    """Make a bucket, and return where it is."""
    with closing(Client(place)) as client:
        org = client.request("GET", "/api/v2/orgs", org=place.org)["orgs"][0]["id"]
        client.request("POST", "/api/v2/buckets", {"orgID": org, "name": name, "retentionRules": []})
    return replace(place, bucket=name)
