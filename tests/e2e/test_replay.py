"""`matinales replay` on a living hub: a recorded afternoon comes again, marked, on a run of its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servers.hubs import Demo, demo, until

pytestmark = pytest.mark.timeout(120)
PROBE = "tasmota:sim-cellar"
TIMES = 6
LINES = "".join(
    f'{1_795_763_280 + 10 * number}.000000000 tele/{name}/SENSOR {{"DS18B20":{{"Temperature":{number}.5}}}}\n'
    for number in range(TIMES)
    for name in ("sim-cellar", "kitchen")
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Lend a running demo."""
    with demo(tmp_path_factory.mktemp("replay") / "data", "--seed", "7") as running:
        yield running


def replayed(hub: Demo, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Play a file to its end."""
    command = [sys.executable, "-m", "hub", "replay", str(file), "--data", str(hub.data), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def played(hub: Demo, device: str, run: str) -> list[dict[str, Any]]:
    """Return what a device measured on a run, once all of it is stored; empty before."""
    found: list[dict[str, Any]] = hub.get(f"api/v1/readings?device={device}&channel=temperature&run={run}")["readings"]
    return found if len(found) == TIMES else []


def test_a_recording_plays_on_a_run_of_its_own_and_changes_no_real_device(hub: Demo, tmp_path: Path) -> None:
    """Who is known as real keeps its present; the recorded values lie on the replay's run, at their own times."""
    hub.publish("tele/kitchen/SENSOR", '{"DS18B20":{"Temperature":21.5}}')
    until(lambda: hub.device("tasmota:kitchen"))
    file = tmp_path / "afternoon.txt"
    file.write_text(LINES)
    done = replayed(hub, file, "--speed", "600")
    assert done.returncode == 0, done.stderr
    until(lambda: (device := hub.device(PROBE)) and hub.values(PROBE).get("temperature") == 5.5 and device)
    probe, kitchen = hub.device(PROBE), hub.device("tasmota:kitchen")
    assert probe is not None
    assert kitchen is not None
    assert probe["simulated"] is True
    assert str(probe["run"]).startswith("replay-")
    assert (kitchen["simulated"], kitchen["run"], hub.values("tasmota:kitchen")["temperature"]) == (False, "real", 21.5)
    for device in (PROBE, "tasmota:kitchen"):
        found = until(lambda device=device: played(hub, device, probe["run"]))  # type: ignore[misc]
        assert [(each["value"], each["time"]) for each in found][::5] == [
            (0.5, "2026-11-27T07:08:00Z"),
            (5.5, "2026-11-27T07:08:50Z"),
        ]
        assert all(each["simulated"] for each in found)


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("", (), "is empty"),
        ("a/b 1\n", ("--from", "5"), "after its first 5 min"),
        ("a/b 1\n", ("--speed", "9999"), "between 0"),
    ],
)
def test_what_cannot_be_played_is_said(
    hub: Demo, tmp_path: Path, content: str, options: tuple[str, ...], said: str
) -> None:
    """Usage, with the file or the option named."""
    file = tmp_path / "recording.txt"
    file.write_text(content)
    done = replayed(hub, file, *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_without_a_hub_the_command_says_how_to_start_one(tmp_path: Path) -> None:
    """A replay needs somebody who shows it."""
    command = [sys.executable, "-m", "hub", "replay", "any.txt", "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "no hub lives there; start one with `matinales demo`" in done.stderr.replace("\n", " ")
