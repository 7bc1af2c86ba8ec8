"""Where the journal of a data folder lies (hub/journal/place.py)."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.journal import jetstream, place
from hub.journal.jetstream import JetStreamJournal, JetStreamReader
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import Message
from servers import nats


def test_unless_told_it_lies_in_the_folder(tmp_path: Path) -> None:
    """And nothing is written about it."""
    place.settle(tmp_path, None)
    assert [*tmp_path.iterdir()] == []
    with closing(place.journal(tmp_path)) as journal, closing(place.reader(tmp_path)) as reader:
        assert isinstance(journal, SqliteJournal)
        assert isinstance(reader, SqliteReader)


def test_once_told_everybody_with_the_folder_finds_it(tmp_path: Path) -> None:
    """Also commands that read no settings; the file may hold a password."""
    place.settle(tmp_path, nats.fresh_url())
    assert (tmp_path / "journal.json").stat().st_mode & 0o077 == 0
    with closing(place.journal(tmp_path)) as journal, closing(place.reader(tmp_path)) as reader:
        assert isinstance(journal, JetStreamJournal)
        assert isinstance(reader, JetStreamReader)


def test_a_folder_does_not_change_its_journal_without_a_word(tmp_path: Path) -> None:
    """Its store's cursor would point into another one."""
    place.settle(tmp_path, "nats://me:secret@one:4222/first")
    place.settle(tmp_path, "nats://me:secret@one:4222,two:4222/first")
    with pytest.raises(ConfigError, match="lies at nats://one:4222,two:4222/first: set HUB_JOURNAL_URL") as refused:
        place.settle(tmp_path, None)
    assert "secret" not in str(refused.value)
    with pytest.raises(ConfigError, match="is 'first', not 'second'"):
        place.settle(tmp_path, "nats://one:4222/second")


def test_messages_in_the_folder_are_not_left_behind(tmp_path: Path) -> None:
    """They are moved, or another folder is named."""
    with closing(SqliteJournal(tmp_path)) as journal:
        journal.append([Message("a", b"1", 1)])
    with pytest.raises(ConfigError, match="matinales move nats://one:4222"):
        place.settle(tmp_path, "nats://one:4222")


def test_a_damaged_note_is_told(tmp_path: Path) -> None:
    """With the file and what to do."""
    (tmp_path / "journal.json").write_text("{")
    with pytest.raises(ConfigError, match=r"journal\.json cannot be read"):
        place.reader(tmp_path)


def test_a_hub_with_its_journal_in_the_folder_imports_nothing_of_nats() -> None:
    """The embedded default starts as it did before there was another."""
    names = "hub.serving, hub.process, hub.ingest.__main__, hub.cli.run, hub.cli._start"
    said = f"import sys, {names}; print(*sorted(sys.modules))"
    found = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.split()
    assert "hub.journal.sqlite" in found
    assert [each for each in found if each.split(".")[0] == "nats" or "jetstream" in each or "nats_link" in each] == []


def test_a_start_refuses_servers_whose_journal_a_newer_version_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In clear words, before anything runs; servers that do not answer are somebody else's business."""
    place.refuse_newer(tmp_path)
    place.note(tmp_path, nats.fresh_url())
    monkeypatch.setattr(jetstream, "FORMAT", 2)
    with closing(place.journal(tmp_path)) as journal:
        journal.append([Message("a/b", b"1", 1)])
    place.refuse_newer(tmp_path)
    monkeypatch.setattr(jetstream, "FORMAT", 1)
    with pytest.raises(ConfigError, match="install that version on every worker"):
        place.refuse_newer(tmp_path)
