"""Mosquitto in the embedded broker's place: its program, and the shipped file made ready for this installation.

`hub.broker` runs it, with the same care as the embedded one: it outlives a killed hub and is taken over again.
"""

import base64
import hashlib
import os
import shutil
import sys
from pathlib import Path

from hub.datafolder import write_private
from hub.errors import ConfigError

WINDOW = 2_000
"""Messages in flight towards one subscriber: `max_inflight_messages` of the shipped file."""
QUEUE, QUEUE_BYTES = 600_000, 104_857_600
"""What waits for an absent hub before the broker drops some: `max_queued_messages` and `max_queued_bytes` of it."""
CONNECTIONS = 2_000
"""At a time, of each listener: `max_connections` of it. A silent one stands for 95 s and costs 9 KB (measured)."""
HERE = Path(__file__).parent
PLACES = (HERE / "mosquitto.conf", HERE.parent / "mosquitto.conf")
"""The shipped file: in the package, or in the checkout beside it."""
WITH_SBIN = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", r"C:\Program Files\mosquitto")
_LISTENER = ("listener", "max_connections", "certfile", "keyfile", "ciphers")
OWN = frozenset([*_LISTENER, "allow_anonymous", "password_file", "acl_file", "persistence_location"])
"""Settings of the shipped file that an installation of `--broker mosquitto` makes for itself."""
PASSWORDS, RIGHTS = "mosquitto-passwords", "mosquitto-acl"
"""In the data folder; Mosquitto reads them again when they change."""
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption only (RFC 9325 §4.2); those of TLS 1.3 all are."""
SALT = 12
"""Bytes of salt that Mosquitto 2 takes."""
_ROUNDS = 101
"""PBKDF2 rounds that Mosquitto 2 writes itself (mosquitto_passwd, `$7$`)."""


def program() -> str:
    """Return Mosquitto's path.

    Raises:
        ConfigError: it is not installed; the message says how to install it.
    """
    found = shutil.which("mosquitto", path=os.pathsep.join((os.environ.get("PATH", ""), *WITH_SBIN)))
    if found is None:
        msg = "Mosquitto is not installed: apt install mosquitto, brew install mosquitto, or winget install mosquitto"
        raise ConfigError(msg)
    return found


def config(
    folder: Path,
    *,
    listen: str,
    port: int,
    user: str | None,
    password: str | None,
    accounts: str = "",
    rights: str = "",
    tls: tuple[int, Path] | None = None,
) -> str:
    """Return the shipped file for this address, keeping its data in `folder`; with `user` nobody else may connect.

    Writes the password file, hashed as Mosquitto wants it, and the file of rights into `folder`.

    Args:
        folder: the data folder.
        listen: address.
        port: TCP port.
        user: of the whole room.
        password: its password.
        accounts: lines of the password file for others.
        rights: what the file of rights says beside the shipped rules.
        tls: port of the same over TLS, and the file of certificate and key.
    """
    shipped = next(place for place in PLACES if place.exists()).read_text(encoding="utf-8")
    kept = folder / "mosquitto"
    kept.mkdir(mode=0o700, exist_ok=True)
    own = [f"listener {port} {listen}", f"max_connections {CONNECTIONS}"]
    if tls is not None:
        own += [f"listener {tls[0]} {listen}", f"max_connections {CONNECTIONS}"]
        own += [f"certfile {tls[1]}", f"keyfile {tls[1]}", f"ciphers {CIPHERS}"]
    own.append(f"persistence_location {kept.resolve()}{os.sep}")
    if user is None:
        own.append("allow_anonymous true")
    else:
        # The same password gives the same file, so that a living broker can be taken over; it is random and long anyway
        salt = hashlib.sha256(f"{user}\0{password}".encode()).digest()[:SALT]
        passwords, rules = folder / PASSWORDS, folder / RIGHTS
        _put(passwords, password_line(user, password or "", salt) + accounts)
        _put(rules, (HERE / "mosquitto.acl").read_text(encoding="utf-8") + "\n" + rights)
        own += ["allow_anonymous false", f"password_file {passwords.resolve()}", f"acl_file {rules.resolve()}"]
    if sys.platform != "win32" and os.geteuid() == 0:
        own.append("user root")  # else it changes to an account that cannot read the data folder
    return "\n".join([*own, "", *without(shipped, OWN)]) + "\n"


def _put(path: Path, text: str) -> None:
    """Write a file unless it is so already: a changed one makes Mosquitto read everything again."""
    content = text.encode()
    if not path.exists() or path.read_bytes() != content:
        write_private(path, content)


def without(text: str, settings: frozenset[str]) -> list[str]:
    """Return the lines of a Mosquitto file but for those that make one of these settings."""
    return [line for line in text.splitlines() if line.partition(" ")[0] not in settings]


def password_line(user: str, password: str, salt: bytes) -> str:
    """Return a line of Mosquitto's password file: PBKDF2 with SHA-512, as mosquitto_passwd 2 writes it (`$7$`)."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    words = (base64.b64encode(salt).decode(), base64.b64encode(digest).decode())
    return f"{user}:$7${_ROUNDS}${'$'.join(words)}\n"
