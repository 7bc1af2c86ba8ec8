"""The documents tell the truth: links lead somewhere, commands exist, every setting is explained."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from hub.cli import names
from hub.config import Config
from hub.registry import load_drivers
from hub.usecases.loader import names as usecases
from servers.hubs import demo, until

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("hub/**/*.md"))]


def command(name: str) -> str:
    """Return the command that the README shows under a name."""
    found = re.search(rf"<!-- command: {name} -->\s*```\w*\n(.+?)\n\s*```", README, re.DOTALL)
    assert found is not None, f"the README has no command {name!r}"
    return found[1].strip()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_to_files_lead_somewhere(document: Path) -> None:
    """A reader never lands nowhere."""
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    missing = [each for each in targets if "://" not in each and not (document.parent / each).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_that_are_shown_exist(document: Path) -> None:
    """`matinales …` with a sub-command that there is."""
    shown = set(re.findall(r"`(?:[^`\n]*/)?matinales ([a-z][a-z-]*)", document.read_text(encoding="utf-8")))
    assert shown <= set(names()), f"{document.name} shows {shown - set(names())}"


def test_every_sub_command_is_in_the_readme() -> None:
    """What nobody reads of, nobody uses."""
    assert [name for name in names() if f"matinales {name}" not in README] == []


def test_every_setting_is_explained() -> None:
    """And none that does not exist."""
    table = README[README.index("| setting |") : README.index("mosquitto.conf`](mosquitto.conf)")]
    rows = {
        name for row in re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert rows == {field.name for field in msgspec.structs.fields(Config)}


def test_every_use_case_is_named() -> None:
    """With its story."""
    assert [name for name in usecases() if f"`{name}`" not in README] == []


def test_every_driver_is_named() -> None:
    """By the title people know it by, in its first word."""
    assert [
        each.model for each in load_drivers().values() if each.title.split()[0] not in README and each.rank < 2
    ] == []


@pytest.mark.timeout(120)
def test_the_line_to_paste_puts_a_device_on_the_page(tmp_path: Path) -> None:
    """As it stands, but for the port."""
    with demo(tmp_path / "data") as hub:
        line = command("publish").replace("port=1883", f"port={hub.mqtt_port}")
        words = shlex.split(line.replace(".venv/bin/python", sys.executable))
        subprocess.run(words, check=True, timeout=40, env=dict(os.environ))
        until(lambda: hub.values("tasmota:kitchen").get("temperature") == 21.7)
