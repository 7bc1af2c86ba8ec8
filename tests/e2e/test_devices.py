"""Devices that people name, merge, command and forget: a real broker, a living hub, and the command line on both."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import quote

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from hub.cli import main
from hub.journal.sqlite import SqliteReader
from servers.bytes_on_disk import on_disk
from servers.hanging_up import hang_up
from servers.hubs import Demo, demo, until

COMPRESSOR = "shelly:coldroom-sim-compressor"
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Lend one running cold room."""
    with demo(tmp_path_factory.mktemp("devices") / "data", "--speed", "10", "--seed", "7") as running:
        yield running


@contextmanager
def plug(hub: Demo, name: str = "plug", *, obeys: bool = True) -> Iterator[list[bytes]]:
    """Lend a Tasmota plug at the broker, off at first, and what it was told."""
    told: list[bytes] = []

    def hear(client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        told.append(bytes(message.payload))
        if obeys:
            client.publish(f"stat/{name}/RESULT", json.dumps({"POWER": message.payload.decode()}), 1)

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"test-{name}")
    client.on_message = hear
    client.connect("127.0.0.1", hub.mqtt_port)
    client.subscribe(f"cmnd/{name}/Power", 1)
    client.loop_start()
    try:
        client.publish(f"tele/{name}/STATE", '{"POWER":"OFF"}', 1)
        until(lambda: hub.values(f"tasmota:{name}").get("switch") == 0)
        yield told
    finally:
        hang_up(client)


def command(hub: Demo, device: str, value: float, **more: object) -> dict[str, Any]:
    """Command a relay."""
    path = f"api/v1/devices/{quote(device, safe='')}/commands"
    answer: dict[str, Any] = hub.ask("POST", path, {"channel": "switch", "value": value} | more)
    return answer


def state(hub: Demo, device: str) -> str | None:
    """Return where the newest command of a relay stands."""
    shown = hub.device(device)
    found = (shown or {}).get("commands", {}).get("switch", {})
    return found.get("state")  # type: ignore[no-any-return]


def matinales(data: Path, *words: str) -> tuple[int, str]:
    """Run `matinales devices …` here, where all is imported already, and return its status and what it said."""
    said, complained = io.StringIO(), io.StringIO()
    with redirect_stdout(said), redirect_stderr(complained):
        status = main(["devices", *words, "--data", str(data)])
    return status, said.getvalue() or complained.getvalue()


def test_a_plug_obeys_and_its_own_report_confirms(hub: Demo) -> None:
    """Sent over the broker, confirmed by what comes back, value and state together."""
    with plug(hub, "obedient") as told:
        assert command(hub, "tasmota:obedient", 1)["state"] == "sent"
        until(lambda: state(hub, "tasmota:obedient") == "confirmed")
        assert hub.values("tasmota:obedient")["switch"] == 1
        assert told == [b"ON"]


@pytest.mark.long
def test_a_plug_that_says_nothing_times_out_and_keeps_its_value(hub: Demo) -> None:
    """Never optimistic."""
    with plug(hub, "deaf", obeys=False) as told:
        command(hub, "tasmota:deaf", 1)
        until(lambda: told == [b"ON"])
        assert state(hub, "tasmota:deaf") == "sent"
        until(lambda: state(hub, "tasmota:deaf") == "timed_out")
        assert hub.values("tasmota:deaf")["switch"] == 0


@contextmanager
def obedient(hub: Demo, answers: Mapping[str, str], *first: tuple[str, str | bytes]) -> Iterator[list[str]]:
    """Lend a device that says back what it is told; `answers`: topic it listens on → topic it reports on."""
    told: list[str] = []

    def hear(client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        told.append(message.topic)
        client.publish(answers[message.topic], message.payload, 1)

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="test-obedient")
    client.on_message = hear
    client.connect("127.0.0.1", hub.mqtt_port)
    client.subscribe([(each, 1) for each in answers])
    client.loop_start()
    try:
        for topic, payload in first:
            client.publish(topic, payload, 1)
        yield told
    finally:
        hang_up(client)


