"""`matinales import`: into the journal, whether the hub lives or not; nothing of a file with mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.__main__ import main
from hub.journal.sqlite import SqliteReader
from hub.model import Message
from servers.brokers import Broker, embedded
from servers.ingest import ingesting

__all__ = ["embedded"]
GOOD = "time;temp\n2026-11-24T09:00:00Z;21,5\n2026-11-24T09:01:00Z;22\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a CSV file."""
    path = tmp_path / "oven.csv"
    path.write_text(GOOD, encoding="utf-8")
    return path


def journalled(folder: Path) -> list[Message]:
    """Return what the journal of a folder holds."""
    reader = SqliteReader(folder)
    found = [record.message for record in reader.read(0, 10_000)]
    reader.close()
    return found


def told(capsys: pytest.CaptureFixture[str]) -> Any:  # noqa: ANN401 — JSON
    """Return what `--json` printed."""
    return json.loads(capsys.readouterr().out)


def test_without_a_hub_the_rows_go_into_its_journal(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next start decodes them."""
    data = tmp_path / "data"
    assert main(["import", str(file), "--data", str(data), "--json", "--map", "temp=temperature [°C]"]) == 0
    assert told(capsys) | {"columns": None} == {
        "rows": 2,
        "imported": 2,
        "device": "oven",
        "topic": "csv/oven",
        "separator": ";",
        "decimal": ",",
        "encoding": "utf-8-sig",
        "time": ["time"],
        "columns": None,
        "count": 0,
        "mistakes": [],
    }
    assert [each.payload.decode() for each in journalled(data)] == [f'{{"temperature [°C]":{n}}}' for n in (21.5, 22.0)]


def test_beside_a_living_hub_they_go_through_it(file: Path, tmp_path: Path, embedded: Broker) -> None:
    """The journal has one writer."""
    with ingesting(embedded, tmp_path) as ingest:
        assert main(["import", str(file), "--data", str(tmp_path), "--device", "generic:a/b"]) == 0
        assert [each.message.topic for each in ingest.wait_for(2)] == ["a/b", "a/b"]


@pytest.mark.parametrize("options", [["--dry-run"], []])
def test_a_dry_run_or_a_mistake_imports_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """All or nothing; each mistake has its line and column."""
    path = tmp_path / "bad.csv"
    path.write_text(GOOD + ("" if options else "2026-11-24T09:02:00Z;=1+1\n"), encoding="utf-8")
    data = tmp_path / "data"
    assert main(["import", str(path), "--data", str(data), "--json", *options]) == (0 if options else 1)
    said = told(capsys)
    assert (said["rows"], said["imported"]) == (2, 0)
    assert [(each["line"], each["column"]) for each in said["mistakes"]] == ([] if options else [(4, "temp")])
    assert not data.exists()


def test_mistakes_are_told_to_people_without_control_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cell that would paint the terminal is quoted."""
    path = tmp_path / "bad.csv"
    path.write_text("time;temp\n2026-11-24T09:00:00Z;\x1b[31mred\n", encoding="utf-8")
    assert main(["import", str(path), "--data", str(tmp_path / "data")]) == 1
    out = capsys.readouterr().out
    assert "line 2, temp: " in out
    assert "\x1b[31m" not in out


@pytest.mark.parametrize("words", [["nowhere.csv"], ["{}", "--map", "temp"], ["{}", "--tz", "Mars"]])
def test_wrong_usage_is_named(file: Path, tmp_path: Path, words: list[str]) -> None:
    """Exit status 2."""
    given = [word.replace("{}", str(file)) for word in words]
    assert main(["import", *given, "--data", str(tmp_path / "data")]) == 2
