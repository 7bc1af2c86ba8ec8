"""The whole on the embedded broker, as its users meet it, without a browser."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.web import metrics
from servers.answers import described, faults_of
from servers.hubs import Demo, demo, start, until
from servers.ports import free_port

TELEGRAM = (
    '{"Time":"2026-11-24T09:00:00","BME280":{"Temperature":21.7,"Humidity":40.5,"Pressure":1001.2},"TempUnit":"C"}'
)
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Lend one running cold room, fast enough to see an alarm."""
    with demo(tmp_path_factory.mktemp("demo") / "data", "--speed", "60", "--seed", "7") as running:
        yield running


def test_the_cold_room_has_its_day_behind_it_marked_simulated(hub: Demo) -> None:
    """When the page opens, 24 simulated hours are in the store, and nothing of them pretends to be real."""
    probe = until(lambda: hub.device("tasmota:coldroom-sim-probe"))
    assert probe is not None
    assert probe["simulated"] is True
    air = "device=tasmota:coldroom-sim-probe&channel=temperature_ds18b20_1"
    answer = hub.get(f"api/v1/series?{air}&start=-25h&width=600")
    series = answer["series"][0]
    assert series["run"] == probe["run"] != "real"
    assert series["t"][-1] - series["t"][0] > 23 * 3600
    seen = [value for value in series["v"] if value is not None]
    assert 1.5 < min(seen) < 2.5
    assert 6 < max(value for value in series["max"] or seen if value is not None) < 9


def test_alarms_of_the_day_before_are_past_and_ring_nobody(hub: Demo) -> None:
    """A normal day with three defrosts raises nothing; whatever back-fill raises is past."""
    before = [alarm for alarm in hub.get("api/v1/alarms")["alarms"] if alarm["past"]]
    assert before == []


def test_a_telegram_from_another_program_shows_its_device(hub: Demo) -> None:
    """The done criterion of the main job."""
    hub.publish("tele/kitchen/SENSOR", TELEGRAM)
    expected = {"temperature": 21.7, "humidity": 40.5, "pressure": 1001.2}
    until(lambda: hub.values("tasmota:kitchen") == expected)
    kitchen = hub.device("tasmota:kitchen")
    assert kitchen is not None
    assert kitchen["simulated"] is False
    assert kitchen["run"] == "real"
    assert {each["name"]: each["unit"] for each in kitchen["channels"]} == {
        "temperature": "°C",
        "humidity": "%",
        "pressure": "hPa",
    }


def test_a_retained_measure_without_time_is_shown_but_not_stored(hub: Demo) -> None:
    """Who knows how old it is: state, not news."""
    hub.publish("zigbee2mqtt/attic", '{"temperature":12.5}', retain=True)
    until(lambda: hub.values("zigbee2mqtt:attic").get("temperature") == 12.5)
    # published live: the flag is not set towards a subscriber that was there, so it is news once
    readings = hub.get("api/v1/readings?device=zigbee2mqtt:attic")["readings"]
    assert [each["value"] for each in readings] == [12.5]


def test_what_nobody_understands_is_listed_with_its_reason(hub: Demo) -> None:
    """Plain words, the raw message, and the rest goes on."""
    hub.publish("cellar/door", "ajar")
    listed = until(lambda: not_understood(hub, "cellar/door"))
    assert listed[0]["reason"]
    assert listed[0]["payload"] == "ajar"


def test_a_number_on_a_topic_that_nobody_claims_becomes_a_generic_device(hub: Demo) -> None:
    """A home-made sensor needs no driver."""
    hub.publish("cellar/north/humidity", "81.5")
    until(lambda: hub.values("generic:cellar/north").get("humidity") == 81.5)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"BME280":{"Temperature":NaN}}',
        b"\xff\xfe\x00 not text",
        b"[" * 10_000 + b"]" * 10_000,
        b'{"BME280":{"Temperature":' + b"9" * 5000 + b"}}",
        b"",
    ],
    ids=["NaN", "not UTF-8", "10,000 deep", "5,000 digits", "empty"],
)
def test_hostile_payloads_are_counted_and_the_rest_goes_on(hub: Demo, payload: bytes) -> None:
    """A reason in the list; the next good message is understood."""
    hub.publish("tele/hostile/SENSOR", payload)
    hub.publish("tele/after/SENSOR", TELEGRAM)
    until(lambda: hub.values("tasmota:after").get("temperature") == 21.7)
    until(lambda: not_understood(hub, "tele/hostile/SENSOR"))


