"""`matinales drivers` lists, shows and tests the device families."""

import json
import os
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import hub.drivers
from hub.__main__ import main
from hub.guests import house
from hub.registry import load_drivers
from servers import packages

GOOD = '''"""Acme."""
from hub.driver import Channel, Decoded, Driver, Example, Sample
from hub.model import Kind
from hub.payload import number_in, text

def decode(message, context):
    return Decoded(Kind.READINGS, "acme:one", (Sample("temperature", number_in(text(message.payload))),)), context

DRIVER = Driver(
    model="acme-cr1", family="acme", title="Acme", source="datasheet", topics=("acme/#",), decode=decode,
    channels=(Channel(name="temperature", unit=None, low=-40, high=60),),
    examples=(Example.gives("acme/a", "3.4", temperature=3.4), Example.refused("acme/a", "x", because="not a number")),
)
'''


def test_list_names_every_driver(capsys: pytest.CaptureFixture[str]) -> None:
    """For people and for programs."""
    assert main(["drivers", "list"]) == 0
    out = capsys.readouterr().out
    assert all(model in out for model in load_drivers())
    assert main(["drivers", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["drivers"]
    assert [each["name"] for each in listed] == list(load_drivers())
    assert {"name", "family", "title", "topics"} <= listed[0].keys()


@pytest.mark.parametrize("model", load_drivers())
def test_show_tells_channels_and_examples(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Names, units, ranges, and a refusal among the examples."""
    driver = load_drivers()[model]
    assert main(["drivers", "show", model]) == 0
    out = capsys.readouterr().out
    assert all(channel.name in out for channel in driver.channels)
    assert "→ refused:" in out
    assert main(["drivers", "show", model, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in shown["channels"]] == [channel.name for channel in driver.channels]
    assert len(shown["examples"]) == len(driver.examples)


def test_an_unknown_name_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2."""
    assert main(["drivers", "show", "nope"]) == 2
    assert "tasmota" in capsys.readouterr().err


def test_test_finds_the_installed_ones_good(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0."""
    assert main(["drivers", "test", "--damaged", "4"]) == 0
    assert "tasmota: good" in capsys.readouterr().out


def test_test_takes_a_file_or_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A driver need not be installed to be tried; a fault is named, exit 1."""
    (tmp_path / "acme.py").write_text(GOOD, encoding="utf-8")
    assert main(["drivers", "test", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"drivers": [{"name": "acme-cr1", "problems": []}]}
    (tmp_path / "acme.py").write_text(GOOD.replace("temperature=3.4", "temperature=3.5"), encoding="utf-8")
    assert main(["drivers", "test", str(tmp_path / "acme.py")]) == 1
    assert "gives {'temperature': 3.4}, not {'temperature': 3.5}" in capsys.readouterr().out


def test_the_readmes_first_driver_is_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a newcomer copies keeps the whole contract."""
    readme = Path(hub.drivers.__path__[0], "README.md").read_text(encoding="utf-8")
    (tmp_path / "acme.py").write_text(readme.split("```python\n")[1].split("```")[0], encoding="utf-8")
    assert main(["drivers", "test", str(tmp_path / "acme.py")]) == 0
    assert capsys.readouterr().out == "acme-cr1: good\n"


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ("", "no attribute 'DRIVER'"),
        ("DRIVER = 5", "is not a hub.driver.Driver"),
        ("import nothing_here", "cannot be imported"),
    ],
)
def test_a_file_that_is_no_driver(
    tmp_path: Path, content: str, remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named with what is wrong, exit 2."""
    path = tmp_path / "thing.py"
    path.write_text(content, encoding="utf-8")
    assert main(["drivers", "test", str(path)]) == 2
    assert remedy in capsys.readouterr().err


def test_a_path_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that does not exist, a folder without drivers."""
    assert main(["drivers", "test", str(tmp_path / "x.py")]) == 2
    assert "no such Python file" in capsys.readouterr().err
    assert main(["drivers", "test", str(tmp_path)]) == 2
    assert "no driver file" in capsys.readouterr().err


@pytest.fixture
def packages_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package with two drivers, and one that ends whoever imports it."""
    site = packages.write(tmp_path / "site")
    (site / "ends.py").write_text("import os\nos._exit(5)\n")
    points = [EntryPoint("ends", "ends:DRIVER", "matinales.drivers"), *packages.points()]
    monkeypatch.setattr(house, "entry_points", lambda **_: points)
    monkeypatch.setattr(house, "LOADING", 60.0)  # no slow machine may make a test fail
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])]))


@pytest.mark.usefixtures("packages_installed")
def test_drivers_of_packages_are_listed_shown_and_tried_whatever_another_does(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Their code runs in its own process: the command goes on."""
    assert main(["drivers", "list", "--json"]) == 0
    assert {"acme-one", "acme-two"} < {each["name"] for each in json.loads(capsys.readouterr().out)["drivers"]}
    assert "ends:DRIVER of package ends is off: it cannot be loaded" in caplog.text
    assert main(["drivers", "show", "acme-one"]) == 0
    assert "temperature 21.5" in capsys.readouterr().out
    assert main(["decode", "acme-one/a/up", "21.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["device"] == "acmeone:a"
    assert main(["decode", "acme-one/a/up", "exit"]) == 1
    assert "driver acme-one of package acme_drivers ended its process" in capsys.readouterr().out
