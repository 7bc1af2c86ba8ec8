"""Two workers with one journal on NATS servers: where one dies, the other goes on (design.md §1, Distributed)."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client
import paho.mqtt.publish
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from hub.cli.cluster import Made
from hub.journal.jetstream import JetStreamReader
from hub.journal.nats_link import Url
from hub.web.routes import API
from servers import nats
from servers.hanging_up import hang_up
from servers.ports import HOST, free_port, until

PIN = "274951"
HANGS_S = 20.0
"""How long a worker hangs: its lease of 4 s and its pins of 3 s are long over."""


class Workers:
    """`matinales run --workers 2` beside a broker of its own, or `matinales cluster`."""

    def __init__(self, folder: Path, url: str | None) -> None:
        """Start it; without an address with NATS servers of its own."""
        self.folder = folder
        pin = folder.parent / f"{folder.name}.pin"
        pin.write_text(PIN)
        self.mqtt = free_port()
        self.pages = [free := free_port(), free + 1]
        environ = os.environ | {
            "HUB_DATA_DIR": str(folder),
            "HUB_MQTT_PORT": f"{self.mqtt}",
            "HUB_WEB_PORT": f"{self.pages[0]}",
            "HUB_PIN_FILE": str(pin),
            **({"HUB_JOURNAL_URL": url} if url else {}),
        }
        command = ["run", "--workers", "2"] if url else ["cluster", "--data", str(folder)]
        self._command, self._environ = [sys.executable, "-m", "hub", *command], environ
        self.start()

    def start(self) -> None:
        """Start it, or again on the same folder."""
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environ, stdout=log, stderr=log)

    @property
    def log(self) -> str:
        """What its parts said last."""
        return (self.folder.parent / f"{self.folder.name}.log").read_text(errors="replace")[-8_000:]

    def health(self, worker: int) -> dict[str, Any]:
        """Return /health of a worker; empty while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.pages[worker]}/health", timeout=2) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except OSError:
            return {}

    def listens(self, worker: int) -> bool:
        """Whether a worker is the one that hears the broker."""
        counters = self.health(worker).get("counters", {})
        return bool(counters.get("broker_connected") == 1)

    def stands_by(self, worker: int) -> bool:
        """Whether a worker waits for its turn."""
        return bool(self.health(worker).get("counters", {}).get("standby") == 1)

    def commands_switch(self, worker: int) -> bool:
        """Have a worker switch the plug on; False: it refuses, as it does before it was told of the broker."""
        try:
            self.ask(worker, "POST", "devices/tasmota%3Aplug/commands", {"channel": "switch", "value": 1})
        except urllib.error.HTTPError:
            return False
        return True

    def commanded(self, worker: int) -> list[tuple[str, str, str]]:
        """Return id, giver and state of each command that a worker lists."""
        listed = self.ask(worker, "GET", "devices/tasmota%3Aplug/commands")["commands"]
        return [(each["id"], each["by"], each["state"]) for each in listed]

    def value(self, worker: int) -> float | None:
        """Return what a worker's page knows of the device."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.pages[worker]}/api/v1/devices", timeout=2) as answer:
                devices = json.load(answer)["devices"]
        except OSError:
            return None
        return next((each["channels"][0]["value"] for each in devices if each["id"] == "generic:room/probe"), None)

    def ask(self, worker: int, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask a worker's API what a facilitator would."""
        secret = self.living["secret"]
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        url = f"http://{HOST}:{self.pages[worker]}/api/v1/{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def answer(self, worker: int, path: str) -> tuple[int, bytes]:
        """Return status and body of what a worker answers a facilitator."""
        headers = {"Authorization": f"Bearer {self.living['secret']}"}
        request = urllib.request.Request(f"http://{HOST}:{self.pages[worker]}/api/v1/{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def log_in(self, worker: int) -> str:
        """Log in at a worker's page as a facilitator does, and return the cookie."""
        url, body = f"http://{HOST}:{self.pages[worker]}/api/v1/login", json.dumps({"pin": PIN}).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(answer.headers["Set-Cookie"]).partition(";")[0]

    def role(self, worker: int, cookie: str) -> str:
        """Return who somebody with this cookie is at a worker; empty: it does not answer."""
        request = urllib.request.Request(f"http://{HOST}:{self.pages[worker]}/api/v1/login", headers={"Cookie": cookie})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return str(json.load(answer)["role"])
        except OSError:
            return ""

    @property
    def living(self) -> dict[str, Any]:
        """What run.json says."""
        folder = self.folder if self._command[3] == "run" else self.folder / "hub"
        found: dict[str, Any] = json.loads((folder / "run.json").read_text())
        return found

    def session(self, worker: int) -> tuple[str, str] | None:
        """Return title and state of the session that is current at a worker."""
        try:
            current = self.ask(worker, "GET", "sessions")["current"]
        except OSError:
            return None
        return None if current is None else (current["title"], current["state"])

    def money(self, worker: int) -> dict[str, Any]:
        """Return what a use case may be worth at a worker."""
        return self.ask(worker, "GET", "usecases/cold_room/money?run=real")

    def name(self, worker: int) -> str | None:
        """Return what the device is called at a worker."""
        try:
            devices = self.ask(worker, "GET", "devices")["devices"]
        except OSError:
            return None
        return next((each["name"] for each in devices if each["id"] == "generic:room/probe"), None)

    def devices(self, worker: int) -> list[str]:
        """Return the ids of the devices that a worker knows."""
        return [each["id"] for each in self.ask(worker, "GET", "devices")["devices"]]

    def alarms(self, worker: int) -> dict[str, list[tuple[str, str]]]:
        """Return each alarm that a worker's journal holds, with every step of its life; empty: it does not answer."""
        page = f"http://{HOST}:{self.pages[worker]}/api/v1/alarms"
        try:
            with urllib.request.urlopen(page, timeout=2) as answer:
                ids = [each["id"] for each in json.load(answer)["alarms"]]
            found = {}
            for each in ids:
                with urllib.request.urlopen(f"{page}/{each}", timeout=2) as answer:
                    found[each] = [(step["step"], step["at"]) for step in json.load(answer)["transitions"]]
        except OSError:
            return {}
        assert len(found) == len(ids), "an alarm is there twice"
        return found

    def say(self, value: float) -> None:
        """Let the device speak, and hear the broker's word for it."""
        paho.mqtt.publish.single("room/probe", json.dumps({"temperature": value}), qos=1, hostname=HOST, port=self.mqtt)

    def parts(self, name: str, folder: str) -> list[psutil.Process]:
        """Return the processes of one of our modules that work in a folder."""
        found = []
        for each in psutil.Process(self.process.pid).children(recursive=True):
            line = each.cmdline()
            if name in line and (name == "hub.serving" or line[line.index("--data") + 1].endswith(folder)):
                found.append(each)
        return found

    def running(self, word: str) -> list[psutil.Process]:
        """Return the processes whose command line ends one of its words so, in the order in which they were started."""
        found = []
        for each in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):  # one may end with the other
                if any(part.endswith(word) for part in each.cmdline()):
                    found.append(each)
        return sorted(found, key=lambda each: each.pid)


