"""What the command line may do on the folder of a worker that does not run, while others go on (decision 0026)."""

from contextlib import closing
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.journal import place
from hub.journal.jetstream import JetStreamJournal
from hub.journal.nats_link import Url
from hub.kept import Kept
from hub.model import Message
from servers import nats

CHANGES = {
    "devices tasmota:oven": ["devices", "rename", "tasmota:oven", "Oven"],
    "devices tasmota:oven ": ["devices", "forget", "tasmota:oven", "--yes"],
    "ignored": ["devices", "ignore", "tele/#", "--topic"],
    "sessions": ["session", "new", "Bakers"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lend a worker's folder."""
    data = tmp_path_factory.mktemp("worker")
    place.note(data, nats.fresh_url().replace("//", "//hub:secret@"))
    Kept(data).close()
    return data


@pytest.mark.parametrize(("what", "words"), CHANGES.items(), ids=CHANGES)
def test_a_change_is_refused_with_what_where_and_the_remedy_and_the_worker_that_listens_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str], what: str, words: list[str]
) -> None:
    """Whoever opened the journal to write would take its turn away; the password is not shown."""
    with closing(JetStreamJournal(Url.parsed(place.url(folder) or ""))) as listening:
        assert main([*words, "--data", str(folder)]) == 2
        listening.append([Message("tele/oven/SENSOR", b"1", 7)])
    said = capsys.readouterr().err
    assert f"matinales: {what.strip()}: nothing was changed" in said
    assert str(folder) in said
    assert f"HUB_DATA_DIR={folder} matinales run" in said
    assert "secret" not in said


def test_looking_is_allowed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It asks nobody and changes nothing."""
    assert main(["devices", "list", "--data", str(folder)]) == 0
    assert main(["session", "list", "--data", str(folder)]) == 0
    assert not capsys.readouterr().err
