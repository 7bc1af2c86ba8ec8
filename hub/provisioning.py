"""Provisioning MQTT accounts of devices while a hub runs, and taking them back with the workshop session; blocks."""

import logging
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Struct

from hub import provisioned
from hub.accounts import Role
from hub.broker import Kind
from hub.errors import ConfigError, UsageError
from hub.model import NS, rfc3339
from hub.provisioned import Account
from hub.setup import Broker

_LOG = logging.getLogger(__name__)


class AccountWish(Struct, forbid_unknown_fields=True):
    """An account that is asked for.

    Attributes:
        name: its user name; empty: one is made of the session's title, for all its devices.
        role: what it may do.
        until_archive: whether it ends with the workshop session that is open.
        renew: it has an account, and gets a new password.
    """

    name: str = ""
    role: Role = Role.DEVICE
    until_archive: bool = False
    renew: bool = False


class Sitting(Struct, frozen=True):
    """The workshop session that is open."""

    id: str
    title: str


class Provisioning:
    """The accounts of one hub's broker."""

    def __init__(
        self,
        folder: Path,
        kind: Kind,
        broker: Callable[[], Broker],
        admits: Callable[[str, Account | None], bool] = lambda _name, _account: True,
    ) -> None:
        """Know whose accounts they are.

        Args:
            folder: the data folder of whoever started the broker.
            kind: of broker.
            broker: how devices reach it now.
            admits: whether the living broker lets a name in by this account alone (`hub.broker.admits`).
        """
        self._folder = folder
        self._kind = kind
        self._broker = broker
        self._admits = admits

    def told(self) -> Mapping[str, Any]:
        """Return `{"accounts": [{"name", "role", "created", "session"}], "broker": {"kind", "rights": {fr, en}}}`.

        Raises:
            ConfigError: the file is damaged.
        """
        known = provisioned.listed(self._folder)
        shown = [
            {
                "name": name,
                "role": each.role,
                "created": rfc3339(round(each.created) * NS),
                "session": each.session,
            }
            for name, each in known.items()
        ]
        return {"accounts": shown, "broker": {"kind": self._kind, "rights": _words()[self._limits()]}}

    def give(self, wish: AccountWish, sitting: Sitting | None) -> Mapping[str, Any]:
        """Give an account; return it with its password, which is not seen again, and addresses to copy.

        Raises:
            UsageError: it cannot be given; the message says why.
            ConfigError: the file is damaged.
        """
        if self._kind == "foreign":
            raise UsageError(_words()["foreign"]["en"])
        ends = wish.until_archive or wish.role is Role.SESSION
        if ends and sitting is None:
            msg = "no workshop session is open: start one, or give an account that stays"
            raise UsageError(msg)
        session = sitting.id if ends and sitting is not None else None
        name = wish.name
        if not name and wish.role is Role.SESSION and sitting is not None:
            name = provisioned.name_of_session(sitting.title)
        password = provisioned.add(self._folder, name, wish.role, session=session, renew=wish.renew)
        return {
            "name": name,
            "password": password,
            "role": wish.role,
            "session": session,
            "urls": urls(name, password, self._broker()),
            "rights": _words()[self._limits()],
        }

    def revoke(self, name: str) -> None:
        """Take one back; once the broker holds to it (`is_held`) it lets it in no more and has cut it off.

        Raises:
            NotFoundError: nobody has that name.
            ConfigError: the file is damaged.
        """
        provisioned.revoke(self._folder, name)

    def end(self, sitting: Sitting | None) -> None:
        """Take back the accounts of sessions that are over."""
        try:
            over = provisioned.end(self._folder, lambda session: sitting is not None and sitting.id == session)
        except ConfigError as error:
            _LOG.warning("Accounts are not taken back: %s", error)
            return
        if over:
            _LOG.info("%d accounts of devices ended with their session", len(over))

    def is_held(self, name: str) -> bool:
        """Tell whether the broker lets a name in by its account as it stands now alone, or asks nobody for a name.

        Raises:
            ConfigError: the file is damaged.
        """
        if self._kind == "foreign" or not self._broker().is_open:
            return True
        return self._admits(name, provisioned.listed(self._folder).get(name))

    def _limits(self) -> str:
        return "closed" if self._kind != "foreign" and not self._broker().is_open else self._kind


def holding(done: Literal["revoked", "renewed"], *, is_held: bool) -> Mapping[str, Any]:
    """Return `{"enforced", "warning": {fr, en} or None}`: whether the broker holds to what was done."""
    return {"enforced": is_held, "warning": None if is_held else _words()[f"{done}_later"]}


def urls(name: str, password: str, broker: Broker) -> list[str]:
    """Return the addresses with everything in them, TLS first where the broker speaks it."""
    login = f"{quote(name, safe='')}:{quote(password, safe='')}@{broker.host}"
    secure = [] if broker.tls_port is None else [f"mqtts://{login}:{broker.tls_port}"]
    return [*secure, f"mqtt://{login}:{broker.port}"]


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    text = resources.files("hub").joinpath("rights.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, dict[str, str]])