DESCRIPTION = (
    '{"homie":"5.0","version":1,"nodes":{"n":{"properties":'
    '{"fan":{"datatype":"float","format":"0:5","settable":true}}}}}'
)


@pytest.mark.parametrize(
    ("uid", "wish", "answers", "first"),
    [
        (
            "esphome:salon",
            ("lampe_brightness", 200),
            {"salon/light/lampe/command": "salon/light/lampe/state"},
            [("salon/light/lampe/state", '{"state":"ON","brightness":40}')],
        ),
        (
            "homeassistant:e2e/pump",
            ("switch", 1),
            {"e2e/pump/set": "e2e/pump/state"},
            [
                ("homeassistant/switch/e2epump/config", '{"stat_t":"e2e/pump/state","cmd_t":"e2e/pump/set"}'),
                ("e2e/pump/state", "OFF"),
            ],
        ),
        (
            "homie:e2e",
            ("fan", 2.5),
            {"homie/5/e2e/n/fan/set": "homie/5/e2e/n/fan"},
            [("homie/5/e2e/$description", DESCRIPTION), ("homie/5/e2e/n/fan", "0")],
        ),
    ],
    ids=["esphome", "homeassistant", "homie"],
)
def test_devices_that_say_themselves_what_can_be_set_obey(
    hub: Demo, uid: str, wish: tuple[str, float], answers: dict[str, str], first: list[tuple[str, str | bytes]]
) -> None:
    """On the page as soon as they said so, and confirmed by their own report; the hub is the last writer."""
    channel, value = wish
    with obedient(hub, answers, *first) as told:
        until(lambda: channel in (hub.device(uid) or {}).get("settable", []))
        answer = hub.ask("POST", f"api/v1/devices/{quote(uid, safe='')}/commands", {"channel": channel, "value": value})
        assert answer["state"] == "sent"
        until(lambda: hub.device(uid)["commands"][channel]["state"] == "confirmed")  # type: ignore[index]
        assert hub.values(uid)[channel] == value
        assert told == list(answers)
        assert hub.device(uid)["commands"][channel]["by"] == "facilitator"  # type: ignore[index]


def test_another_program_is_the_last_writer_of_what_it_commands(hub: Demo) -> None:
    """Seen on the wire; the hub's own words are not taken for somebody else's."""
    with plug(hub, "written") as told:
        command(hub, "tasmota:written", 1)
        until(lambda: state(hub, "tasmota:written") == "confirmed")
        hub.publish("cmnd/written/Power", "OFF")
        until(lambda: state(hub, "tasmota:written") == "seen")
        listed = hub.get("api/v1/devices/tasmota%3Awritten/commands")["commands"]
        assert [(each["by"], each["value"]) for each in listed] == [("mqtt", 0), ("facilitator", 1)]
        until(lambda: told == [b"ON", b"OFF"])  # the hub may have heard it before the plug


def test_the_simulated_compressor_obeys_and_reports_back(hub: Demo) -> None:
    """Over RPC, as the real one does."""
    command(hub, COMPRESSOR, 0)
    until(lambda: state(hub, COMPRESSOR) == "confirmed")
    assert hub.values(COMPRESSOR)["switch"] == 0
    command(hub, COMPRESSOR, 1)
    until(lambda: hub.values(COMPRESSOR)["switch"] == 1)


def test_a_retained_command_moves_no_simulated_actuator_and_is_logged(hub: Demo) -> None:
    """X16: what waits at the broker for a device to come is the past."""
    before = hub.values(COMPRESSOR)["switch"]
    order = {"id": 9, "src": "evil", "method": "Switch.Set", "params": {"id": 0, "on": before != 1}}
    hub.publish("coldroom-sim-compressor/rpc", json.dumps(order), retain=True)
    until(lambda: hub.values(COMPRESSOR)["switch"] != before)  # said live, it is a command like any other
    command(hub, COMPRESSOR, before)
    until(lambda: state(hub, COMPRESSOR) == "confirmed")
    said = hub.ask("PUT", "api/v1/scenario", {"usecase": "cold_room", "seed": 8})  # devices that connect anew
    until(lambda: (device := hub.device(COMPRESSOR)) and device["run"] == said["run"] and hub.values(COMPRESSOR))
    until(lambda: "a retained command on 'coldroom-sim-compressor/rpc' is not obeyed" in hub.errors.read_text())
    assert hub.values(COMPRESSOR)["switch"] == 1, "a new run begins with its relay on"
    hub.publish("coldroom-sim-compressor/rpc", b"", retain=True)


