"""Accounts at a Mosquitto of one's own: its password file, and its file of rights (`hub/mosquitto.acl`).

Mosquitto reads both again on HUP. Passwords are made here, shown once and kept as hashes only.
"""

import os
import re
import secrets
from enum import StrEnum
from importlib import resources
from pathlib import Path

from hub.datafolder import write_private
from hub.errors import ConfigError, UsageError
from hub.mosquitto import SALT, password_line

PASSWORDS, RIGHTS = "passwords", "acl"
LENGTH = 15
"""Bytes of chance in a password: 20 letters to type on a device."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TAKEN = frozenset(["hub", "simulator", "tele", "stat", "cmnd", "tasmota", "shellies", "homeassistant"])
"""Programs of ours, and branches that many devices share: as a device's name it would open all of them."""


class Role(StrEnum):
    """Whom an account is for."""

    DEVICE = "device"
    INTEGRATOR = "integrator"
    SESSION = "session"
    """All devices of a workshop session share it: it may say what any device may."""


def add(folder: Path, name: str, role: Role = Role.DEVICE, *, renew: bool = False) -> str:
    """Add an account and return its password, made at random.

    Args:
        folder: the one that holds Mosquitto's files, made by `matinales secrets`.
        name: its user name, and the branch it may write: a Tasmota's Topic, a Shelly's MQTT prefix.
        role: an integrator reads everything besides.
        renew: the name exists, and gets a new password.

    Raises:
        UsageError: the name is not one, is taken, or is not there to be renewed.
        ConfigError: the files are not there.
    """
    check(name)
    known = name in names(folder)
    if known and not renew:
        msg = f"{name} has an account already; --renew gives it a new password"
        raise UsageError(msg)
    if renew and not known:
        msg = f"{name} has no account to renew; leave --renew out"
        raise UsageError(msg)
    if role is Role.SESSION:
        msg = "a workshop session has an account at the broker that the hub starts itself; leave --secrets out"
        raise UsageError(msg)
    password = new_password()
    set_password(folder, name, password)
    if role is Role.INTEGRATOR:
        grant_reading(folder, name)
    return password


def new_password() -> str:
    """Return a password that nobody guesses; letters, digits, - and _ only."""
    return secrets.token_urlsafe(LENGTH)


def names(folder: Path) -> list[str]:
    """Return who has an account.

    Raises:
        ConfigError: there is no password file; the message says how to make it.
    """
    return [line.partition(":")[0] for line in _read(folder / PASSWORDS).splitlines()]


def set_password(folder: Path, name: str, password: str) -> None:
    """Give an account, old or new, this password."""
    path = folder / PASSWORDS
    others = [line for line in _read(path).splitlines() if line.partition(":")[0] != name] if path.exists() else []
    kept = "".join(f"{line}\n" for line in others)
    put(path, (kept + password_line(name, password, os.urandom(SALT))).encode())


def grant_reading(folder: Path, name: str) -> None:
    """Let an account read everything; once is enough."""
    path = folder / RIGHTS
    text = _read(path)
    if _reading(name) not in text:
        put(path, f"{text.rstrip()}\n\n{_reading(name)}".encode())


def _reading(name: str) -> str:
    return f"user {name}\ntopic read #\n"


def revoke(folder: Path, name: str) -> None:
    """Take an account back, with its rights; Mosquitto ends its connection when it reads the files again.

    Raises:
        UsageError: nobody has that name, or it is one of ours.
        ConfigError: the files are not there.
    """
    check(name)
    if name not in names(folder):
        msg = f"{name} has no account; `matinales devices accounts` lists them"
        raise UsageError(msg)
    lines = _read(folder / PASSWORDS).splitlines()
    put(folder / PASSWORDS, "".join(f"{line}\n" for line in lines if line.partition(":")[0] != name).encode())
    text = _read(folder / RIGHTS)
    if _reading(name) in text:
        put(folder / RIGHTS, text.replace(f"\n{_reading(name)}", "").encode())


def write_rights(folder: Path) -> None:
    """Write the shipped rights."""
    put(folder / RIGHTS, resources.files("hub").joinpath("mosquitto.acl").read_bytes())


def put(path: Path, content: bytes) -> None:
    """Write a file for the owner of its folder only: a service has its folder, and root may fill it."""
    write_private(path, content)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def check(name: str) -> None:
    """Refuse a name that would open more than one branch.

    Raises:
        UsageError: saying what a name may be.
    """
    if not _NAME.fullmatch(name):
        msg = f"{name!r} is no name for an account: 1 to 64 letters, digits, _ . or -, a letter or digit first"
        raise UsageError(msg)
    if name.lower() in _TAKEN or name.lower().startswith("matinales"):
        msg = f"{name} is the hub's own name, or a branch that many devices share; choose another"
        raise UsageError(msg)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); `matinales secrets` makes it, --secrets names its folder"
        raise ConfigError(msg) from error