def test_a_megabyte_is_taken_and_five_are_refused_by_the_broker_and_counted(hub: Demo) -> None:
    """One more than 1 MiB is cut and listed; above 4 MiB the broker refuses, and its size is told."""
    hub.publish("blob/large", b"x" * 1_200_000)
    until(lambda: not_understood(hub, "blob/large"))
    huge = (
        "import paho.mqtt.client as mqtt, threading\n"
        "cut = threading.Event()\n"
        "client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)\n"
        "client.on_disconnect = lambda *_: cut.set()\n"
        f"client.connect('127.0.0.1', {hub.mqtt_port}); client.loop_start()\n"
        "client.publish('blob/huge', b'x' * 5_000_000, qos=1); assert cut.wait(30)"
    )
    subprocess.run([sys.executable, "-c", huge], timeout=40, check=True, capture_output=True)
    broker = until(lambda: (part := hub.get("health")["parts"]["broker"]).get("refused") and part)
    assert broker["refused_bytes"] > 5_000_000
    hub.publish("tele/after-huge/SENSOR", TELEGRAM)
    until(lambda: hub.values("tasmota:after-huge").get("temperature") == 21.7)


@pytest.mark.timeout(240)  # two demos
def test_killed_with_an_alarm_standing_it_goes_on_without_a_second_one(tmp_path: Path) -> None:
    """Raised 7.5 simulated minutes after the door opened, acknowledged with a word; then kill -9 of all but the broker.

    It is taken over, nothing is doubled, the word and the day are still there.
    """
    data = tmp_path / "data"
    first = start(data, "--speed", "60", "--seed", "7")
    try:
        opened = first.ask("PUT", "api/v1/scenario/faults/door_open", {"active": True})
        assert opened["usecase"] == "cold_room"
        alarm = until(lambda: _alarm(first, "air_very_high"))
        waited = datetime.fromisoformat(alarm["raised_at"]) - datetime.fromisoformat(opened["time"])
        assert timedelta(minutes=6) < waited < timedelta(minutes=15)
        assert (alarm["state"], alarm["past"]) == ("unacknowledged", False)
        assert "°C" in alarm["texts"]["fr"]
        answered = first.ask("POST", f"api/v1/alarms/{alarm['id']}/acknowledge", {"comment": "Je ferme la porte."})
        assert answered["state"] == "acknowledged"
        first.publish("tele/kitchen/SENSOR", TELEGRAM)
        until(lambda: first.values("tasmota:kitchen"))
        broker = first.pid("broker")
        alarms = {each["id"] for each in first.get("api/v1/alarms")["alarms"]}
    finally:
        first.kill()
    first.publish("tele/while-away/SENSOR", TELEGRAM)
    with demo(data, "--speed", "60", "--seed", "7") as second:
        assert second.pid("broker") == broker
        until(lambda: second.values("tasmota:while-away"))
        assert second.values("tasmota:kitchen")["temperature"] == 21.7
        assert len(second.get("api/v1/readings?device=tasmota:kitchen")["readings"]) == 3
        listed = second.get("api/v1/alarms")["alarms"]
        kept = {each["id"]: each["comment"] for each in listed}
        assert alarms <= kept.keys()
        assert len(kept) == len(listed)
        assert kept[alarm["id"]] == "Je ferme la porte."


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Lend a running demo whose parts may be killed."""
    with demo(tmp_path_factory.mktemp("mortal") / "data", "--speed", "60", "--seed", "7") as running:
        yield running


@pytest.mark.parametrize("part", ["hub", "ingest", "sim"])
def test_a_part_that_dies_is_started_again(mortal: Demo, part: str) -> None:
    """The others do not notice; a telegram is on the page again."""
    before = mortal.pid(part)
    psutil.Process(before).kill()
    until(lambda: part in mortal.parts() and mortal.pid(part) != before)
    mortal.publish(f"tele/after-{part}/SENSOR", TELEGRAM)
    until(lambda: _values(mortal, f"tasmota:after-{part}"))


def test_an_orderly_end_leaves_nothing_running(tmp_path: Path) -> None:
    """The broker ends with the hub when nobody crashed."""
    with demo(tmp_path / "data") as hub:
        pids = [hub.pid(name) for name in ("broker", "ingest", "hub", "sim")]
        assert hub.stop() == 0
    assert not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
    assert not (tmp_path / "data" / "run.json").exists()


def not_understood(hub: Demo, topic: str) -> list[dict[str, object]]:
    """Return what the list says of a topic."""
    messages = hub.get("api/v1/messages?understood=false")["messages"]
    return [each for each in messages if each["topic"] == topic]


def refused(*arguments: str) -> str:
    """Return what a demo that must not start says."""
    command = [sys.executable, "-m", "hub", "demo", "--json", "--no-browser", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode in {1, 2}
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


def test_a_second_hub_on_the_same_data_is_refused_with_the_address_of_the_first(hub: Demo) -> None:
    """Two writers would spoil both."""
    assert hub.page in refused("--data", str(hub.data), "--port", "0", "--mqtt-port", "0")


def test_the_same_command_typed_again_is_told_where_the_first_one_is(hub: Demo) -> None:
    """Its port is taken, too: another port would be of no use, the page of the first one is."""
    port = hub.page.rstrip("/").rpartition(":")[2]
    told = refused("--data", str(hub.data), "--port", port, "--mqtt-port", str(hub.mqtt_port))
    assert f"another hub is running at {hub.page}" in told
    assert "--port 0" not in told


def test_a_port_in_use_is_named_with_the_way_out(hub: Demo, tmp_path: Path) -> None:
    """For the page and for the broker."""
    page, free = hub.page.rstrip("/").rpartition(":")[2], str(free_port())
    text = refused("--data", str(tmp_path / "a"), "--port", page, "--mqtt-port", "0")
    assert page in text
    assert "--port" in text
    text = refused("--data", str(tmp_path / "b"), "--port", free, "--mqtt-port", str(hub.mqtt_port))
    assert str(hub.mqtt_port) in text
    assert "--mqtt-port" in text


def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file in its place."""
    (tmp_path / "file").write_text("")
    assert "--data" in refused("--data", str(tmp_path / "file"), "--port", "0", "--mqtt-port", "0")


