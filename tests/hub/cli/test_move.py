"""`matinales move`: from one machine to the servers with equal counts (reliability.md, S5)."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from hub.cli.move import command
from hub.errors import ConfigError
from hub.journal import moving, place
from hub.journal.base import JournalReader
from hub.journal.jetstream import JetStreamJournal, JetStreamReader
from hub.journal.nats_link import Url
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import NS, Message, Record
from servers import nats


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Lend a data folder with a journal that begins late, has repeats, late messages and a hole."""
    with closing(SqliteJournal(tmp_path)) as journal:
        last: list[Message] = []
        for number in range(60):
            said = [Message(f"tele/d{device}/SENSOR", f"{number}".encode(), number * NS) for device in range(5)]
            if number == 30:
                journal.resumed(2)
            journal.append(said if number != 30 else [*last, *said], epoch=1 + number // 30, late=number == 31)
            last = said
        journal.drop_before(21)
        journal.end += 7
        journal.append([Message("tele/d1/SENSOR", b"after a hole", 61 * NS)], epoch=2)
    return tmp_path


def everything(reader: JournalReader) -> list[Record]:
    """Return all records."""
    found: list[Record] = []
    while records := reader.read(found[-1].position if found else 0, 1_000):
        found += records
    return found


def counted(found: list[Record]) -> Counter[tuple[str, int]]:
    """Return how many messages each topic has in each minute."""
    return Counter((each.message.topic, each.message.received // (60 * NS)) for each in found)


def test_every_message_is_there_as_it_was_and_at_its_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Equal counts for each device and minute, because every record is equal; the folder uses it from then on."""
    with closing(SqliteReader(folder)) as source:
        before = everything(source)
    assert {True, False} == {each.repeat for each in before} == {each.late for each in before}
    assert command(nats.fresh_url(), data=folder, json=True) == 0
    with closing(place.reader(folder)) as target:
        assert isinstance(target, JetStreamReader)
        after = everything(target)
        assert target.start == before[0].position
    assert after == before
    counts = [
        Counter((each.message.topic, each.message.received // NS // 60) for each in all_) for all_ in (before, after)
    ]
    assert counts[0] == counts[1]
    assert f'"records": {len(before)}' in capsys.readouterr().out
    assert not [*folder.glob("journal*.db*")]
    assert [*folder.glob("before-cluster-*/journal.db")]
    with closing(place.journal(folder)) as journal:
        assert journal.append([Message("a", b"new", 1)]) == before[-1].position + 1


def test_a_cut_move_goes_on_where_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until all of it is there the folder stays as it was."""
    url = Url.parsed(nats.fresh_url())
    monkeypatch.setattr(moving, "AT_ONCE", 40)

    def cut(done: int, _of: int) -> None:
        if done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        moving.move(folder, url, cut)
    with closing(SqliteReader(folder)) as source, closing(JetStreamReader(url)) as target:
        assert 0 < target.end < source.end
    begun: list[int] = []
    moving.move(folder, url, lambda done, _of: begun.append(done))
    assert begun[0] > 140
    with closing(SqliteReader(folder)) as source, closing(JetStreamReader(url)) as target:
        assert everything(target) == everything(source)


def test_a_journal_that_holds_something_else_is_not_mixed_with_this_one(folder: Path) -> None:
    """Another name is asked for, and nothing is changed here."""
    url = nats.fresh_url()
    with closing(JetStreamJournal(Url.parsed(url))) as other:
        other.append([Message("of/others", b"1", 1)])
    with pytest.raises(ConfigError, match="write another name"):
        command(url, data=folder)
    assert place.url(folder) is None
    assert (folder / "journal.db").exists()


def test_a_folder_that_was_moved_is_not_moved_again(folder: Path) -> None:
    """Its messages are there."""
    place.note(folder, nats.fresh_url())
    with pytest.raises(ConfigError, match="already"):
        command(nats.fresh_url(), data=folder)
