"""`matinales move`: the journal of a data folder onto NATS servers, where several machines share it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from filelock import Timeout
from rich.console import Console
from rich.progress import Progress

from hub import datafolder
from hub.config import load
from hub.errors import ConfigError
from hub.journal import place

if TYPE_CHECKING:
    from hub.journal.nats_link import Url

ASIDE = "before-cluster"


def command(
    url: str,
    /,
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    data: Path | None = None,
    config: Path | None = None,
) -> int:
    """Move the journal of a data folder onto NATS servers, every message at its place, while no hub runs.

    Everything is read again there and compared before the folder uses it; the old files stay in `before-cluster`.
    A cut move goes on where it was.

    Args:
        url: nats://[user:password@]host:port,…[/name] of an empty journal.
        json: print {"records", "end"}.
        data: data folder; the platform's own unless told.
        config: hub.toml.
    """
    settings = load(config)
    folder = data or (Path(settings.data_dir) if settings.data_dir else datafolder.default())
    words = Console(stderr=True, highlight=False, soft_wrap=True)
    with datafolder.owned(datafolder.prepare(folder), datafolder.END_IT):
        try:
            with datafolder.lock_of(folder / "ingest.lock", timeout=1):
                moved = _moved(folder, url, words)
        except Timeout:
            msg = f"{folder}: an ingest process still writes the journal; end it and say it again"
            raise ConfigError(msg) from None
    if json:
        print(f'{{"records": {moved[0]}, "end": {moved[1]}}}')  # noqa: T201 — what a program reads
    else:
        words.print(f"{moved[0]} messages are on the servers, up to position {moved[1]}; start the hub with --journal")
    return 0


def _moved(folder: Path, address: str, words: Console) -> tuple[int, int]:
    from hub.journal.moving import move  # noqa: PLC0415 — only where NATS is spoken of
    from hub.journal.nats_link import Url  # noqa: PLC0415 — likewise

    url = Url.parsed(address)
    if place.url(folder) is not None:
        msg = f"the journal of {folder} is on NATS servers already; start the hub with --journal"
        raise ConfigError(msg)
    with Progress(console=words, transient=True) as progress:
        task = progress.add_task("Copying", total=None)
        moved = move(folder, url, lambda done, of: progress.update(task, completed=done, total=of))
    _agree(folder, url)
    place.note(folder, address)
    aside = folder / f"{ASIDE}-{int(time.time())}"
    aside.mkdir()
    for path in folder.glob("journal*.db*"):
        path.replace(aside / path.name)
    return moved.records, moved.end


def _agree(folder: Path, url: "Url") -> None:
    """Have every worker use the name that this hub has at the broker: what waits there waits for that name."""
    from hub.journal.lease import Lease  # noqa: PLC0415 — only where NATS is spoken of

    lease = Lease(url, place.worker(folder))
    try:
        lease.agreed("client-id", datafolder.client_id(folder))
    finally:
        lease.close()
