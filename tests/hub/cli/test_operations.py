"""What OPERATIONS.md tells people to install is what the hub and the system understand."""

import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from hub.cli import names
from hub.config import Config

TEXT = (Path(__file__).parents[3] / "hub" / "cli" / "OPERATIONS.md").read_text(encoding="utf-8")
SETTINGS = {f"HUB_{field.name.upper()}" for field in msgspec.structs.fields(Config)}


def block(kind: str, name: str) -> str:
    """Return a block that the document shows under a mark."""
    found = re.search(rf"<!-- {kind}: {re.escape(name)} -->\n```\w*\n(.+?)\n```", TEXT, re.DOTALL)
    assert found is not None, name
    return found[1]


UNIT = block("unit", "matinales.service")


@pytest.mark.parametrize("text", [UNIT, block("script", "start-matinales.cmd")], ids=["systemd", "Windows"])
def test_a_service_sets_nothing_that_there_is_not(text: str) -> None:
    """Each HUB_* is a setting; the command is one."""
    assert set(re.findall(r"\bHUB_[A-Z_]+", text)) <= SETTINGS
    (command,) = re.findall(r"matinales(?:\.exe\")? (run)\b", text)
    assert command in names()


def test_the_unit_runs_as_a_user_of_its_own_behind_walls() -> None:
    """The PIN comes as a credential; what dies is started again; the hub says itself when it is up."""
    service = dict(re.findall(r"^(\w+)=(.*)$", UNIT, re.MULTILINE))
    assert (service["User"], service["Type"], service["Restart"]) == ("hub", "notify", "on-failure")
    assert service["LoadCredential"].startswith("pin:")
    assert "HUB_PIN_FILE=%d/pin" in UNIT
    for wall in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "ProtectKernelModules", "RestrictNamespaces"):
        assert service[wall] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` knows every line of it."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("needs systemd-analyze: apt install systemd")
    here = UNIT.replace("/opt/matinales/bin/matinales", "/bin/true").replace("User=hub", "User=root")
    file = tmp_path / "matinales.service"
    file.write_text(here.replace("Group=hub", "Group=root"))
    done = subprocess.run([program, "verify", str(file)], capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if "matinales.service" in line]
    assert (done.returncode, told) == (0, []), done.stderr


def test_the_windows_script_has_lines_that_cmd_reads() -> None:
    """No unpaired quote; the folder is closed to others before anything is written."""
    lines = block("script", "start-matinales.cmd").splitlines()
    assert all(line.count('"') % 2 == 0 for line in lines)
    assert next(n for n, line in enumerate(lines) if "icacls" in line) < next(
        n for n, line in enumerate(lines) if "matinales.exe" in line
    )
