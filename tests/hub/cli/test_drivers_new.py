"""`matinales drivers new` writes a driver that keeps its contract at once, in the hub or as a package."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hub import setup
from hub.__main__ import main
from hub.source import run_file

SAID = '{"t":3.4,"temperature":21.5,"door":{"open":true},"ts":1764208800}'
ROOT = Path(__file__).parents[3]


def new(*options: str, name: str = "acme-cr1") -> int:
    """Begin a driver from a message."""
    return main(["drivers", "new", name, *options])


def test_the_hub_gets_driver_setup_and_capture(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the driver gives is what the capture states; a name known elsewhere has its unit there, unsaid here."""
    assert new("--topic", "acme/a7/up", "--payload", SAID, "--title", "Acme CR-1") == 0
    assert capsys.readouterr().out.endswith("next: matinales drivers test hub/drivers/acme_cr1.py\n")
    assert main(["drivers", "test", "hub/drivers/acme_cr1.py"]) == 0
    driver = run_file(checkout / "hub/drivers/acme_cr1.py", "acme_cr1").DRIVER
    assert (driver.model, driver.family, driver.title, driver.topics) == (
        "acme-cr1",
        "acme",
        "Acme CR-1",
        ("acme/+/up",),
    )
    assert {each.name: each.unit for each in driver.channels} == {"t": None, "temperature": "°C", "door_open": None}
    decoded, _ = driver.decode(driver.examples[0].message(), None)
    assert {each.channel: each.unit for each in decoded.samples} == {"t": None, "temperature": "", "door_open": None}
    capture = json.loads((checkout / "tests/captures/acme/acme_cr1.json").read_text(encoding="utf-8"))
    assert capture["messages"] == [{"topic": "acme/a7/up", "payload": SAID}]
    assert capture["values"] == {"acme:a7": {"t": 3.4, "temperature": 21.5, "door_open": 1.0}}


def test_what_to_type_is_said_in_two_languages(checkout: Path) -> None:
    """Braces in a topic are no places to fill in."""
    assert new("--topic", "acme/{a7}/up", "--payload", "1") == 0
    (step,) = setup.instructions("acme_cr1", checkout / "hub/drivers").setup
    assert set(step.say) == {"fr", "en"}
    assert step.type is not None
    assert step.type.format(host="h", port=1, user="u", password="p").endswith("acme/{a7}/up")


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("acme/a7/up", "21.5"),
        ("acme/a7/up", "ON"),
        ("acme/a7/up", ""),
        ("acme", '{"v":[1,2,{"x":3}]}'),
        ("/acme/a7", '["it\'s", 5]'),
        ('acme/"""\\/é', '{"a\\"b\\n":1,"\'":2,"import":3}'),
        ("acme/a7/up", '{"long":"' + "é'\\\\" * 200 + '","v":1e300}'),
        ("acme/a7/up", "\\" * 300),
        ("acme/a7/up", '{"a":-0.0,"a_2":1,"A":2}'),
        ("acme/a7/up", "\udcff\udcfe"),
    ],
)
def test_whatever_was_heard_the_driver_is_good(checkout: Path, topic: str, payload: str) -> None:
    """Numbers are read; what is no JSON with numbers is refused in words, and the author goes on from there."""
    assert new("--topic", topic, "--payload", payload) == 0
    assert main(["drivers", "test", "hub/drivers/acme_cr1.py"]) == 0
    configured = ["--no-cache", "--config", str(ROOT / "pyproject.toml")]
    for act in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *act, *configured, str(checkout / "hub/drivers/acme_cr1.py")]
        done = subprocess.run(ruff, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_capture_is_taken_whole(checkout: Path) -> None:
    """As the page saves it."""
    Path("c.json").write_text(json.dumps({"messages": [{"topic": "acme/b/up", "payload": '{"t":1}'}]}))
    assert new("--from", "c.json") == 0
    assert main(["drivers", "test", "hub/drivers/acme_cr1.py"]) == 0
    assert '"acme/b/up"' in (checkout / "hub/drivers/acme_cr1.py").read_text(encoding="utf-8")


def test_without_a_message_there_is_one_to_begin_with(checkout: Path) -> None:
    """Nothing but a name is needed."""
    assert new() == 0
    assert main(["drivers", "test", str(checkout / "hub/drivers/acme_cr1.py")]) == 0


def test_the_hub_finds_an_installed_package(tmp_path: Path) -> None:
    """By the entry point that its pyproject names; its own tests pass."""
    place = tmp_path / "acme"
    assert new("--package", str(place), "--topic", "acme/a7/up", "--payload", SAID) == 0
    project = tomllib.loads((place / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = place / "src" / "acme-0.1.0.dist-info"  # what an installer writes
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    ((group, points),) = project["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(place / "src"), str(ROOT)])}

    def run(*words: str) -> str:
        line = [sys.executable, "-m", *words]
        done = subprocess.run(line, cwd=place, env=environment, capture_output=True, text=True, timeout=50, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "acme:a7" in run("hub", "decode", "acme/a7/up", SAID)
    assert run("hub", "drivers", "test", "src/matinales_driver_acme_cr1") == "acme-cr1: good\n"
    assert "3 passed" in run("pytest", "-q", "-p", "no:cacheprovider")


@pytest.mark.parametrize(
    ("name", "options", "remedy"),
    [
        ("Acme", [], "kebab-case"),
        ("acme_cr1", [], "kebab-case"),
        ("../acme", [], "kebab-case"),
        ("tasmota", [], "already a driver 'tasmota'"),
        ("acme", ["--topic", "a/b"], "--payload is missing"),
        ("acme", ["--payload", "1"], "--topic is missing"),
        ("acme", ["--from", "c.json", "--topic", "a"], "not both"),
        ("acme", ["--from", "nothing.json"], "cannot be read"),
        ("acme", ["--topic", "a/+", "--payload", "1"], "--topic: 'a/+'"),
        ("acme", ["--title", 'A"B'], "--title"),
    ],
)
def test_wrong_usage_names_the_remedy(
    checkout: Path, name: str, options: list[str], remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and nothing is written."""
    before = sorted(checkout.rglob("*"))
    assert new(*options, name=name) == 2
    assert remedy in capsys.readouterr().err
    assert sorted(checkout.rglob("*")) == before


def test_nothing_is_overwritten(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One file that is there keeps all others from being written."""
    there = checkout / "tests/captures/acme/acme_cr1.json"
    there.parent.mkdir()
    there.write_text("mine")
    assert new() == 2
    assert "is there already" in capsys.readouterr().err
    assert there.read_text() == "mine"
    assert not (checkout / "hub/drivers/acme_cr1.py").exists()


def test_outside_a_checkout_a_package_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody writes into an installed hub by mistake."""
    monkeypatch.chdir(tmp_path)
    assert new() == 2
    assert "--package" in capsys.readouterr().err


def test_a_topic_that_is_another_drivers_is_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Written all the same: the author may know better."""
    assert new("--topic", "tele/kitchen/SENSOR", "--payload", SAID) == 0
    assert "note: tasmota claims tele/kitchen/SENSOR too" in capsys.readouterr().out
    assert checkout.is_dir()
