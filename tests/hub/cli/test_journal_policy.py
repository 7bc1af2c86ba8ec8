"""The journal's budget and policy as settings: handed to the ingest, or refused where they would lose silently."""

from pathlib import Path
from typing import Any

import pytest

import hub.broker
from hub.cli import _checks, _start
from hub.config import Config, load
from hub.errors import ConfigError


def plan(**changes: Any) -> _start.Plan:  # noqa: ANN401 — settings of several types
    """Return a plan with these settings."""
    return _start.Plan(config=Config(**changes), data=None, mode="run")


def test_stopping_to_acknowledge_is_refused_with_the_embedded_broker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its queue would drop the oldest without a word; the message says what to write instead. Nothing starts."""
    monkeypatch.setattr(hub.broker, "has_wheel", lambda: True)
    file = tmp_path / "hub.toml"
    file.write_text('journal_full = "stop_acknowledging"\nweb_port = 0')
    data = tmp_path / "data"
    with pytest.raises(ConfigError, match=r"'stop_acknowledging'.*drop_oldest.*--broker mosquitto"):
        _start.start(_start.Plan(config=load(file), data=data, mode="run"))
    assert not data.exists()


@pytest.mark.parametrize("settings", [{"broker_url": "mqtt://localhost"}, {}])
def test_it_is_taken_with_a_broker_that_keeps_what_waits(settings: dict[str, str]) -> None:
    """Another broker, or Mosquitto beside us."""
    made = _start.Plan(
        config=Config(journal_full="stop_acknowledging", **settings),  # type: ignore[arg-type]
        data=None,
        mode="run",
        mosquitto=not settings,
    )
    _start._check_policy(made)


def test_budget_and_policy_reach_the_ingest(tmp_path: Path) -> None:
    """In bytes; without a budget the ingest finds its own."""
    arguments = _start._ingest_arguments(plan(journal_budget_mb=500), tmp_path)
    assert arguments[arguments.index("--budget") + 1] == "500000000"
    assert arguments[arguments.index("--full") + 1] == "drop_oldest"
    assert "--budget" not in _start._ingest_arguments(plan(), tmp_path)


@pytest.mark.parametrize(
    ("name", "value"), [("JOURNAL_FULL", "forget"), ("JOURNAL_BUDGET_MB", "0"), ("JOURNAL_BUDGET_MB", "lots")]
)
def test_an_impossible_setting_is_named(name: str, value: str) -> None:
    """With its value."""
    with pytest.raises(ConfigError, match=rf"{name.lower()} is '?{value}"):
        load(environ={f"HUB_{name}": value})


def test_the_doctor_says_how_long_the_budget_lasts() -> None:
    """In hours at the present rate, or that nothing arrives."""
    part = {"status": "ok", "used": 1024**2, "budget": 2 * 1024**3, "hours": 71.5}
    finding = _checks.of_part("journal", part)
    assert (finding.code, finding.words["hours"]) == ("part_journal_ok", 71.5)
    assert _checks.of_part("journal", part | {"hours": None}).code == "part_journal_idle"
