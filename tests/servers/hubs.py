"""A real `matinales demo` in a process of its own, and a small client of its API."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import paho.mqtt.publish
import psutil

T = TypeVar("T")
PATIENCE = 30.0


@dataclass
class Demo:
    """A running demo.

    Attributes:
        data: its data folder.
        said: the `--json` line.
        process: the supervisor.
    """

    data: Path
    said: dict[str, Any]
    process: subprocess.Popen[str]
    errors: Path = field(default=Path())

    @property
    def page(self) -> str:
        """Address of the page, with a slash at its end."""
        return str(self.said["page"])

    @property
    def mqtt_port(self) -> int:
        """Port of the broker on loopback."""
        return int(urlsplit(self.said["mqtt"]).port or 0)

    def parts(self) -> dict[str, int]:
        """Return name → process id of the living parts."""
        processes: dict[str, int] = json.loads((self.data / "run.json").read_text())["processes"]
        return processes

    def pid(self, name: str) -> int:
        """Return the process id of a part."""
        return self.parts()[name]

    def get(self, path: str) -> Any:  # noqa: ANN401 — whatever the API answers
        """Return what the API answers."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 — whatever the API answers
        """Send a request with a JSON body; an error's body is returned too."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data else {}
        request = urllib.request.Request(self.page + path.lstrip("/"), data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def publish(self, topic: str, payload: str | bytes, **options: Any) -> None:  # noqa: ANN401 — paho's own
        """Say something at QoS 1, as a device would."""
        paho.mqtt.publish.single(topic, payload, qos=1, hostname="127.0.0.1", port=self.mqtt_port, **options)

    def device(self, uid: str) -> dict[str, Any] | None:
        """Return a device by its uid, or None."""
        return next((each for each in self.get("api/v1/devices")["devices"] if each["id"] == uid), None)

    def values(self, uid: str) -> dict[str, float]:
        """Return channel → value of a device; empty while nobody knows it."""
        device = self.device(uid)
        return {} if device is None else {each["name"]: each["value"] for each in device["channels"]}

    def stop(self) -> int:
        """End it in order and return its exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End supervisor, ingest, hub and simulators at once, as a crash would; the broker lives on."""
        for pid in [self.process.pid, *(self.pid(name) for name in ("ingest", "hub", "sim"))]:
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()
        self.process.wait(PATIENCE)


def until(found: Callable[[], T], patience: float = PATIENCE) -> T:
    """Ask again until the answer is true, and return it; the last answer is in the failure."""
    deadline = time.monotonic() + patience
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"after {patience:.0f} s still {answer!r}"
        time.sleep(0.05)


def start(data: Path, *options: str) -> Demo:
    """Start a demo on free ports and wait until all is up."""
    command = [sys.executable, "-m", "hub", "demo", "--json", "--no-browser", "--port", "0", "--mqtt-port", "0"]
    errors = data.parent / f"{data.name}.err"
    with errors.open("a") as file:
        process = subprocess.Popen(
            [*command, "--data", str(data), *options],
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            env=os.environ | {"HUB_TZ": "Europe/Paris"},
        )
    try:
        with process.stdout as said:  # type: ignore[union-attr]
            line = said.readline()
    except BaseException:  # a test that is out of time leaves nobody behind
        process.terminate()
        process.wait(PATIENCE)
        raise
    if not line:
        process.wait(PATIENCE)
    assert line, f"the demo did not start: {errors.read_text()}"
    return Demo(data, json.loads(line), process, errors)


@contextmanager
def demo(data: Path, *options: str) -> Iterator[Demo]:
    """Lend a running demo, and leave nothing behind."""
    running = start(data, *options)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()
