"""An installed Mosquitto with the shipped file, instead of the embedded broker."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from hub.datafolder import write_private
from hub.errors import ConfigError

HERE = Path(__file__).parent
PLACES = (HERE / "mosquitto.conf", HERE.parent / "mosquitto.conf")
"""The shipped file: in the package, or in the checkout beside it."""
WITH_SBIN = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", r"C:\Program Files\mosquitto")


def program() -> str:
    """Return Mosquitto's path.

    Raises:
        ConfigError: it is not installed; the message says how to install it.
    """
    places = os.pathsep.join((os.environ.get("PATH", ""), *WITH_SBIN))
    found = shutil.which("mosquitto", path=places)
    if found is None:
        msg = "Mosquitto is not installed: apt install mosquitto, brew install mosquitto, or winget install mosquitto"
        raise ConfigError(msg)
    return found


def command(data: Path, *, listen: str, port: int, user: str | None, password: str | None) -> list[str]:
    """Write the shipped file, with this address and password, into the data folder; return the command that runs it.

    Raises:
        ConfigError: Mosquitto is not installed.
    """
    path = program()
    shipped = next(place for place in PLACES if place.exists()).read_text(encoding="utf-8")
    text = re.sub(r"(?m)^listener .*$", f"listener {port} {listen}", shipped, count=1)
    if user is not None:
        passwords = data / "mosquitto-passwords"
        write_private(passwords, f"{user}:{password}\n".encode())
        hasher = shutil.which("mosquitto_passwd") or str(Path(path).with_name("mosquitto_passwd"))
        subprocess.run([hasher, "-U", str(passwords)], check=True, capture_output=True)  # noqa: S603 — Mosquitto's own
        text = re.sub(r"(?m)^allow_anonymous .*$", f"allow_anonymous false\npassword_file {passwords}", text, count=1)
    kept = data / "mosquitto"
    kept.mkdir(mode=0o700, exist_ok=True)
    config = data / "mosquitto.conf"
    write_private(config, f"{text}\npersistence_location {kept}/\n".encode())
    return [path, "-c", str(config)]