@contextmanager
def working(folder: Path, url: str | None) -> Iterator[Workers]:
    """Lend the two workers once one listens and the other stands by."""
    workers = Workers(folder, url)
    try:
        until("one listens", lambda: any(map(workers.listens, (0, 1))), timeout_s=90)
        until("the other stands by", lambda: any(map(workers.stands_by, (0, 1))), timeout_s=60)
        yield workers
    except BaseException as error:
        workers.process.terminate()
        workers.process.wait(60)
        error.add_note(workers.log)
        raise
    workers.process.terminate()
    assert workers.process.wait(20) == 0


@pytest.mark.long
@pytest.mark.timeout(200)
def test_a_stopped_worker_is_followed_by_the_other_and_every_page_knows_everything(tmp_path: Path) -> None:
    """One hears the broker; both pages show it; the other takes over its session, and nothing is missing or doubled."""
    url = nats.fresh_url()
    with working(tmp_path, url) as workers:
        workers.say(1.5)
        until("both pages show it", lambda: [workers.value(each) for each in (0, 1)] == [1.5, 1.5])
        first = 0 if workers.listens(0) else 1
        (ingest,) = workers.parts("hub.ingest", ("/2" if first else tmp_path.name))
        ingest.send_signal(signal.SIGSTOP)  # a machine that hangs: its supervisor sees nothing wrong
        until("the other listens", lambda: workers.listens(1 - first))
        workers.say(2.5)
        until("both pages show it", lambda: [workers.value(each) for each in (0, 1)] == [2.5, 2.5])
        ingest.send_signal(signal.SIGCONT)  # it believes that it is its turn: the journal refuses it
        until("it stands by", lambda: workers.stands_by(first))
        workers.say(3.5)
        until("both pages show it", lambda: [workers.value(each) for each in (0, 1)] == [3.5, 3.5])
    with closing(JetStreamReader(Url.parsed(url))) as reader:
        said = [each.message.payload for each in reader.read(0, 10_000) if each.message.topic == "room/probe"]
    assert said == [b'{"temperature": 1.5}', b'{"temperature": 2.5}', b'{"temperature": 3.5}']


