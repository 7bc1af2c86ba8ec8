"""`docker compose up`: Mosquitto, InfluxDB and the hub in 1 GB, with no secret that anybody else has.

What needs a Docker engine runs by `pytest -m docker`, which `.ci/run` calls where one can start.
"""

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from servers.ports import free_port, until

ROOT = Path(__file__).parent.parent
GIBIBYTE = 2**30
SERVICES = {"secrets", "mosquitto", "influxdb", "hub", "simulators"}
NEEDED = "needs `docker compose` and a Docker engine (.ci/docker provides both on Debian)"


def compose(*arguments: str, environ: Mapping[str, str] | None = None, timeout_s: float = 60) -> str:
    """Return what `docker compose` prints.

    Raises:
        AssertionError: it failed; with its words.
    """
    command = ["docker", "compose", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(environ or {})}, timeout=timeout_s, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def works(*command: str) -> bool:
    """Tell whether a command is there and succeeds."""
    try:
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except OSError:
        return False


def inspect(template: str, container: str) -> str:
    """Return what Docker knows of a container."""
    command = ["docker", "inspect", "-f", template, container]
    return subprocess.run(command, timeout=30, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    """Return the whole file as Docker understands it, simulators included."""
    if not works("docker", "compose", "version"):
        pytest.skip(NEEDED)
    found: dict[str, Any] = json.loads(compose("--profile", "simulators", "config", "--format", "json"))
    return found


@pytest.mark.docker
def test_the_file_is_valid_and_has_all_parts(config: dict[str, Any]) -> None:
    """Simulators by profile only."""
    assert set(config["services"]) == SERVICES
    assert [name for name, each in config["services"].items() if each.get("profiles")] == ["simulators"]


@pytest.mark.docker
def test_the_cluster_comes_by_profile_only(config: dict[str, Any]) -> None:
    """Three servers with files of their own, and a second worker with the first one's settings."""
    found = json.loads(compose("--profile", "cluster", "config", "--format", "json"))["services"]
    assert set(found) - set(config["services"]) == {"nats-1", "nats-2", "nats-3", "hub-2"}
    mounts = [mount for name in ("nats-1", "nats-2", "nats-3") for mount in found[name]["volumes"]]
    assert len({mount["source"] for mount in mounts if mount["target"] == "/data"}) == 3
    assert {Path(mount["source"]) for mount in mounts if mount["type"] == "bind"} == {ROOT / "hub/deploy/nats.conf"}
    assert found["hub-2"]["environment"] == found["hub"]["environment"]


@pytest.mark.docker
def test_all_of_it_together_gets_one_gigabyte(config: dict[str, Any]) -> None:
    """Simulators and the maker of secrets included; each has a limit of memory, processor and processes."""
    limits = [each["deploy"]["resources"]["limits"] for each in config["services"].values()]
    assert sum(int(each["memory"]) for each in limits) <= GIBIBYTE
    assert all(each["cpus"] and each["pids"] for each in limits)


@pytest.mark.docker
def test_tags_are_pinned(config: dict[str, Any]) -> None:
    """Three numbers each, in the images' names and in the Dockerfile."""
    images = {each["image"] for each in config["services"].values()} - {"matinales-hub:local"}
    images |= set(re.findall(r"^FROM (\S+)", (ROOT / "hub" / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    assert [image for image in images if not re.search(r":\d+\.\d+\.\d+", image)] == []


@pytest.mark.docker
def test_no_secret_stands_in_the_file(config: dict[str, Any]) -> None:
    """What is secret comes by file."""
    settings = [item for each in config["services"].values() for item in (each.get("environment") or {}).items()]
    secret = [name for name, _ in settings if re.search(r"PASSWORD|TOKEN|PIN|SECRET|URL", name)]
    assert secret
    assert {name for name in secret if not name.endswith("_FILE")} == {
        "HUB_PUBLIC_URL",
        "HUB_INFLUX_URL",
        "HUB_JOURNAL_URL",
    }
    assert not [value for _, value in settings if value and "@" in value]


@pytest.mark.docker
def test_it_listens_on_this_machine_only_unless_told(config: dict[str, Any]) -> None:
    """And InfluxDB nowhere."""
    ports = {name: each.get("ports", []) for name, each in config["services"].items()}
    assert {each["host_ip"] for listed in ports.values() for each in listed} == {"127.0.0.1"}
    assert ports["influxdb"] == []


@pytest.mark.docker
def test_nobody_gets_rights_it_does_not_need(config: dict[str, Any]) -> None:
    """Services run as users of their own, come back by themselves, and see their own secrets only."""
    services = config["services"]
    for name, each in services.items():
        assert each["cap_drop"] == ["ALL"]
        assert each["security_opt"] == ["no-new-privileges:true"]
        assert each["restart"] == ("no" if name == "secrets" else "unless-stopped")
        secrets = {mount["source"] for mount in each["volumes"] if mount["target"].startswith("/secrets")}
        assert name == "secrets" or len(secrets) <= 1
    assert services["hub"]["read_only"]
    assert services["mosquitto"]["read_only"]
    assert services["secrets"]["network_mode"] == "none"


class Running:
    """A started compose project on free ports."""

    def __init__(self) -> None:
        """Choose ports and a name."""
        self.web, self.mqtt = free_port(), free_port()
        self.environ = {
            "COMPOSE_PROJECT_NAME": f"matinales-test-{self.web}",
            "MATINALES_WEB_PORT": f"{self.web}",
            "MATINALES_MQTT_PORT": f"{self.mqtt}",
            "MATINALES_MQTTS_PORT": f"{free_port()}",
            "HUB_PUBLIC_URL": "http://hub.example:8080",
        }

    def compose(self, *arguments: str, timeout_s: float = 60) -> str:
        """Return what `docker compose` prints for this project."""
        return compose(*arguments, environ=self.environ, timeout_s=timeout_s)

    def get(self, path: str, host: str | None = None) -> tuple[int, dict[str, Any]]:
        """Return status and answer of a request, with another Host where given."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.web}{path}", headers={"Host": host} if host else {})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, {}

    def say(self, user: str, password: str, topic: str) -> bool:
        """Tell whether the broker takes a message of this user, said from within its container."""
        said = '{"Time":"2026-11-24T09:00:00","BME280":{"Temperature":21.7},"TempUnit":"C"}'
        login = ("-u", user, "-P", password)
        command = ["docker", "compose", "exec", "-T", "mosquitto", "mosquitto_pub", *login, "-q", "1", "-t", topic]
        environ = {**os.environ, **self.environ}
        return subprocess.run([*command, "-m", said], cwd=ROOT, env=environ, timeout=30, check=False).returncode == 0

    def counter(self, name: str) -> float:
        """Return what the hub has counted."""
        return self.counter_at(self.web, name)

    @staticmethod
    def counter_at(port: int, name: str) -> float:
        """Return what the worker behind a port has counted; 0 while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                return float(json.load(answer)["counters"][name])
        except OSError:
            return 0.0

    def memory(self) -> dict[str, float]:
        """Return container → MiB in use now."""
        ids = self.compose("ps", "-q").split()
        command = ["docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *ids]
        said = subprocess.run(command, timeout=60, capture_output=True, text=True, check=True).stdout
        used = [line.split()[:2] for line in said.splitlines()]
        scale = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}
        return {name: float(amount[:-3]) * scale[amount[-3:]] for name, amount in used}

    def channels(self, device: str) -> list[str]:
        """Return the channels that the API has of a device."""
        _, answer = self.get("/api/v1/devices")
        return [channel["name"] for each in answer["devices"] if each["id"] == device for channel in each["channels"]]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """Lend the whole, started for real."""
    if not (works("docker", "compose", "version") and works("docker", "info")):
        pytest.skip(NEEDED)
    lent = Running()
    try:
        lent.compose("up", "-d", "--build", "--wait", timeout_s=900)
        yield lent
    finally:
        lent.compose("--profile", "simulators", "--profile", "cluster", "down", "-v", "--timeout", "10", timeout_s=120)


@pytest.mark.docker
@pytest.mark.timeout(1200)
def test_a_real_start(running: Running) -> None:
    """The hub is well, a device with its own account is on the page, the public name is known, others are not."""
    status, health = running.get("/health")
    assert (status, health["status"]) == (200, "ok")
    assert running.get("/health", "hub.example:8080")[0] == 200
    assert running.get("/health", "evil.example")[0] == 403
    with urllib.request.urlopen(f"http://127.0.0.1:{running.web}/", timeout=5) as page:
        assert b"<script" in page.read()
    password = running.compose("run", "--rm", "-T", "secrets", "devices", "add", "fridge-1").strip()
    assert not running.say("fridge-1", password, "tele/fridge-1/SENSOR")
    running.compose("kill", "-s", "HUP", "mosquitto")
    until("Mosquitto knows it", lambda: running.say("fridge-1", password, "tele/fridge-1/SENSOR"), timeout_s=20)
    until("the API has it", lambda: running.channels("tasmota:fridge-1") == ["temperature"], timeout_s=20)
    assert running.say("fridge-1", password, "tele/fridge-2/SENSOR"), "confirmed, and dropped"
    assert running.channels("tasmota:fridge-2") == []
    inside = running.compose("exec", "-T", "hub", "sh", "-c", "id -u; cat /secrets/hub/pin; touch /x 2>&1 || true")
    uid, pin, refused = inside.strip().split("\n", 2)
    assert uid == "10001"
    assert re.fullmatch(r"\d{6}", pin)
    assert "Read-only" in refused
    logs = running.compose("logs", "--no-color")
    assert password not in logs
    assert pin not in logs
    running.compose("up", "-d", "--wait", timeout_s=120)
    assert running.compose("exec", "-T", "hub", "cat", "/secrets/hub/pin").strip() == pin


@pytest.mark.docker
@pytest.mark.timeout(1200)
def test_with_simulators_it_stays_below_one_gigabyte(running: Running) -> None:
    """Measured, a cold room at ×60 included; InfluxDB has its values, and nothing was killed for its memory."""
    running.environ["MATINALES_SPEED"] = "60"
    running.compose("--profile", "simulators", "up", "-d", timeout_s=180)
    until("the simulators are heard", lambda: len(running.get("/api/v1/devices")[1]["devices"]) >= 3, timeout_s=60)
    until("InfluxDB takes them", lambda: running.counter("influx_lines_written_total") >= 200, timeout_s=60)
    used = running.memory()
    print(f"MiB in use: {used}, together {sum(used.values()):.0f}")  # noqa: T201 — its report
    assert len(used) == 4
    assert 50 < sum(used.values()) <= 1024
    killed = [name for name in used if "true" in inspect("{{.State.OOMKilled}}", name)]
    assert killed == []


@pytest.mark.docker
@pytest.mark.timeout(1200)
def test_the_cluster_goes_on_when_a_server_and_the_listening_worker_are_killed(running: Running) -> None:
    """Three NATS servers and two workers for real: what a device says reaches both pages before, and the one after."""
    second = free_port()
    running.environ |= {
        "HUB_JOURNAL_URL": "nats://nats-1:4222,nats-2:4222,nats-3:4222",
        "MATINALES_WEB_2_PORT": f"{second}",
    }
    running.compose("down", "-v", "--timeout", "10", timeout_s=120)  # a journal of its own lies in the hub's volume
    running.compose("--profile", "cluster", "up", "-d", "--wait", timeout_s=300)
    pages = (running.web, second)

    def heard() -> list[float]:
        return [running.counter_at(page, "messages_understood_total") for page in pages]

    until("one listens", lambda: any(running.counter_at(page, "broker_connected") for page in pages), timeout_s=60)
    password = running.compose("run", "--rm", "-T", "secrets", "devices", "add", "fridge-1").strip()
    running.compose("kill", "-s", "HUP", "mosquitto")
    until("Mosquitto knows it", lambda: running.say("fridge-1", password, "tele/fridge-1/SENSOR"), timeout_s=20)
    until("both pages have it", lambda: all(each >= 1 for each in heard()), timeout_s=60)
    listens = next(page for page in pages if running.counter_at(page, "broker_connected"))
    first = "hub" if listens == running.web else "hub-2"
    other = second if first == "hub" else running.web
    running.compose("--profile", "cluster", "kill", "nats-2", first)
    before = running.counter_at(other, "messages_understood_total")
    until("the other listens", lambda: running.counter_at(other, "broker_connected") == 1, timeout_s=60)
    assert running.say("fridge-1", password, "tele/fridge-1/SENSOR")
    until("and understands", lambda: running.counter_at(other, "messages_understood_total") > before, timeout_s=30)
    running.compose("--profile", "cluster", "down", "-v", "--timeout", "10", timeout_s=120)
