"""A real InfluxDB 2 of a bench's own, empty at first and gone at the end."""

import json
import secrets
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.bench._processes import end
from hub.errors import ConfigError, HubError
from hub.freeport import LOOPBACK as HOST
from hub.freeport import free_port
from hub.store.influx_client import Place

ORG = "matinales"
START_S = 50.0
HOW = "influxd is not on PATH: PATH=$PATH:$(dirname $(.ci/influxd ~/.cache/matinales)) builds it and puts it there"


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
    url = f"http://{HOST}:{free_port()}"
    places = {
        "http-bind-address": url.removeprefix("http://"),
        "bolt-path": folder / "influxd.bolt",
        "sqlite-path": folder / "influxd.sqlite",
        "engine-path": folder / "engine",
    }
    options = (f"--{name}={value}" for name, value in places.items())
    with (folder / "influxd.log").open("wb") as log:
        process = subprocess.Popen([program, "--reporting-disabled", *options], stdout=log, stderr=log)  # noqa: S603
    try:
        _wait(url, folder / "influxd.log")
        yield Place(url=url, token=_set_up(url), org=ORG, bucket="bench")
    finally:
        end(process)


def _wait(url: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=1).close()  # noqa: S310 — our own address
        except OSError as error:
            if time.monotonic() > deadline:
                msg = f"influxd did not start: {log.read_text(errors='replace')[-500:]}"
                raise HubError(msg) from error
            time.sleep(0.05)
        else:
            return


def _set_up(url: str) -> str:
    body = {"username": ORG, "password": secrets.token_urlsafe(12), "org": ORG, "bucket": "unused"}
    request = urllib.request.Request(f"{url}/api/v2/setup", json.dumps(body).encode(), method="POST")  # noqa: S310 — our own address
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 — likewise
        token: str = json.load(answer)["auth"]["token"]
        return token
