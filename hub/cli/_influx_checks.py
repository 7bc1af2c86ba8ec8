"""What `matinales doctor` looks at where InfluxDB is the store: who answers, what waits, what was refused."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from hub.cli._causes import cause
from hub.cli._checks import Finding, amount
from hub.config import Config
from hub.errors import HubError
from hub.forwarding import place
from hub.model import rfc3339
from hub.store import influx_setup
from hub.store.errands import Errands
from hub.store.file import StoreReader
from hub.store.influx_client import Client
from hub.store.influx_setup import SetupError
from hub.store.outbox import Outbox

PATIENCE = 3.0
SHOWN = 5
"""Refused lines that are printed, the newest."""


def influx(config: Config, data: Path) -> Iterator[Finding]:
    """Look at InfluxDB, which is not changed, and at what the data folder keeps for it."""
    yield server(config)
    if (data / "store.db").is_file():
        try:
            yield from kept(data / "store.db")
        except HubError as error:
            yield Finding("influx.waiting", ok=None, code="influx_unread", words={"reason": cause(error)})


def server(config: Config) -> Finding:
    """See whether address, organization, token and buckets are right."""
    where = place(config)
    words = {"url": where.url, "org": where.org, "bucket": where.bucket}
    with closing(Client(where, timeout=PATIENCE)) as client:
        try:
            missing = influx_setup.look(client).missing
        except SetupError as error:
            return Finding("influx.reached", ok=False, code=error.code, words={**words, "reason": cause(error.reason)})
    if missing:
        return Finding("influx.reached", ok=None, code="influx_new", words={**words, "missing": ", ".join(missing)})
    return Finding("influx.reached", ok=True, code="influx_ok", words=words)


def kept(path: Path) -> Iterator[Finding]:
    """Tell what waits for InfluxDB, which forgotten devices it still has, and what it refused, with the reason.

    Raises:
        HubError: the file cannot be read, or is older than these lists.
    """
    with closing(StoreReader(path)) as store, store.reader() as db:
        outbox, erasures = Outbox(db), Errands(db).erasures()
        backlog, count, newest = outbox.backlog(), outbox.refused_count(), outbox.refused(SHOWN)
    if backlog.since is not None:
        words = {"lines": backlog.lines, "size": amount(backlog.size), "since": rfc3339(backlog.since)[:19] + "Z"}
        yield Finding("influx.waiting", ok=None, code="influx_waiting", words=words)
    for wish in erasures:
        words = {"device": wish.device, "since": rfc3339(wish.at)[:19] + "Z", "reason": cause(wish.refused or "")}
        if wish.refused is None:
            yield Finding("influx.erasing", ok=None, code="influx_erasing", words=words)
        else:
            yield Finding("influx.erasing", ok=False, code="influx_not_erased", words=words)
    for each in newest:
        words = {
            "count": count,
            "bucket": each.bucket,
            "line": ascii(each.line[:200])[1:-1],
            "reason": cause(each.reason),
        }
        yield Finding("influx.refused", ok=False, code="influx_refused", words=words)
