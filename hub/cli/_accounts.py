"""MQTT accounts from the command line: with the living hub, else in the file that the next one reads."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from hub import datafolder
from hub.cli._house import NO_HUB, House, opened
from hub.config import load
from hub.errors import UsageError
from hub.provisioning import AccountWish, Provisioning, holding
from hub.setup import broker_of


@contextmanager
def accounts_of(data: Path) -> Iterator["House | AtRest"]:
    """Lend who knows the accounts of a data folder: the living hub, or its file."""
    if datafolder.living(data) is not None:
        with opened(data) as house:
            yield house
    else:
        yield AtRest(datafolder.prepare(data))


class AtRest:
    """The file of accounts while no hub lives; nobody knows yet where the broker will listen."""

    def __init__(self, data: Path) -> None:
        """Name the data folder."""
        config = load()
        is_ours = config.broker_url is None
        there = broker_of(config.broker_url or "mqtt://127.0.0.1", [], is_ours=is_ours)
        self._provisioning = Provisioning(data, "embedded" if is_ours else "foreign", lambda: there)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Do what the API would (see `House`)."""
        if method == "GET":
            return dict(self._provisioning.told())
        if method == "DELETE":
            name = unquote(path.rpartition("/")[2])
            self._provisioning.revoke(name)
            return {"name": name, "revoked": True, **holding("revoked", is_held=True)}
        wish = msgspec.convert(body, AccountWish)
        if wish.until_archive:
            raise UsageError(NO_HUB)
        return {**self._provisioning.give(wish, None), **holding("renewed", is_held=True)}


def copied(made: Mapping[str, Any]) -> list[str]:
    """Return the lines to copy to a device: an answer of `POST /accounts`."""
    parts = [urlsplit(each) for each in made["urls"]]
    plain = next(each for each in parts if each.scheme == "mqtt")
    ports = ", ".join(f"{each.port} ({'TLS' if each.scheme == 'mqtts' else 'plain'})" for each in reversed(parts))
    return [
        f"host      {plain.hostname}",
        f"port      {ports}",
        f"user      {made['name']}",
        f"password  {made['password']}    (shown once)",
        *(f"url       {each}" for each in made["urls"]),
    ]


def qr(text: str) -> None:
    """Draw a code that a phone or a device's camera reads."""
    import segno  # noqa: PLC0415 — only here

    segno.make(text).terminal(out=sys.stdout, compact=True, border=2)