def test_a_replayed_command_is_refused_and_logged(hub: Demo) -> None:
    """X16: the same request again reaches no device."""
    with plug(hub, "twice") as told:
        command(hub, "tasmota:twice", 1, id="nonce-twice")
        until(lambda: state(hub, "tasmota:twice") == "confirmed")
        again = command(hub, "tasmota:twice", 1, id="nonce-twice")
        assert again["state"] == "refused"
        assert "replay" in again["reason"]
        assert told == [b"ON"]
    until(lambda: "replay" in hub.errors.read_text())


def test_nobody_commands_a_locked_device(hub: Demo) -> None:
    """The facilitator's lock, set and taken away on the command line."""
    with plug(hub, "locked") as told:
        assert matinales(hub.data, "lock", "tasmota:locked")[0] == 0
        assert command(hub, "tasmota:locked", 1)["state"] == "refused"
        assert matinales(hub.data, "lock", "tasmota:locked", "--off")[0] == 0
        assert command(hub, "tasmota:locked", 1)["state"] == "sent"
        until(lambda: state(hub, "tasmota:locked") == "confirmed")
        assert told == [b"ON"]


def test_the_command_line_names_and_undoes_what_the_page_shows(hub: Demo) -> None:
    """With the living hub."""
    with plug(hub, "named"):
        status, said = matinales(hub.data, "rename", "tasmota:named", "Prise du café", "--json")
        assert status == 0
        assert json.loads(said)["name"] == "Prise du café"
        assert hub.device("tasmota:named")["name"] == "Prise du café"  # type: ignore[index]
        status, said = matinales(hub.data, "undo", str(json.loads(said)["action"]))
        assert (status, hub.device("tasmota:named")["name"]) == (0, "named")  # type: ignore[index]
        assert matinales(hub.data, "rename", "tasmota:nobody", "x")[0] == 2
        assert "Prise" not in matinales(hub.data, "list")[1]


def test_merged_devices_are_one_on_the_page_and_in_history(hub: Demo) -> None:
    """Values of both, under the one that stays; separated again they are two."""
    with plug(hub, "left"), plug(hub, "right"):
        assert matinales(hub.data, "merge", "tasmota:left", "tasmota:right")[0] == 0
        assert hub.device("tasmota:left") is None
        rows = hub.get("api/v1/readings?device=tasmota:left")["readings"]
        assert {row["device"] for row in rows} == {"tasmota:right"}
        assert len(rows) >= 2
        assert matinales(hub.data, "unmerge", "tasmota:left")[0] == 0
        assert hub.device("tasmota:left")["channels"][0]["value"] == 0  # type: ignore[index]


def test_a_forgotten_device_is_nowhere_on_disk(hub: Demo) -> None:
    """X19: store, write-ahead logs and journal, compressed groups unpacked; what others said stays."""
    name = "zzforgetme"
    with plug(hub, name):
        command(hub, f"tasmota:{name}", 1)
        until(lambda: state(hub, f"tasmota:{name}") == "confirmed")
        hub.publish(f"tele/{name}/SENSOR", "this is no JSON")
        hub.publish(f"nobody/knows/{name}", b"\xff\x00")
        until(lambda: any(name in each["topic"] for each in hub.get("api/v1/messages?understood=false")["messages"]))
    with plug(hub, "staying"):
        assert on_disk(hub.data, name.encode())
        answer = hub.ask("DELETE", f"api/v1/devices/tasmota%3A{name}")
        assert answer["readings"] >= 2
        assert answer["messages"] >= 5
        assert hub.device(f"tasmota:{name}") is None
        assert on_disk(hub.data, name.encode()) == []
        with closing(SqliteReader(hub.data)) as reader:
            records = [each.message for at in range(0, reader.end, 1000) for each in reader.read(at, 1000)]
        assert not any(name in each.topic or name.encode() in each.payload for each in records)
        assert any("staying" in each.topic for each in records)
        assert not any(name in each["topic"] for each in hub.get("api/v1/messages")["messages"])


