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
HERE = Path(__file__).parent
PLACES = (HERE / "mosquitto.conf", HERE.parent / "mosquitto.conf")
"""The shipped file: in the package, or in the checkout beside it."""
WITH_SBIN = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", r"C:\Program Files\mosquitto")
_LISTENER = ("listener", "max_connections", "certfile", "keyfile")
OWN = frozenset([*_LISTENER, "allow_anonymous", "password_file", "acl_file", "persistence_location"])
"""Settings of the shipped file that an installation of `--broker mosquitto` makes for itself."""
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


def config(folder: Path, *, listen: str, port: int, user: str | None, password: str | None) -> str:
    """Return the shipped file for this address, keeping its data in `folder`; with `user` nobody else may connect.

    Writes the password file into `folder`, hashed as Mosquitto wants it.
    """
    shipped = next(place for place in PLACES if place.exists()).read_text(encoding="utf-8")
    kept = folder / "mosquitto"
    kept.mkdir(mode=0o700, exist_ok=True)
    own = [f"listener {port} {listen}", f"persistence_location {kept.resolve()}{os.sep}"]
    if user is None:
        own.append("allow_anonymous true")
    else:
        # The same password gives the same file, so that a living broker can be taken over; it is random and long anyway
        salt = hashlib.sha256(f"{user}\0{password}".encode()).digest()[:SALT]
        passwords = folder / "mosquitto-passwords"
        write_private(passwords, password_line(user, password or "", salt).encode())
        own += ["allow_anonymous false", f"password_file {passwords.resolve()}"]
    if sys.platform != "win32" and os.geteuid() == 0:
        own.append("user root")  # else it changes to an account that cannot read the data folder
    return "\n".join([*own, "", *without(shipped, OWN)]) + "\n"


def without(text: str, settings: frozenset[str]) -> list[str]:
    """Return the lines of a Mosquitto file but for those that make one of these settings."""
    return [line for line in text.splitlines() if line.partition(" ")[0] not in settings]


def password_line(user: str, password: str, salt: bytes) -> str:
    """Return a line of Mosquitto's password file: PBKDF2 with SHA-512, as mosquitto_passwd 2 writes it (`$7$`)."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    words = (base64.b64encode(salt).decode(), base64.b64encode(digest).decode())
    return f"{user}:$7${_ROUNDS}${'$'.join(words)}\n"
