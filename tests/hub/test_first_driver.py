"""Whoever follows hub/drivers/README.md ends with a driver that is ready to be merged."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "hub/drivers/README.md").read_text(encoding="utf-8")
PARTS = (
    "hub",
    "device_sims",
    "tests/servers",
    "tests/captures",
    "tests/conftest.py",
    "tests/test_captures.py",
    "tests/hub/test_drivers.py",
    "tests/hub/test_setup.py",
    "pyproject.toml",
    "mosquitto.conf",
)
STEP = re.compile(r"^ *```(json|sh)\n(.+?)^ *```", re.MULTILINE | re.DOTALL)
WALK = README[README.index("## From a captured payload") : README.index("What to hold to:")]
CAPTURE = "tests/captures/acme/acme_cr1.json"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of what a newcomer has checked out, as far as the walk needs it."""
    place = tmp_path / "checkout"
    for part in PARTS:
        (place / part).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("static"))
        else:
            shutil.copy(ROOT / part, place / part)
    return place


def run(line: str, place: Path) -> str:
    """Run a command of the walk by this Python, on the copy; it must succeed."""
    program, *words = shlex.split(line)
    start = [sys.executable, "-m", "hub" if program == "matinales" else program, *words]
    if program == "pytest":
        start += ["-n", "0", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(place)}
    done = subprocess.run(
        start, cwd=place, env=environment, capture_output=True, text=True, timeout=200, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.timeout(240)
def test_the_walk_leads_from_a_payload_to_a_merged_driver(checkout: Path) -> None:
    """Each block is carried out in turn: the first file saved, the driver rewritten as shown, the capture completed."""
    (captured, begin, see, completed, prove) = STEP.findall(WALK)
    (checkout / "cold-room.json").write_text(dedent(captured[1]), encoding="utf-8")
    lines = [each.strip() for each in begin[1].strip().splitlines()]
    said = [run(each, checkout) for each in lines]
    assert said[-1] == "acme-cr1: good\n"
    finished = README.split("```python\n")[1].split("```")[0]
    (checkout / "hub/drivers/acme_cr1.py").write_text(finished, encoding="utf-8")
    said = [run(each.strip(), checkout) for each in see[1].strip().splitlines()]
    assert said[0] == "acme-cr1: good\n"
    assert "acme-cr1 · acme:a7" in said[1]
    assert "Acme CR-1" in said[2]
    (checkout / CAPTURE).write_text(dedent(completed[1]), encoding="utf-8")
    said = [run(each.strip(), checkout) for each in prove[1].strip().splitlines()]
    assert re.search(r"\d\d passed", said[0])


def test_every_file_the_walk_names_is_written(checkout: Path) -> None:
    """Driver, what to type, capture."""
    (checkout / "cold-room.json").write_text(dedent(STEP.findall(WALK)[0][1]), encoding="utf-8")
    wrote = run("matinales drivers new acme-cr1 --from cold-room.json", checkout)
    names = re.findall(r"`((?:hub|tests)/[a-z_/0-9]+\.(?:py|toml|json))`", WALK)
    assert names == re.findall(r"wrote (\S+)", wrote)
