"""An InfluxDB of a bench's own: an `influxd` on PATH, in a folder that goes with it."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.bench._plant import HOST, free_port
from hub.errors import HubError
from hub.store.influx_client import Place

START_S = 60.0
NAME = "bench"


@contextmanager
def influxdb(folder: Path) -> Iterator[Place | None]:
    """Lend one, set up, with an empty bucket; None where no `influxd` is on PATH.

    Raises:
        HubError: it does not start.
    """
    program = shutil.which("influxd")
    if program is None:
        yield None
        return
    url = f"http://{HOST}:{free_port()}"
    command = [program, "--reporting-disabled", "--http-bind-address", url.removeprefix("http://")]
    paths = {"bolt-path": folder / "bolt", "sqlite-path": folder / "sqlite", "engine-path": folder / "engine"}
    command += [f"--{name}={path}" for name, path in paths.items()]
    with (folder / "influxd.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 — found on PATH
    try:
        yield _set_up(url)
    finally:
        process.kill()
        process.wait()


def _set_up(url: str) -> Place:
    body = {"username": NAME, "password": f"{NAME}-only", "org": NAME, "bucket": NAME}
    request = urllib.request.Request(f"{url}/api/v2/setup", json.dumps(body).encode(), method="POST")  # noqa: S310 — our own address
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 — likewise
                return Place(url=url, org=NAME, bucket=NAME, token=json.load(answer)["auth"]["token"])
        except OSError as error:
            if time.monotonic() > deadline:
                msg = f"influxd does not answer at {url} ({error}); try `influxd` by itself to see why"
                raise HubError(msg) from error
            time.sleep(0.1)