@pytest.mark.long
@pytest.mark.timeout(400)
def test_one_command_starts_everything_and_any_part_of_it_may_die(tmp_path: Path) -> None:
    """Three NATS servers, InfluxDB where it is installed, two workers: each killed in turn, both pages go on."""
    nats.needs()
    with working(tmp_path, None) as workers:
        names = ["nats-1.conf", "nats-2.conf", "nats-3.conf", *["hub.serving"] * 2, *["hub.ingest"] * 2]
        names += ["--reporting-disabled"] if shutil.which("influxd") else []
        for number, name in enumerate(names, 1):
            victims = workers.running(name)
            assert victims, name
            victims[number % len(victims)].kill()
            workers.say(number)
            until(
                f"both pages show it after {name} was killed",
                lambda wanted=number: [workers.value(each) for each in (0, 1)] == [wanted, wanted],  # type: ignore[misc]
                timeout_s=40,
            )
        made = msgspec.json.decode((tmp_path / "cluster.json").read_bytes(), type=Made)
        with closing(JetStreamReader(Url.parsed(made.url))) as reader:
            found = [each for each in reader.read(0, 100_000) if each.message.topic == "room/probe" and not each.repeat]
        assert [json.loads(each.message.payload)["temperature"] for each in found] == [*range(1, len(names) + 1)]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_facilitator_goes_on_at_another_worker_when_the_one_in_use_dies(tmp_path: Path) -> None:
    """Three servers: a session begun and a device named at one page are so at the other, which goes on alone."""
    with nats.cluster() as three, working(tmp_path, three.url) as workers:
        workers.say(1.5)
        until("both know the device", lambda: None not in map(workers.value, (0, 1)))
        cookie = workers.log_in(0)
        assert workers.role(1, cookie) == "facilitator", "the next request may come to the other page"
        begun = workers.ask(0, "POST", "sessions", {"title": "Bakers"})
        workers.ask(0, "PATCH", "devices/generic%3Aroom%2Fprobe", {"name": "Oven"})
        until("the other page has it", lambda: workers.session(1) == ("Bakers", "open"))
        until("and its name", lambda: workers.name(1) == "Oven")
        called = workers.ask(0, "PATCH", "devices/generic%3Aroom%2Fprobe", {"name": "Freezer"})
        workers.ask(1, "POST", f"actions/{called['action']}/undo")  # at once, where it may not have been heard of yet
        until("it is taken back at both", lambda: [workers.name(each) for each in (0, 1)] == ["Oven"] * 2)
        workers.ask(0, "PATCH", "screens", {"muted": True})
        workers.ask(0, "PUT", "usecases/cold_room/hypotheses/stock", {"value": 4000})
        until("and what was chosen", lambda: "4000" in json.dumps(workers.money(1)))
        first = [psutil.Process(workers.living["processes"][each]) for each in ("ingest", "hub")]
        for each in first:
            each.suspend()  # the machine hangs
        until("the other listens", lambda: workers.listens(1))
        assert workers.role(1, cookie) == "facilitator"
        workers.ask(1, "POST", f"sessions/{begun['id']}/pause")
        workers.ask(1, "PATCH", "devices/generic%3Aroom%2Fprobe", {"name": "Old oven"})
        assert workers.session(1) == ("Bakers", "paused")
        for each in first:
            each.resume()
        until("the first page has it", lambda: workers.session(0) == ("Bakers", "paused"))
        until("and the name", lambda: workers.name(0) == "Old oven")


