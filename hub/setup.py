"""What to type on a device so that it speaks to this hub: a file `hub/drivers/<driver>.toml` beside its driver.

A driver without one (another package's) is not in the list; its own documents say what to do.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from hub.driver import Driver
from hub.errors import ConfigError

FOLDER = Path(__file__).parent / "drivers"
PLACES = ("host", "port", "user", "password")
USUAL_PORT = 1883


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do: words in French and English, and what to type, with places to fill in."""

    say: dict[str, str]
    type: str | None = None


class Instructions(Struct, frozen=True, forbid_unknown_fields=True):
    """What to do for one driver; `title` where its name is no brand that is the same in every language."""

    setup: tuple[Step, ...] = ()
    title: dict[str, str] | None = None


class Broker(Struct, frozen=True, kw_only=True):
    """Where devices send what they measure.

    Attributes:
        host, port: as a device on the same network reaches it.
        user, password: None: nobody asks for them.
        is_open: whether other machines reach it at all.
        tls_port: where it speaks TLS; None: it does not, as far as we know.
    """

    host: str
    port: int
    user: str | None
    password: str | None
    is_open: bool
    tls_port: int | None = None


def broker_of(url: str, room: Iterable[str], *, is_ours: bool, tls_port: int | None = None) -> Broker:
    """Return what a device must know of the broker at `url`, which the hub itself may reach by loopback.

    Args:
        url: `mqtt://user:password@host:port`.
        room: addresses of this machine in the room, the likeliest first.
        is_ours: whether its user is everybody's; a foreign broker's password is the hub's own and is not told.
        tls_port: where it speaks TLS.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    seen_by_others = next(iter(room), host) if is_ours else host
    return Broker(
        host=seen_by_others,
        port=parts.port or USUAL_PORT,
        user=unquote(parts.username) if parts.username and is_ours else None,
        password=unquote(parts.password) if parts.password and is_ours else None,
        is_open=seen_by_others not in {"127.0.0.1", "localhost", "::1"},
        tls_port=tls_port,
    )


def instructions(module: str, folder: Path = FOLDER) -> Instructions:
    """Return what to do for the driver in `<module>.py`; no step where nobody wrote it down.

    Raises:
        ConfigError: the file is wrong; the message names it and the place.
    """
    path = folder / f"{module}.toml"
    if not path.is_file():
        return Instructions()
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Instructions)
    except msgspec.DecodeError as error:
        msg = f"{path.name}: {error}; see hub/drivers/README.md"
        raise ConfigError(msg) from None


def typeset(text: str) -> str:
    """Return a French text with the no-break spaces that it needs, so that no line begins with `»` or `:`."""
    return re.sub(r" (?=:)", "\u00a0", re.sub(r" (?=[?!;%»])|(?<=«) ", "\u202f", text))


def _in_both(text: Mapping[str, str]) -> dict[str, str]:
    return {language: typeset(words) if language == "fr" else words for language, words in text.items()}


def families(drivers: Iterable[Driver], broker: Broker) -> list[Mapping[str, Any]]:
    """Return `{"model", "family", "title": {fr, en}, "steps": [{"say": {fr, en}, "type"}]}` of drivers with steps.

    Native families come first, what fits anything comes last.
    """
    blanks = {name: getattr(broker, name) for name in PLACES}
    filled = {name: "…" if value is None else str(value) for name, value in blanks.items()}
    found: list[Mapping[str, Any]] = []
    for driver in sorted(drivers, key=lambda each: (each.rank, each.title)):
        known = instructions(driver.model.replace("-", "_"))
        steps = [
            {"say": _in_both(each.say), "type": each.type.format(**filled) if each.type is not None else None}
            for each in known.setup
        ]
        title = _in_both(known.title) if known.title else {"fr": driver.title, "en": driver.title}
        if steps:
            found.append({"model": driver.model, "family": driver.family, "title": title, "steps": steps})
    return found
