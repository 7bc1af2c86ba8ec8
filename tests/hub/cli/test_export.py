"""`matinales export`."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.model import NS, Alarm, Run
from hub.store.alarms import AlarmStore
from hub.store.file import StoreFile
from hub.store.sqlite import SqliteHistory
from hub.store.state import StateStore
from servers.stores import reading, readings

RUN = Run(
    id="r-1", scenario="cold_room", seed=1, speed=1, state="ended", wall=0, simulated=reading(100).time, devices=()
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with readings of a real and of a simulated device."""
    with closing(StoreFile(tmp_path / "store.db")) as file, file.transaction():
        SqliteHistory(file).write(readings(range(5)) + readings(range(90, 100), run="r-1"))
        StateStore(file.db).put_runs([RUN])
        StateStore(file.db).put_aliases([("mac:aabbcc", "acme:a7", 1)])
    return tmp_path


def exported(data: Path, *options: str) -> list[str]:
    """Return the lines of the CSV written with these options, without the header."""
    target = data / "out.csv"
    assert main(["export", "--data", str(data), "--csv", str(target), *options]) == 0
    return target.read_bytes().decode().splitlines()[1:]


def test_everything_is_written_unless_told(data: Path) -> None:
    """All timelines, each line with its run."""
    assert len(exported(data)) == 15


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--run", "real"], 5),
        (["--run", "r-1"], 10),
        (["--run", "r-1", "--start=-50s"], 5),
        (["--run", "r-1", "--start", "-50s", "--stop", "-20s"], 3),
        (["--start", "2026-09-21T14:13:40Z", "--run", "real"], 3),
        (["--device", "mac:aabbcc", "--run", "real"], 5),
        (["--device", "acme:nobody"], 0),
        (["--channel", "humidity"], 0),
    ],
)
def test_a_part_can_be_chosen(data: Path, options: list[str], count: int) -> None:
    """By timeline, device (any of its names), channel and time; a span counts from the run's own now."""
    assert len(exported(data, *options)) == count


def test_the_terminal_is_a_file_too(data: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """`--csv -` goes into any other program."""
    assert main(["export", "--data", str(data), "--csv", "-", "--run", "real"]) == 0
    assert capfdbinary.readouterr().out.count(b"\r\n") == 6


def test_alarms_are_written_newest_first(data: Path) -> None:
    """Chosen as readings are; times count from the run's own now."""
    alarms = [
        Alarm(
            id=f"a{second}",
            usecase="cold_room",
            rule=f"r{second}",
            measure="air",
            device=device,
            run=run,
            priority="low",
            raised_at=reading(second).time,
            texts={"fr": "chaud", "en": "warm"},
        )
        for second, run, device in ((1, "real", "acme:b8"), (2, "real", "acme:a7"), (95, "r-1", "acme:a7"))
    ]
    with closing(StoreFile(data / "store.db")) as file, file.transaction():
        AlarmStore(file.db).put(alarms)

    def rules(*options: str) -> list[str]:
        target = data / "alarms.csv"
        assert main(["export", "--data", str(data), "--alarms", str(target), *options]) == 0
        return [line.split(";" if "--french" in options else ",")[2] for line in target.read_text().splitlines()[1:]]

    assert rules() == ["r95", "r2", "r1"]
    assert rules("--run", "real", "--french") == ["r2", "r1"]
    assert rules("--device", "mac:aabbcc") == ["r95", "r2"]
    assert rules("--run", "r-1", "--start=-40s") == []
    assert rules("--run", "r-1", "--start=-60s") == ["r95"]


def test_a_french_spreadsheet_reads_the_values(data: Path) -> None:
    """Semicolons, decimal commas, UTF-8 with its mark; anything else gets RFC 4180."""
    (first, *_) = exported(data, "--french", "--run", "real")
    assert first.count(";") == 7
    assert "," in first.split(";")[4]
    assert (data / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfdevice;")


def test_the_whole_store_is_copied(data: Path, tmp_path: Path) -> None:
    """Into one file."""
    assert main(["export", "--data", str(data), "--sqlite", str(tmp_path / "copy.db")]) == 0
    assert (tmp_path / "copy.db").stat().st_size > 0


def test_a_copy_overwrites_nothing(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The text names the file."""
    target = tmp_path / "thesis.db"
    target.write_text("precious")
    assert main(["export", "--data", str(data), "--sqlite", str(target)]) == 2
    assert "thesis.db exists" in capsys.readouterr().err
    assert target.read_text() == "precious"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "say what to write"),
        (["--csv", "-", "--sqlite", "x.db"], "say what to write"),
        (["--sqlite", "x.db", "--device", "a"], "choose with --session"),
        (["--csv", "-", "--start", "yesterday"], "--start is 'yesterday': write RFC 3339"),
        (["--csv", "-", "--run", "r-9"], "run 'r-9' is not known; the newest: r-1"),
        (["--csv", "/", "--run", "real"], "cannot be written"),
        (["--messages", "-", "--french"], "--french goes with"),
        (["--alarms", "-", "--channel", "air"], "--channel goes with --csv or --jsonl"),
    ],
)
def test_a_slip_is_named(
    data: Path, options: list[str], words: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong usage says what to change."""
    monkeypatch.chdir(data)
    assert main(["export", "--data", str(data), *options]) == 2
    assert words in capfd.readouterr().err


def test_an_empty_folder_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is created by asking."""
    assert main(["export", "--data", str(tmp_path), "--csv", "-"]) == 2
    assert "no such file" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_span_on_the_real_timeline_counts_from_the_wall(data: Path) -> None:
    """The last hour is the last hour."""
    with closing(StoreFile(data / "store.db")) as file:
        SqliteHistory(file).write([reading((time.time_ns() - reading(0).time) // (10 * NS) - 6)])
    assert len(exported(data, "--run", "real", "--start", "-1h")) == 1