@pytest.mark.long
@pytest.mark.timeout(200)
def test_tables_and_commands_wanted_at_one_page_are_so_at_the_other(tmp_path: Path) -> None:
    """Wanted at the one that stands by: both know the tables, and whose command it was; the plug hears it once."""
    with working(tmp_path, nats.fresh_url()) as workers:
        first = 0 if workers.listens(0) else 1
        with plug(workers.mqtt) as heard:
            until("both know the plug", lambda: all("tasmota:plug" in workers.devices(each) for each in (0, 1)))
            told = workers.ask(1 - first, "PUT", "tables", {"tables": [1, 3], "may_act": True})
            until("both want them", lambda: all(workers.ask(each, "GET", "tables") == told for each in (0, 1)))
            assert ([each["table"] for each in told["tables"]], told["may_act"]) == ([1, 3], True)
            until("it is told of the broker, and sends it", lambda: workers.commands_switch(1 - first))
            until("the plug's report has come", lambda: "confirmed" in {each[2] for each in workers.commanded(first)})
            until("both list the same", lambda: workers.commanded(0) == workers.commanded(1))
            assert {by for _, by, _ in workers.commanded(first)} == {"command line"}
            assert heard == [b"ON"]


@contextmanager
def plug(port: int) -> Iterator[list[bytes]]:
    """Let a plug obey, and lend what it was told."""
    heard: list[bytes] = []

    def obey(client: paho.mqtt.client.Client, _data: object, message: paho.mqtt.client.MQTTMessage) -> None:
        heard.append(bytes(message.payload))
        client.publish("stat/plug/RESULT", json.dumps({"POWER": message.payload.decode()}), qos=1)

    client = paho.mqtt.client.Client(CallbackAPIVersion.VERSION2, "plug")
    client.on_message = obey
    client.connect(HOST, port)
    client.loop_start()
    try:
        client.subscribe("cmnd/plug/Power", 1)
        client.publish("stat/plug/RESULT", '{"POWER":"OFF"}', qos=1).wait_for_publish(10)
        yield heard
    finally:
        hang_up(client)


