"""A package's driver that misbehaves in a running hub: the others go on, and what it missed comes back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from servers import packages
from servers.hanging_up import hang_up
from servers.hubs import Demo, demo, until

pytestmark = pytest.mark.timeout(240)  # up to three demos
MESSAGES = 300
FAULTY = (60, 120, 180)
"""Among the messages of acme-one, what makes it fail three times."""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the package for the hub's processes."""
    folder = packages.write(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))
    return folder


@contextmanager
def publisher(hub: Demo) -> Iterator[paho.Client]:
    """Lend a client that has delivered everything when it is given back."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="test-guests")
    client.connect("127.0.0.1", hub.mqtt_port)
    client.loop_start()
    sent: list[paho.MQTTMessageInfo] = []
    publish = client.publish

    def noted(*arguments: Any, **more: Any) -> paho.MQTTMessageInfo:  # noqa: ANN401 — paho's own
        sent.append(publish(*arguments, **more))
        return sent[-1]

    client.publish = noted  # type: ignore[method-assign]
    try:
        yield client
        for each in sent:
            each.wait_for_publish(30)
    finally:
        hang_up(client)


def say(hub: Demo, misdeed: str) -> None:
    """Let three families speak in turn; acme-one does its misdeed now and then."""
    with publisher(hub) as client:
        for number in range(MESSAGES):
            client.publish("acme-one/a/up", misdeed if number in FAULTY else f"{number / 10}", 1)
            client.publish("acme-two/a/up", f"{number / 10}", 1)
            client.publish(
                "tele/oven/SENSOR", json.dumps({"DS18B20": {"Temperature": number / 10}, "TempUnit": "C"}), 1
            )


def temperatures(hub: Demo, uid: str) -> list[float]:
    """Return all stored temperatures of a device, in order of time."""
    rows = hub.get(f"api/v1/readings?device={uid}&limit=10000")["readings"]
    return [row["value"] for row in rows if row["channel"].startswith("temperature")]


def numbers(*, but: tuple[int, ...] = ()) -> list[float]:
    """Return what was said."""
    return [number / 10 for number in range(MESSAGES) if number not in but]


def part(hub: Demo) -> dict[str, Any]:
    """Return what /health says of the drivers of packages."""
    found: dict[str, Any] = hub.get("health")["parts"]["drivers"]
    return found


def command(hub: Demo, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the hub's folder."""
    line = [sys.executable, "-m", "hub", *words, "--data", str(hub.data)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, encoding="utf-8")


@pytest.mark.parametrize(
    "misdeed", ["block", *(pytest.param(each, marks=pytest.mark.long) for each in ("raise", "exit", "half", "eat"))]
)
def test_a_misbehaving_driver_is_off_after_three_strikes_and_reads_again_what_it_missed(
    tmp_path: Path, site: Path, misdeed: str
) -> None:
    """Ingestion and the others lose nothing; repaired and enabled, every message of its own is there, in order."""
    with demo(tmp_path / "data") as hub:
        assert part(hub)["status"] == "ok"
        say(hub, misdeed)
        for uid in ("acmetwo:a", "tasmota:oven"):
            until(lambda uid=uid: len(temperatures(hub, uid)) == MESSAGES)  # type: ignore[misc]
            assert temperatures(hub, uid) == numbers()
        assert temperatures(hub, "acmeone:a") == [number for number in numbers(but=FAULTY) if number < FAULTY[-1] / 10]
        until(lambda: " is off" in (part(hub)["text"] or {"en": ""})["en"])
        told = part(hub)
        assert "acme-one (acme-drivers 1.2)" in told["text"]["en"]
        assert "acme-one" in told["text"]["fr"]
        assert "matinales drivers enable acme-one" in told["remedy"]["en"]
        assert "acme-one" in command(hub, "doctor").stdout
        refused = [
            each for each in hub.get("api/v1/messages?understood=false")["messages"] if each["driver"] == "acme-one"
        ]
        assert any("off" in each["reason"] for each in refused)

        code = (site / f"{packages.MODULE}.py").read_text(encoding="utf-8")
        repaired = code.replace(
            "if word in MISDEEDS:",
            "if word in MISDEEDS or word in RUBBISH:\n            word = '99'\n        if word in MISDEEDS:",
        )
        (site / f"{packages.MODULE}.py").write_text(repaired, encoding="utf-8")
        assert command(hub, "drivers", "enable", "acme-one").stdout.startswith("acme-one (acme-drivers 1.2): ")
        with publisher(hub) as client:
            client.publish("acme-one/a/up", "50", 1)
        until(lambda: len(temperatures(hub, "acmeone:a")) == MESSAGES + 1)
        whole = [99.0 if number in FAULTY else number / 10 for number in range(MESSAGES)]
        assert temperatures(hub, "acmeone:a") == [*whole, 50.0]
        assert until(lambda: part(hub)["status"] == "ok")
        assert hub.get("api/v1/drivers")["drivers"][0]["state"] == "on"
        assert hub.get("health")["counters"]["steps_failed_total"] == 0


def test_a_driver_that_was_off_stays_off_over_a_restart_and_is_enabled_while_no_hub_runs(
    tmp_path: Path, site: Path
) -> None:
    """What the hub heard meanwhile is read again at its next start."""
    assert site.is_dir()
    data = tmp_path / "data"
    with demo(data) as hub:
        assert command(hub, "drivers", "disable", "acme-one").returncode == 0
        hub.publish("acme-one/a/up", "1.5")
        until(
            lambda: any(
                each["driver"] == "acme-one" for each in hub.get("api/v1/messages?understood=false")["messages"]
            )
        )
    with demo(data) as hub:
        assert hub.get("api/v1/drivers")["drivers"][0]["state"] == "off"
        hub.publish("acme-one/a/up", "2.5")
        until(lambda: hub.get("health")["counters"]["messages_not_understood_total"] == 1)
    assert command(hub, "drivers", "enable", "acme-one").returncode == 0
    with demo(data) as hub:
        until(lambda: temperatures(hub, "acmeone:a") == [1.5, 2.5])
