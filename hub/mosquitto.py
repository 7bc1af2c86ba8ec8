"""Mosquitto in the embedded broker's place: its program, and the shipped file made ready for this installation.

`hub.broker` runs it, with the same care as the embedded one: it outlives a killed hub and is taken over again.
"""

import base64
import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

from hub.errors import ConfigError

WINDOW = 2_000
"""The hub's share of an unlimited window (`max_inflight_messages 0`)."""
HERE = Path(__file__).parent
PLACES = (HERE / "mosquitto.conf", HERE.parent / "mosquitto.conf")
"""The shipped file: in the package, or in the checkout beside it."""
WITH_SBIN = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", r"C:\Program Files\mosquitto")
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
    text = re.sub(r"(?m)^listener .*$", f"listener {port} {listen}", shipped, count=1)
    if user is not None:
        passwords = folder / "mosquitto-passwords"
        descriptor = os.open(passwords, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(f"{user}:{_hashed(user, password or '')}\n")
        login = f"allow_anonymous false\npassword_file {passwords.resolve()}"
        text = re.sub(r"(?m)^allow_anonymous .*$", lambda _: login, text, count=1)
    kept = folder / "mosquitto"
    kept.mkdir(mode=0o700, exist_ok=True)
    lines = [text.rstrip(), f"persistence_location {kept.resolve()}{os.sep}"]
    if sys.platform != "win32" and os.geteuid() == 0:
        lines.append("user root")  # else it changes to an account that cannot read the data folder
    return "\n".join(lines) + "\n"


def _hashed(user: str, password: str) -> str:
    # The same password gives the same file, so that a living broker can be taken over; it is random and long anyway
    salt = hashlib.sha256(f"{user}\0{password}".encode()).digest()[:12]
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
