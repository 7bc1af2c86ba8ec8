"""`matinales secrets`: what a production installation must not share, made at random."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from hub.config import Config, load
from hub.credentials import PIN

LOCAL = ("localhost", "127.0.0.1")


def command(
    folder: Path = Path("secrets"),
    *,
    broker: str = "127.0.0.1:1883",
    host: Annotated[tuple[str, ...], Parameter(negative="")] = (),
) -> int:
    """Make passwords, PIN, tokens and certificate of a production installation; what exists stays as it is.

    Args:
        folder: where; each program has a folder of its own in it.
        broker: Mosquitto's host:port as the hub reaches it.
        host: a name or address by which devices reach Mosquitto, for its certificate; may be given several times.
    """
    from hub import secretfiles  # noqa: PLC0415 — not needed for --help

    made = secretfiles.make(folder, broker=broker, hosts=_hosts(load(), host), now=datetime.now(UTC))
    for path in made:
        print(f"made {path}")  # noqa: T201 — the terminal is the interface
    pin = folder / secretfiles.HUB / PIN
    print(f"the facilitator's PIN is in {pin}" if made else "nothing was missing")  # noqa: T201 — as above
    return 0


def _hosts(config: Config, told: tuple[str, ...]) -> list[str]:
    """Return the names of this machine, each once, those told first."""
    public = urlsplit(config.public_url or "").hostname
    named = [*told, *([public] if public else []), "matinales.local", socket.gethostname(), *LOCAL]
    return list(dict.fromkeys(named))
