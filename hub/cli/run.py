"""`matinales run`: the hub alone, against configured broker, journal and store."""

from pathlib import Path
from typing import Literal

from hub import datafolder
from hub.config import changed, load


def command(
    *,
    config: Path | None = None,
    log_format: Literal["plain", "json"] | None = None,
    journal: str | None = None,
    workers: int = 1,
) -> int:
    """Run the hub alone, against the configured broker, journal and store.

    Args:
        config: a hub.toml; HUB_* variables win over it.
        log_format: how the log on standard error is written; HUB_LOG_FORMAT unless told.
        journal: nats://host:port,… where the journal lies; HUB_JOURNAL_URL unless told, else in the data folder. An
            address with a password is better left to HUB_JOURNAL_URL_FILE than to the list of processes.
        workers: hubs on this machine, each with a page of its own on the next port, all with the same journal on NATS;
            one listens to the broker, and where it dies another does.
    """
    from hub.cli import _start  # noqa: PLC0415 — not needed for --help

    settings = changed(load(config), log_format=log_format, journal_url=journal)
    folder = Path(settings.data_dir) if settings.data_dir else datafolder.default()
    return _start.start(_start.Plan(config=settings, data=folder, mode="run", workers=workers))
