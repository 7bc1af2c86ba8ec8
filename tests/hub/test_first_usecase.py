"""Whoever follows hub/usecases/README.md ends with a use case that plays on the page, and never touched Python."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from servers.hubs import demo, until

ROOT = Path(__file__).parents[2]
README = (ROOT / "hub/usecases/README.md").read_text(encoding="utf-8")
WALK = README[README.index("## A first use case") : README.index("## Commands")]
BLOCKS = re.findall(r"^```(sh|toml)\n(.+?)^```", WALK, re.MULTILINE | re.DOTALL)
PARTS = ("hub", "device_sims", "tests", "pyproject.toml", "mosquitto.conf")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what a newcomer has checked out, as far as the walk needs it."""
    place = tmp_path_factory.mktemp("walk") / "checkout"
    place.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("e2e", "captures"))
        else:
            shutil.copy(ROOT / part, place / part)
    (place / "tests/captures").mkdir()
    return place


def run(line: str, place: Path) -> str:
    """Run a command of the walk by this Python, on the copy; it must succeed."""
    program, *words = shlex.split(line)
    start = [sys.executable, "-m", "hub" if program == "matinales" else program, *words]
    if program == "pytest":
        start += ["-q", "-n", "0", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(place), "COLUMNS": "200"}
    done = subprocess.run(
        start, cwd=place, env=environment, capture_output=True, text=True, timeout=200, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.timeout(300)
def test_the_walk_leads_to_a_use_case_on_the_page(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command is carried out as it is written; then the API gives values, rule and, after the fault, the alarm."""
    (_, begin), (_, play), (_, limit), *_ = BLOCKS
    said = [run(each, checkout) for each in begin.strip().splitlines()]
    wrote = re.findall(r"wrote (\S+)", said[0])
    assert re.findall(r"`(hub/[A-Za-z_/]+\.(?:toml|md))`", WALK) == [each for each in wrote if not each.endswith(".py")]
    assert said[1] == "✓ bread_oven\n"
    assert "too_warm" in said[2]
    story = checkout / "hub/usecases/bread_oven/usecase.toml"
    story.write_text(re.sub(r"^limit = .*\n", limit, story.read_text(encoding="utf-8"), flags=re.MULTILINE), "utf-8")
    assert run("matinales usecases check bread_oven", checkout) == said[1]
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("PYTHONPATH", str(checkout))
    _, _, *options = shlex.split(play)
    with demo(checkout.parent / "data", *options, "--history", "1h") as hub:
        usecase = until(lambda: heard(hub.get("api/v1/usecases/bread_oven")), 60)
        assert usecase["title"] == {"fr": "Four à pain", "en": "Bread oven"}
        assert [rule["limit"] for rule in usecase["rules"] if rule["id"] == "too_warm"] == [6.0]
        assert [role["state"] for role in usecase["roles"]] == ["simulated"]
        hub.ask("PUT", "api/v1/scenario/faults/door_ajar", {"active": True})
        alarm = until(lambda: next(iter(hub.get("api/v1/alarms")["alarms"]), None), 60)
        assert alarm is not None
        assert (alarm["usecase"], alarm["rule"], alarm["past"]) == ("bread_oven", "too_warm", False)


def heard(usecase: dict[str, Any]) -> dict[str, Any]:
    """Return the use case once each of its measures has a value; nothing before."""
    return usecase if all(each["value"] is not None for each in usecase["measures"]) else {}


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_rest_of_the_walk_succeeds_too(checkout: Path) -> None:
    """What the scenario expects is played; a package of its own holds together."""
    if not (checkout / "hub/usecases/bread_oven").is_dir():
        run(BLOCKS[0][1].splitlines()[0], checkout)
    (_, played), (_, apart) = BLOCKS[3:]
    assert "3 passed" in run(played.strip(), checkout)
    assert "✓" in [run(each, checkout) for each in apart.strip().splitlines()][-1]
