"""What of a data folder goes into a backup: what the hub knows, and only when asked what proves who it is."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from hub.backup.archive import is_plain

SESSIONS, STORE, JOURNALS = "session.db", "store.db", "journal*.db"
DATABASES = (SESSIONS, STORE, JOURNALS)
"""In the order in which they are copied. Each may point into the next, never the other way round: a session's row
stands for a record of the journal, and a cursor of the store that is behind the journal only reads on."""
KNOWN = ("archives/*", "reports/*", "gaps.json", "hub.toml", "idempotency")
"""What was gathered beside the databases; which requests were answered, so that a repeated one acts on neither hub."""
SECRETS = (
    "pin",
    "mqtt-password",
    "mqtt-accounts.json",
    "tokens.json",
    "client-id",
    "tls/*",
    "journal.json",
    "worker-id",
)
"""What proves who the hub is, and who may speak to it."""
PASSING = (
    "workers/*",
    *("run.json", "lock", "*.lock", "ingest.json", "sessions", "broker*", "mosquitto*", "*.log", "*.log.*", "broker/*"),
    *("subscription.json", "reserve", "sim-runs/*", "moving-to-influx.json", "*.part.json", "mosquitto/*"),
    *("*-wal", "*-shm", "*-journal", "*.corrupt.*", "*.damaged", ".*", "*/.*", "*.part", "before-*", "replaced-*"),
)
"""What belongs to a running process, is made at each start, or is set aside: never in an archive, in or out."""


def is_known(name: str) -> bool:
    """Tell whether a file holds what the hub knows."""
    return not _is_one(name, PASSING) and _is_one(name, (*DATABASES, *KNOWN))


def is_foreseen(name: str) -> bool:
    """Tell whether a file stands in one of the lists above: one of the hub's own that does not is a mistake there."""
    return is_known(name) or _is_one(name, (*SECRETS, *PASSING))


def is_secret(name: str) -> bool:
    """Tell whether a file may prove who the hub is: whatever it does not know, and what is not made anew."""
    return not _is_one(name, PASSING) and not is_known(name)


def beside(folder: Path, *, secrets: bool) -> Iterator[str]:
    """Yield the files beside the databases that go into a backup, as names with slashes, sorted."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file() or not is_plain(name) or _is_one(name, DATABASES):
            continue
        if is_known(name) or (secrets and is_secret(name)):
            yield name


def databases(folder: Path) -> list[str]:
    """Return the databases that are there, in the order in which they are to be copied."""
    return [path.name for each in DATABASES for path in sorted(folder.glob(each)) if is_known(path.name)]


def _is_one(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, each) for each in patterns)
