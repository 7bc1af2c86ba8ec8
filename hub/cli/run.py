"""`matinales run`: the hub alone, against configured broker, journal and store."""

from pathlib import Path
from typing import Literal

from hub import datafolder
from hub.config import changed, load


def command(*, config: Path | None = None, log_format: Literal["plain", "json"] | None = None) -> int:
    """Run the hub alone, against the configured broker, journal and store.

    Args:
        config: a hub.toml; HUB_* variables win over it.
        log_format: how the log on standard error is written; HUB_LOG_FORMAT unless told.
    """
    from hub.cli import _start  # noqa: PLC0415 — not needed for --help

    settings = changed(load(config), log_format=log_format)
    folder = Path(settings.data_dir) if settings.data_dir else datafolder.default()
    return _start.start(_start.Plan(config=settings, data=folder, mode="run"))
