"""What a figure was measured on is told beside it (hub/bench/_machine.py)."""

from pathlib import Path

import pytest

from hub.bench._machine import described


def test_the_programs_that_take_part_say_their_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as they are installed; one that fails, or says no version, is left out."""
    for name, said in (("telegraf", "echo Telegraf 1.37.0"), ("influxd", "exit 3"), ("mosquitto", "echo 2.0.11 >&2")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{said}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    programs = described()["programs"]
    assert "mosquitto 2.0.11" in programs
    assert "telegraf 1.37.0" in programs
    assert "influxd" not in programs


def test_without_any_of_them_nothing_is_said_of_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """And how busy the machine is already is told in any case."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert "programs" not in described()
    assert float(described()["load"]) >= 0