def _alarm(hub: Demo, rule: str) -> dict[str, Any]:
    """Return the newest alarm of a rule that is not past; empty when there is none."""
    alarms = hub.get("api/v1/alarms")["alarms"]
    return next((each for each in alarms if each["rule"] == rule and not each["past"]), {})


def _values(hub: Demo, uid: str) -> dict[str, float]:
    try:
        return hub.values(uid)
    except OSError:  # it is being started again
        return {}


ON_SERVERS = (
    "journal_groups_total",
    "journal_commit_seconds_total",
    "journal_tried_again_total",
    "journal_stream_messages",
    "journal_replicas",
    "journal_replicas_current",
    "journal_server_connected",
    "send_seconds_total",
    "store_workers",
    "store_parts_confirmed_total",
    "store_parts_redelivered_total",
    "store_dead_letters",
)
"""What is told of a journal on NATS servers and of InfluxDB, and of none in a folder."""


def test_the_dashboard_asks_for_nothing_that_metrics_does_not_tell(hub: Demo) -> None:
    """Every expression's names and labels; the outbox's figures are there where InfluxDB is the store."""

    def metrics_with_a_rate() -> str | None:
        with urlopen(f"{hub.page}metrics", timeout=30) as answer:
            text = str(answer.read().decode())
        return text if "journal_budget_left_seconds" in text else None  # told once it is known how much arrives

    text = until(metrics_with_a_rate)
    assert text is not None
    told: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            told.setdefault(sample.name, set()).update(sample.labels)
    counters = hub.get("health")["counters"]
    dashboard = json.loads(resources.files("hub.web").joinpath("grafana.json").read_text(encoding="utf-8"))
    asked = [target for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) > 20
    for target in asked:
        (name,) = set(re.findall(r"matinales_\w+", target["expr"]))
        if not name.startswith("matinales_outbox_"):
            labels = {*re.findall(r"(\w+)=", target["expr"]), *re.findall(r"by \((\w+)\)", target["expr"])}
            labels |= set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            alarms = {"state", "priority"} if name == "matinales_alarms" else set()
            assert labels <= {"instance"} | told.get(name, set()) | alarms, target
            assert name in told or alarms, target
    for name, line in metrics.lines().items():
        wanted = {each for each in line.counters(name).values() if not each.startswith(("influx_", "data_"))}
        assert wanted - counters.keys() <= {
            "journal_budget_left_seconds",
            "send_seconds_total",
            "store_workers",
            *ON_SERVERS,
        }, name
    living = set(re.findall(r'matinales_process_threads\{part="(\w+)"\}', text))
    assert living >= {"hub", "ingest", "sim", "broker", "supervisor"}


def test_answers_of_a_living_hub_are_as_they_are_described(hub: Demo) -> None:
    """Every address that can be read without knowing a name, and the first of each list by its own."""
    stated = described()["paths"]
    plain = [path for path, methods in stated.items() if "get" in methods and "{" not in path]
    named = {
        "/api/v1/devices/{id}": f"/api/v1/devices/{quote(hub.get('api/v1/devices')['devices'][0]['id'], safe='')}",
        "/api/v1/usecases/{name}": "/api/v1/usecases/cold_room",
        "/api/v1/usecases/{name}/money": "/api/v1/usecases/cold_room/money",
        "/api/v1/usecases/{name}/candidates": "/api/v1/usecases/cold_room/candidates",
    }
    for path, address in {**{path: path for path in plain}, **named}.items():
        try:
            answer = urlopen(hub.page + address.lstrip("/"), timeout=30)
        except HTTPError as error:
            answer = error
        with answer:
            kind = answer.headers.get_content_type()
            assert faults_of("GET", path, answer.status, kind, answer.read()) == []
