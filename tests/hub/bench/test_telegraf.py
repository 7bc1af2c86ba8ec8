"""What a message into InfluxDB costs beside Telegraf (hub/bench/telegraf.py)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.bench.telegraf import Run, _figures


def test_the_hub_is_told_beside_telegraf_as_it_comes_and_beside_one_that_compresses_nothing() -> None:
    """Rounds are compared one by one: each ratio is the median of those of a round."""
    found = {
        "telegraf": [Run({"telegraf": each}, 1.0, 0, 0.3) for each in (2.0, 4.0, 4.0)],
        "telegraf_plain": [Run({"telegraf": each}, 1.0, 0, 0.2) for each in (1.0, 2.0, 2.0)],
        "hub": [Run({"ingest": 0.5, "hub": each}, 1.0, 1, 0.1) for each in (0.5, 1.5, 3.5)],
    }
    told = _figures(found, 100_000)
    assert (told["ratio"], told["ratio_plain"]) == (0.5, 1.0)
    assert (told["telegraf_us_per_message"], told["telegraf_plain_us_per_message"]) == (40.0, 20.0)
    assert (told["hub_ingest_us_per_message"], told["hub_missing"]) == (5.0, 1)
    assert told["publisher_us_per_message"] == 2.0


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@pytest.mark.parametrize(("said", "built"), [("Telegraf 1.37.2 (git: x)", False), ("Telegraf unknown", True)])
def test_a_telegraf_is_built_where_none_says_the_version_that_is_compared(
    tmp_path: Path, said: str, *, built: bool
) -> None:
    """A row of a table that does not tell which Telegraf it is about is worth nothing."""
    program = tmp_path / "cache" / "telegraf"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho asked to build >&2\nexit 1\n")
    go.chmod(0o755)
    script = Path(__file__).parents[3] / ".ci" / "telegraf"
    done = subprocess.run(
        [script, program.parent],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("asked to build" in done.stderr) is built
    assert done.stdout == ("" if built else f"{program}\n")
