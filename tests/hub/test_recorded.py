"""The journal as a recording: what was said, on which timeline, when; and what another program reads of it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from device_sims.recording import read
from hub.__main__ import main
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import NS, Message, Source
from hub.recorded import line, messages

AT = 1_795_763_280 * NS
RUN = "cold-room-20261127t070800z-0001"
ANNOUNCED = msgspec.json.encode(
    {
        "run": RUN,
        "scenario": "cold_room",
        "speed": 60,
        "state": "running",
        "wall": AT / NS,
        "simulated": AT / NS - 86_400,
        "topics": ["tele/sim-1/#"],
    }
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder whose journal holds real, simulated and imported messages."""
    heard = [
        Message("tele/kitchen/SENSOR", b'{"v":1}', AT),
        Message(f"matinales/sim/{RUN}", ANNOUNCED, AT + NS, retained=False),
        Message("tele/sim-1/SENSOR", b"\xff\x00", AT + 2 * NS),
        Message("tele/sim-2/SENSOR", b"2", AT + 3 * NS, source=Source.IMPORT, run="old-run", time=AT - 99 * NS),
        Message("tele/kitchen/LWT", b"Online", AT + 4 * NS, retained=True),
    ]
    with closing(SqliteJournal(tmp_path)) as journal:
        journal.append(heard)
        gone = journal.append([Message("diary", b"a secret", AT + 5 * NS)])
        journal.erase([gone])
    return tmp_path


def exported(folder: Path, *options: str) -> list[dict[str, object]]:
    """Return what the command writes."""
    target = folder / "out.ndjson"
    assert main(["export", "--data", str(folder), "--messages", str(target), *options]) == 0
    return [msgspec.json.decode(each) for each in target.read_bytes().splitlines()]


def test_every_message_has_its_timeline_and_its_time_there(folder: Path) -> None:
    """Real: when it arrived; simulated: what the run's clock showed; imported: what its line said. Erased: nothing."""
    real, _, simulated, imported, online = exported(folder)
    assert real == {"time": "2026-11-27T07:08:00Z", "topic": "tele/kitchen/SENSOR", "payload": '{"v":1}'}
    assert simulated == {
        "time": "2026-11-26T07:10:00Z",  # two wall seconds after the announcement at ×60
        "topic": "tele/sim-1/SENSOR",
        "payload_hex": "ff00",
        "run": RUN,
    }
    assert (imported["time"], imported["run"]) == ("2026-11-27T07:06:21Z", "old-run")
    assert online["retained"] is True


@pytest.mark.parametrize(
    ("options", "topics"),
    [
        (["--run", "real"], ["tele/kitchen/SENSOR", "tele/kitchen/LWT"]),
        (["--run", RUN], [f"matinales/sim/{RUN}", "tele/sim-1/SENSOR"]),
        (["--topic", "tele/+/LWT"], ["tele/kitchen/LWT"]),
        (["--run", "real", "--start", "2026-11-27T07:08:01Z"], ["tele/kitchen/LWT"]),
        (["--run", "real", "--stop", "2026-11-27T07:08:01Z"], ["tele/kitchen/SENSOR"]),
    ],
)
def test_a_part_can_be_chosen(folder: Path, options: list[str], topics: list[str]) -> None:
    """By timeline, topic and time."""
    assert [each["topic"] for each in exported(folder, *options)] == topics


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--messages", "-", "--csv", "-"], "say what to write"),
        (["--messages", "-", "--device", "a:b"], "choose with --session, --topic"),
        (["--csv", "-", "--topic", "tele/#"], "--topic goes with --messages"),
    ],
)
def test_what_does_not_go_together_is_refused(
    folder: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the option to take instead."""
    assert main(["export", "--data", str(folder), *options]) == 2
    assert said in capsys.readouterr().err


def test_what_is_written_can_be_played_again(folder: Path) -> None:
    """The recording's own reader understands every line."""
    with closing(SqliteReader(folder)) as reader:
        lines: Iterator[bytes] = map(line, messages(reader, start=0, stop=AT * 2))
        found = list(read(lines, "out.ndjson"))
    assert [(one.topic, one.payload) for one in found][2:4] == [
        ("tele/sim-1/SENSOR", b"\xff\x00"),
        ("tele/sim-2/SENSOR", b"2"),
    ]
    assert found[0].time_s == AT / NS