@contextmanager
def playing(workers: Workers) -> Iterator[None]:
    """Play the cold room at sixty times its pace, its door left open every five minutes."""
    faults = [word for at in range(2, 60, 6) for word in ("--fault", f"door_open@{at}/4")]
    options = ["--broker", f"mqtt://{HOST}:{workers.mqtt}", "--speed", "60", "--seed", "7", "--history", "0", *faults]
    command = [sys.executable, "-m", "hub", "sim", "cold_room", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_every_alarm_is_once_in_each_workers_journal_whichever_is_killed_while_it_stands(tmp_path: Path) -> None:
    """Three servers, two workers, each hub killed while alarms wait, stand and end: both tell the same story."""
    with nats.cluster() as three, working(tmp_path, three.url) as workers, playing(workers):
        for many in range(1, 5):
            until(f"{many} alarms", lambda many=many: len(workers.alarms(many % 2)) >= many, timeout_s=60)  # type: ignore[misc]
            victims = workers.running("hub.serving")
            victims[many % len(victims)].kill()  # rules' delays are under way in it, and an alarm stands
        until("both are back", lambda: all(workers.alarms(each) for each in (0, 1)), timeout_s=60)
        until("there is one more", lambda: len(workers.alarms(0)) >= 6, timeout_s=60)
        until("both tell the same", lambda: workers.alarms(0) == workers.alarms(1))
        told = workers.alarms(0)
    assert_once(told)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_worker_that_hangs_hands_its_turn_on_and_doubles_no_alarm_when_it_goes_on(tmp_path: Path) -> None:
    """Three servers, two workers: ingest and hub of the one that listens stand still for 20 s while alarms stand."""
    with nats.cluster() as three, working(tmp_path, three.url) as workers, playing(workers):
        until("an alarm", lambda: len(workers.alarms(0)) >= 1, timeout_s=60)
        first = 0 if workers.listens(0) else 1
        suffix = "-2" if first else ""
        held = [psutil.Process(workers.living["processes"][f"{each}{suffix}"]) for each in ("ingest", "hub")]
        for each in held:
            each.suspend()
        began = time.monotonic()
        until("the other listens", lambda: workers.listens(1 - first), timeout_s=30)
        taken_s, before = time.monotonic() - began, len(workers.alarms(1 - first))
        until("alarms go on there", lambda: len(workers.alarms(1 - first)) > before, timeout_s=60)
        time.sleep(max(began + HANGS_S - time.monotonic(), 0))
        for each in held:
            each.resume()
        until("it stands by", lambda: workers.stands_by(first), timeout_s=30)
        until("there is one more", lambda: len(workers.alarms(first)) >= before + 2, timeout_s=60)
        until("both tell the same", lambda: workers.alarms(0) == workers.alarms(1), timeout_s=30)
        told = workers.alarms(0)
    print(f"the turn was another's after {taken_s:.1f} s; {len(told)} alarms")  # noqa: T201 — figures of the long tier are reported
    assert_once(told)


OWN = {"/doctor", "/openapi.json", "/asyncapi.json", "/docs"}
"""What is a worker's own: its disk, and documents."""


@pytest.mark.long
@pytest.mark.timeout(300)
def test_every_answer_is_the_same_at_both_pages_once_it_is_quiet(tmp_path: Path) -> None:
    """InfluxDB where it is installed, a story with alarms, a session, a phone, a vote, a name, a note: byte by byte."""
    nats.needs()
    with working(tmp_path, None) as workers:
        with playing(workers):
            until("an alarm", lambda: len(workers.alarms(0)) >= 1, timeout_s=90)
            workers.ask(0, "POST", "sessions", {"title": "Bakers"})
            workers.ask(1, "PATCH", "devices/ruuvi%3Aa2636f6c6401", {"name": "Oven"})
            until("the other page has the session", lambda: workers.session(1) == ("Bakers", "open"))
            workers.ask(1, "POST", "notes", {"text": "door"})
            workers.ask(1, "POST", "votes", {"question": "Cold?", "options": ["yes", "no"]})
            workers.ask(0, "PUT", "ignored", {"topics": ["x/#"]})
            workers.ask(1, "PATCH", "usecases/beehive", {"off": True})
        paths = [
            each.path[1:] for each in API if each.method == "GET" and "{" not in each.path and each.path not in OWN
        ]
        run = next(each["run"] for each in workers.ask(0, "GET", "devices")["devices"])
        paths += [
            f"readings?limit=10000&run={run}",
            f"series?run={run}&start=-24h",
            "usecases/cold_room",
            "usecases/beehive",
        ]
        differs: list[str] = []

        def is_same() -> bool:
            differs[:] = [each for each in paths if workers.answer(0, each) != workers.answer(1, each)]
            return not differs

        try:
            until("both answer the same", is_same, timeout_s=40)
        except AssertionError as error:
            error.add_note(f"these differ: {differs}")
            raise
        assert len(paths) > 20


def assert_once(told: dict[str, list[tuple[str, str]]]) -> None:
    """Assert that each alarm was raised first, and no step of it is there twice."""
    for name, steps in told.items():
        kinds = [step for step, _ in steps]
        assert kinds[0] == "raised", name
        assert len(kinds) == len(set(kinds)), f"a step of {name} is there twice"


@pytest.mark.long
@pytest.mark.timeout(300)
def test_everything_killed_at_once_goes_on_where_it_was_when_it_is_started_again(tmp_path: Path) -> None:
    """A power cut of the machine: servers, broker, InfluxDB and workers of `matinales cluster` end by `kill -9`."""
    nats.needs()
    with working(tmp_path, None) as workers:
        cookie = workers.log_in(0)
        for number in range(1, 6):
            workers.say(number)
        until("both pages show it", lambda: [workers.value(each) for each in (0, 1)] == [5, 5], timeout_s=20)
        command = psutil.Process(workers.process.pid)
        everything = [command, *command.children(recursive=True)]
        for each in everything:
            with contextlib.suppress(psutil.NoSuchProcess):  # one may end with the other
                each.kill()
        workers.process.wait(20)
        psutil.wait_procs(everything, timeout=20)
        workers.start()
        until("one listens", lambda: any(map(workers.listens, (0, 1))), timeout_s=60)
        until("both pages show it", lambda: [workers.value(each) for each in (0, 1)] == [5, 5], timeout_s=40)
        assert [workers.role(each, cookie) for each in (0, 1)] == ["facilitator"] * 2
        workers.say(6)
        until("both pages show it", lambda: [workers.value(each) for each in (0, 1)] == [6, 6], timeout_s=40)
        made = msgspec.json.decode((tmp_path / "cluster.json").read_bytes(), type=Made)
        with closing(JetStreamReader(Url.parsed(made.url))) as reader:
            found = [each for each in reader.read(0, 100_000) if each.message.topic == "room/probe" and not each.repeat]
    assert [json.loads(each.message.payload)["temperature"] for each in found] == [*range(1, 7)]
