"""The examples of hub/web/README.md, copied as they stand, at a running demo that is open to the room (issue 10)."""

import asyncio
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import node_red
from servers.examples import example
from servers.hubs import Demo, demo, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]
PROBE = "tasmota:coldroom-sim-probe"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Lend the cold room with --lan: who sends needs a token."""
    with demo(tmp_path_factory.mktemp("room") / "data", "--lan") as running:
        until(lambda: running.values(PROBE))
        yield running


def printed(*command: str, token: str = "") -> str:
    """Return what a command prints; it must end well."""
    environ = os.environ | {"TOKEN": token}
    return subprocess.run(command, env=environ, check=True, capture_output=True, encoding="utf-8", timeout=60).stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed: apt-get install curl")
def test_curl(room: Demo) -> None:
    """A stranger reads and sends nothing; with a token a measure is journalled once, however often it is sent."""
    script = example("curl", room.page, PROBE)
    refused = printed("sh", "-euc", script)
    assert PROBE in refused
    assert "matinales tokens new" in refused
    token = printed(sys.executable, "-m", "hub", "tokens", "new", "shed", "--data", str(room.data)).strip()
    answers = [json.loads(printed("sh", "-euc", script, token=token).splitlines()[-1]) for _ in range(2)]
    assert answers[0]["accepted"] == 1
    assert answers[0] == answers[1]


def test_python(room: Demo) -> None:
    """It prints every device and the last day of one."""
    said = printed(sys.executable, "-c", example("python", room.page, PROBE)).splitlines()
    assert said[0].startswith("coldroom-sim-probe [(")
    assert any("temperature_ds18b20_1" in each for each in said[5:])


def test_a_spreadsheet(room: Demo) -> None:
    """The address gives a French table: every value is a number with a decimal comma."""
    with urllib.request.urlopen(example("spreadsheet", room.page, PROBE), timeout=30) as answer:
        rows = [*csv.DictReader(io.StringIO(answer.read().decode("utf-8-sig")), delimiter=";")]
    assert {each["device"] for each in rows} == {PROBE}
    assert all("." not in each["value"] and float(each["value"].replace(",", ".")) > -273 for each in rows)


def test_node_red(room: Demo, tmp_path: Path) -> None:
    """A real one hands on a message a device."""

    async def devices() -> set[str]:
        async with node_red.playing(tmp_path, json.loads(example("node-red", room.page))) as address:
            return {str(each["id"]) for each in await node_red.seen(address)}

    assert PROBE in asyncio.run(devices())
