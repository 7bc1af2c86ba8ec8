"""MQTT accounts that a hub gives to devices, at the broker that it starts itself and opens to the room.

`mqtt-accounts.json` in the data folder is written by whoever gives or revokes one; whoever started the broker watches
it and writes it into the broker's own files (`hub.broker`). A password is made at random and shown once. Mosquitto
keeps hashes; the embedded broker compares words, so there the password itself stays, in files of their owner only.
"""

import os
import re
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from filelock import FileLock
from msgspec import Struct
from msgspec.structs import replace

from hub.accounts import Role, check, new_password
from hub.datafolder import lock_of, named, write_private
from hub.errors import NotFoundError, UsageError
from hub.mosquitto import SALT, password_line

FILE = "mqtt-accounts.json"
MOST = 500
EVERYBODYS = "matinales"
"""The account of the whole room, whose password stands beside `--lan`."""
_SPACES = re.compile(r"\s+")


class Account(Struct, frozen=True, kw_only=True):
    """What is kept of one.

    Attributes:
        role: what it may do, where the broker knows rights.
        created: when [s since 1970].
        session: it ends when this workshop session is archived; None: it stays until it is revoked.
        line: its line in Mosquitto's password file.
        password: for the embedded broker; None once Mosquitto has taken its hash.
    """

    role: Role
    created: float
    session: str | None
    line: str
    password: str | None

    def __repr__(self) -> str:
        """Show what is no secret: what is printed may be logged."""
        return f"Account(role={self.role!r}, session={self.session!r})"


def listed(folder: Path) -> dict[str, Account]:
    """Return name → account.

    Raises:
        ConfigError: the file is damaged.
    """
    return named(folder / FILE, Account, "give the accounts anew")


def add(
    folder: Path,
    name: str,
    role: Role = Role.DEVICE,
    *,
    session: str | None = None,
    renew: bool = False,
    wall: Callable[[], float] = time.time,
) -> str:
    """Give an account and return its password: the only time that it is seen.

    Args:
        folder: the data folder.
        name: its user name and the branch it may write: a Tasmota's Topic, a Shelly's MQTT prefix.
        role: what it may do.
        session: with whose archiving it ends.
        renew: it has an account, and gets a new password.
        wall: clock [s].

    Raises:
        UsageError: the name is not one, is taken, or is not there to be renewed; or there are too many.
        ConfigError: the file is damaged.
    """
    check(name)
    with _locked(folder):
        known = listed(folder)
        if renew and name not in known:
            msg = f"{name} has no account to renew; leave --renew out"
            raise UsageError(msg)
        if name in known and not renew:
            msg = f"{name} has an account already; --renew gives it a new password"
            raise UsageError(msg)
        if len(known) >= MOST:
            msg = f"{MOST} accounts are given: revoke some with `matinales devices revoke NAME`"
            raise UsageError(msg)
        password = new_password()
        line = password_line(name, password, os.urandom(SALT))
        made = Account(role=role, created=wall(), session=session, line=line, password=password)
        if renew and session is None:
            made = replace(made, role=known[name].role, session=known[name].session)
        _write(folder, known | {name: made})
    return password


def revoke(folder: Path, name: str) -> None:
    """Take an account back: the broker lets its name in no more, and ends its connection.

    Raises:
        NotFoundError: nobody has that name.
        ConfigError: the file is damaged.
    """
    with _locked(folder):
        known = listed(folder)
        if name not in known:
            msg = f"no account {name!r}; `matinales devices accounts` lists them"
            raise NotFoundError(msg)
        _write(folder, {each: account for each, account in known.items() if each != name})


def end(folder: Path, living: Callable[[str], bool]) -> list[str]:
    """Take back the accounts whose session is over, and return their names.

    Args:
        folder: the data folder.
        living: whether a session still goes on.

    Raises:
        ConfigError: the file is damaged.
    """
    if not (folder / FILE).exists():
        return []
    with _locked(folder):
        known = listed(folder)
        over = [name for name, each in known.items() if each.session is not None and not living(each.session)]
        if over:
            _write(folder, {name: each for name, each in known.items() if name not in over})
    return over


def hashed_only(folder: Path) -> None:
    """Forget the passwords themselves: Mosquitto has their hashes."""
    if not (folder / FILE).exists():
        return
    with _locked(folder):
        known = listed(folder)
        if any(each.password is not None for each in known.values()):
            _write(folder, {name: replace(each, password=None) for name, each in known.items()})


def name_of_session(title: str) -> str:
    """Return a user name for all devices of a session."""
    plain = _SPACES.sub("-", re.sub(r"[^A-Za-z0-9 ]", "", title).strip().lower())[:24].strip("-")
    return f"{plain or 'room'}-{secrets.token_hex(2)}"


def rights(accounts: Mapping[str, Account]) -> str:
    """Return what Mosquitto's file of rights says beside the shipped rules: of the room and of these accounts."""
    lines = [f"user {EVERYBODYS}", "topic readwrite #"]
    for name, each in accounts.items():
        if each.role is Role.INTEGRATOR:
            lines += [f"user {name}", "topic read #"]
        elif each.role is Role.SESSION:
            lines += [f"user {name}", "topic readwrite #", "topic deny matinales/#"]
    return "\n".join(lines) + "\n"


def _locked(folder: Path) -> FileLock:
    return lock_of(folder / f"{FILE}.lock", timeout=10)


def _write(folder: Path, accounts: Mapping[str, Account]) -> None:
    write_private(folder / FILE, msgspec.json.encode(accounts))