def test_without_a_hub_the_command_line_opens_the_files(tmp_path: Path) -> None:
    """The same words, under the lock; forgetting reaches the journal too."""
    data = tmp_path / "data"
    with demo(data, "--speed", "10") as running, plug(running, "zzoffline"), plug(running, "other"):
        pass
    assert matinales(data, "room", "tasmota:zzoffline", "Cave")[0] == 0
    assert matinales(data, "ignore", "--topic", "test/#")[0] == 0
    status, said = matinales(data, "list", "--json")
    rooms = {each["id"]: each["room"] for each in json.loads(said)["devices"]}
    assert (status, rooms["tasmota:zzoffline"], rooms["tasmota:other"]) == (0, "Cave", None)
    assert matinales(data, "undo")[0] == 0
    assert matinales(data, "undo")[0] == 0
    assert matinales(data, "undo") == (2, "matinales: there is nothing to undo\n")
    assert matinales(data, "merge", "tasmota:other", "tasmota:zzoffline")[0] == 0
    assert matinales(data, "unmerge", "tasmota:other")[0] == 0
    asked = [sys.executable, "-m", "hub", "devices", "forget", "tasmota:zzoffline", "--data", str(data)]
    with subprocess.Popen(asked, stdin=subprocess.DEVNULL) as asking:
        assert asking.wait(60) == 2, "it asks, and nobody is there to answer"
    assert matinales(data, "forget", "tasmota:zzoffline", "--yes")[0] == 0
    assert on_disk(data, b"zzoffline") == []
    assert "tasmota:other" in matinales(data, "list")[1]
    assert matinales(tmp_path / "empty", "list")[0] == 2


def test_a_button_at_the_machine_acknowledges_what_rings_there(hub: Demo) -> None:
    """A Zigbee button with the role: from its message over the broker to the journal of alarms, and once."""
    roles, shop = "api/v1/usecases/machine_vibration/roles", "zigbee2mqtt/shop"
    for velocity in (1.0, 1.1):
        hub.publish("workshop/spindle", json.dumps({"velocity": velocity}))
    hub.publish(shop, '{"battery":90,"linkquality":120}')
    until(lambda: hub.values("generic:workshop/spindle") and hub.values("zigbee2mqtt:shop"))
    taken = {"device": "generic:workshop/spindle", "channels": {"velocity": "velocity"}}
    try:
        hub.ask("PUT", f"{roles}/vibration", taken)
        hub.ask("PUT", f"{roles}/stop_button", {"device": "zigbee2mqtt:shop"})
        for velocity in (1.0, 3.0):
            hub.publish("workshop/spindle", json.dumps({"velocity": velocity}))
        (alarm,) = until(lambda: _alarms(hub, "growth"))
        assert alarm["state"] == "unacknowledged"
        for payload in ('{"action":"single","battery":90}', '{"action":"","battery":90}'):
            hub.publish(shop, payload)
        until(lambda: _alarms(hub, "growth")[0]["state"] == "acknowledged")
        found = hub.get(f"api/v1/alarms/{quote(alarm['id'], safe='')}")
        assert found["comments"]["en"] == "Acknowledged on the spot: Shop-floor button."
        assert [(each["step"], each["by"]) for each in found["transitions"]] == [
            ("raised", None),
            ("acknowledged", "shop"),
        ]
    finally:
        for role in ("vibration", "stop_button"):
            hub.ask("PUT", f"{roles}/{role}", {"device": None})


def _alarms(hub: Demo, rule: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = hub.get(f"api/v1/alarms?usecase=machine_vibration&rule={rule}&run=real")["alarms"]
    return found
