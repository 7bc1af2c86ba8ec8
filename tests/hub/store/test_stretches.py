"""Erasing a stretch of a timeline takes what people typed then, and nothing that they typed at another time."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub.store import stretches
from hub.store.alarms import AlarmStore
from hub.store.file import StoreFile
from servers.alarms import rang, spoken

RANG = rang()
SAID = replace(
    spoken(10),
    comments={"en": "By a button"},
    shelved_at=20,
    shelved_by="Marie",
    unshelved_at=30,
    unshelved_by="Bruno",
)
WORDS = ("acknowledged_by", "comment", "shelved_by", "unshelved_by")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[StoreFile]:
    """Lend a fresh store."""
    with closing(StoreFile(tmp_path / "store.db")) as made:
        yield made


@pytest.mark.parametrize(
    ("start", "stop", "gone"),
    [
        (6, 10, {"acknowledged_by", "comment"}),
        (20, 20, {"shelved_by"}),
        (25, 40, {"unshelved_by"}),
        (11, 19, set()),
        (6, 99, set(WORDS)),
    ],
)
def test_who_did_something_to_an_alarm_and_what_they_wrote_go_with_its_time(
    file: StoreFile, start: int, stop: int, gone: set[str]
) -> None:
    """Its last moment included: a story that is paused stands at it; the alarm is told where something of it went."""
    with file.transaction() as db:
        AlarmStore(db).put([SAID])
        db.execute("DELETE FROM alarm_step")
        _, told = stretches.erase(db, [("r1", start, stop)], [])
    left = AlarmStore(file.db).alarm("a")
    assert left is not None
    assert {each for each in WORDS if getattr(left, each) is None} == gone
    assert told == (["a"] if gone else [])
    assert bool(left.comments) is ("comment" not in gone)


def test_a_step_goes_though_the_alarm_tells_only_a_later_one(file: StoreFile) -> None:
    """Set aside twice, in two workshops: who did it in the first is not kept in the second's."""
    first = replace(RANG, shelved_at=10, shelved_until=15, shelved_by="Sidonie")
    second = replace(RANG, shelved_at=50, shelved_until=99, shelved_by="Marie")
    with file.transaction() as db:
        AlarmStore(db).put([first])
        AlarmStore(db).put([second])
        _, told = stretches.erase(db, [("r1", 6, 20)], [])
    store = AlarmStore(file.db)
    assert [each.by for each in store.transitions(second)] == [None, "Marie"]
    assert (told, store.alarm("a")) == (["a"], second)
