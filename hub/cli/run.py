"""`matinales run`: the hub alone, against configured broker, journal and store."""

from pathlib import Path

from hub import datafolder
from hub.config import load


def command(*, config: Path | None = None) -> int:
    """Run the hub alone, against the configured broker, journal and store.

    Args:
        config: a hub.toml; HUB_* variables win over it.
    """
    from hub.cli import _start  # noqa: PLC0415 — not needed for --help

    settings = load(config)
    folder = Path(settings.data_dir) if settings.data_dir else datafolder.default()
    return _start.start(_start.Plan(config=settings, data=folder, mode="run"))
