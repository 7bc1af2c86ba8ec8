"""`matinales session` where no hub lives: on the files, under the lock."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.__main__ import main
from hub.journal.sqlite import SqliteJournal
from hub.kept import Kept
from hub.model import Message
from hub.workshop.note import Note
from hub.workshop.people import Person
from hub.workshop.store import SessionStore
from servers.bytes_on_disk import on_disk

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return the data folder of a hub that ran, and does not any more."""
    with closing(SqliteJournal(tmp_path)) as journal:
        journal.append([Message("a/b", b"1", 7)])
    Kept(tmp_path).close()
    return tmp_path


def said(data: Path, capsys: Printed, *words: str) -> dict[str, Any]:
    """Return what the command answers a program."""
    assert main(["session", *words, "--data", str(data), "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_a_session_lives_from_command_to_command(data: Path, capsys: Printed) -> None:
    """The current one is meant unless one is named; its archive is written at once."""
    first = said(data, capsys, "new", "Philibert", "--at", "Nantes", "--purge", "2199-12-24")
    assert (first["title"], first["place"], first["purge"], first["state"]) == (
        "Philibert", "Nantes", "2199-12-24", "open",
    )  # fmt: skip
    assert said(data, capsys, "pause")["state"] == "paused"
    assert said(data, capsys, "resume")["state"] == "open"
    second = said(data, capsys, "reset", "--title", "Noon")
    assert said(data, capsys, "archive")["id"] == second["id"]
    listed = said(data, capsys, "list")
    assert [(each["title"], each["state"]) for each in listed["sessions"]] == [
        ("Noon", "archived"),
        ("Philibert", "archived"),
    ]
    assert listed["current"] is None
    assert main(["session", "list", "--data", str(data)]) == 0
    assert "Philibert" in capsys.readouterr().out
    done = said(data, capsys, "purge", first["id"], "--yes")
    assert [each["id"] for each in done["purged"]] == [first["id"]]
    assert not on_disk(data, b"philibert")
    assert said(data, capsys, "purge", "--due")["purged"] == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("archive",), "session new TITLE"),
        (("pause", "nope"), "session list"),
        (("new", " "), "needs a title"),
        (("new", "a", "--purge", "soon"), "2026-12-24"),
        (("reset", "--at", "Nantes"), "--title"),
        (("purge",), "--due"),
        (("purge", "a", "--due"), "--due"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_way_on(
    data: Path, capsys: Printed, words: tuple[str, ...], says: str
) -> None:
    """And nothing is done."""
    assert main(["session", *words, "--data", str(data)]) in {1, 2}
    assert says in capsys.readouterr().err
    assert said(data, capsys, "list")["sessions"] == []


def test_erasing_asks_or_wants_yes(data: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script says it; a person types the id."""
    name = said(data, capsys, "new", "Bakers")["id"]
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert main(["session", "purge", name, "--data", str(data)]) == 2
    assert "say --yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "something else")
    assert main(["session", "purge", name, "--data", str(data)]) == 1
    monkeypatch.setattr("builtins.input", lambda _: name)
    assert main(["session", "purge", name, "--data", str(data)]) == 0
    assert "is erased" in capsys.readouterr().out
    assert said(data, capsys, "list")["sessions"] == []


def test_reports_are_written_and_go_with_the_session(
    data: Path, capsys: Printed, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Both forms unless one is told; those in the data folder are erased with it, those elsewhere are yours."""
    name = said(data, capsys, "new", "Philibert")["id"]
    made = [Path(each) for each in said(data, capsys, "report")["reports"]]
    assert [each.name for each in made] == [f"matinales-{name}-fr.html", f"matinales-{name}-fr.pdf"]
    assert {each.parent for each in made} == {data / "reports" / name}
    assert "Philibert" in made[0].read_text(encoding="utf-8")
    assert made[1].read_bytes().startswith(b"%PDF-")
    there = tmp_path_factory.mktemp("elsewhere") / "for the baker"
    (own,) = said(data, capsys, "report", name, "--format", "html", "--lang", "en", "--to", str(there))["reports"]
    assert 'lang="en"' in Path(own).read_text(encoding="utf-8")
    said(data, capsys, "purge", name, "--yes")
    assert not on_disk(data, b"philibert")
    assert Path(own).exists()
    assert main(["session", "report", name, "--data", str(data)]) == 2
    assert "once it is erased no report of it can be made" in capsys.readouterr().err


def test_everybody_has_a_report_of_their_own(data: Path, capsys: Printed) -> None:
    """One for all, one a table, one a participant; no file is called by a first name."""
    name = said(data, capsys, "new", "Bakers")["id"]
    with closing(SessionStore(data)) as store:
        for number in (1, 2):
            person = Person(id=f"p{number}", session=name, secret=f"s{number}", joined=number, table=3, name="Léa")
            store.put_person(person)
    made = said(data, capsys, "report", "--everybody", "--format", "html")["reports"]
    assert [Path(each).name for each in made] == [
        f"matinales-{name}{whose}-fr.html" for whose in ("", "-table-3", "-p1", "-p2")
    ]
    assert "Table 3 · Léa" in Path(made[-1]).read_text(encoding="utf-8")
    assert "Léa" not in Path(made[0]).read_text(encoding="utf-8")


def test_a_folder_that_no_hub_ever_used_is_named(tmp_path: Path, capsys: Printed) -> None:
    """With the option."""
    assert main(["session", "list", "--data", str(tmp_path)]) in {1, 2}
    assert "--data" in capsys.readouterr().err


def test_notes_of_a_session_are_listed(data: Path, capsys: Printed) -> None:
    """Those of the current one unless one is named, also once it is archived."""
    name = said(data, capsys, "new", "Bakers")["id"]
    with closing(SessionStore(data)) as store:
        store.put_note(Note(id="n1", session=name, run="real", time=7, written=8, text="door open", author="Zoé"))
    assert [each["text"] for each in said(data, capsys, "notes")["notes"]] == ["door open"]
    said(data, capsys, "archive")
    assert main(["session", "notes", name, "--data", str(data)]) == 0
    assert "Zoé" in capsys.readouterr().out
    assert main(["session", "notes", "--data", str(data)]) in {1, 2}
    assert "session new TITLE" in capsys.readouterr().err
