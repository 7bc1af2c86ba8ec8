"""What of a data folder a backup takes (hub/backup/content.py): the hub's own files, named where they are made."""

import pytest

from device_sims import notes
from hub import archives, broker, credentials, datafolder, handouts, mosquitto, provisioned, tokens, upgrading
from hub.backup import content
from hub.cli import _transfers
from hub.ingest import gaps, link, room
from hub.lan import keeper
from hub.workshop import store

CONTENT = (
    *(store.FILE, "store.db", "journal.db", "journal-2.db", gaps.FILE, "idempotency"),
    *(f"{archives.FOLDER}/s-1/{name}" for name in (archives.RECORDING, archives.STORE, archives.INDEX)),
    f"{handouts.FOLDER}/s-1.pdf",
)
SECRET = (
    *(credentials.PIN, provisioned.FILE, tokens.FILE, "mqtt-password", "client-id"),
    *(f"{keeper.FOLDER}/{name}" for name in (keeper.AUTHORITY, keeper.SERVER)),
)
PASSING = (
    *(datafolder.RUN, datafolder.LOCK, link.FILE, room.RESERVE, _transfers.PROGRESS, mosquitto.PASSWORDS),
    *(mosquitto.RIGHTS, "mosquitto/mosquitto.db", "broker.json", "broker-refused.json", "broker.toml", "broker.log"),
    *(broker._SESSION, "sessions", "ingest.lock", "store.db-wal", "store.db.corrupt.1", "store.db.damaged"),
    *(f"{notes.FOLDER}/cold-room-1", f"{upgrading.ASIDE}/store.db", "replaced-1/store.db", ".draft", "tls/.draft"),
)


@pytest.mark.parametrize(
    ("name", "is_content", "is_secret"),
    [
        *((name, True, False) for name in CONTENT),
        *((name, False, True) for name in SECRET),
        *((name, False, False) for name in PASSING),
    ],
)
def test_each_file_is_content_or_secret_or_passes(name: str, *, is_content: bool, is_secret: bool) -> None:
    """And stands in one of the lists."""
    assert (content.is_known(name), content.is_secret(name), content.is_foreseen(name)) == (is_content, is_secret, True)


def test_what_nobody_foresaw_is_a_secret() -> None:
    """It may be one: it leaves with `--secrets` only, and is not lost then."""
    assert (content.is_known("news"), content.is_secret("news"), content.is_foreseen("news")) == (False, True, False)
