"""`matinales pin`: the facilitator's PIN, shown in the terminal and nowhere else; a new one when somebody saw it."""

from pathlib import Path

from hub import credentials, datafolder
from hub.cli._house import Neighbour
from hub.config import load
from hub.errors import NotFoundError, UsageError


def command(*, new: bool = False, data: Path | None = None, config: Path | None = None) -> int:
    """Show the facilitator's PIN of a demo; --new: make another one, which logs every facilitator out at once.

    Args:
        new: make another one.
        data: data folder; the platform's own unless told.
        config: hub.toml.
    """
    settings = load(config)
    if settings.pin_file is not None:
        msg = (
            f"the PIN is the one in {settings.pin_file}: write another one there and start the hub again;"
            " whoever logged in with this one is out then"
        )
        raise UsageError(msg)
    folder = data or (Path(settings.data_dir) if settings.data_dir else datafolder.default())
    if not folder.is_dir():
        msg = f"{folder}: no hub has run here; name its folder with --data"
        raise NotFoundError(msg)
    if new:
        credentials.renew(folder)
        living = datafolder.living(folder)
        if living is not None:
            Neighbour(living).ask("PUT", "/login/pin")
    print(credentials.pin(folder))  # noqa: T201 — the terminal is the interface
    return 0
