"""The facilitator's PIN: random per installation, never a default, never in an address or a log."""

import secrets
from pathlib import Path

from hub.datafolder import write_private
from hub.errors import ConfigError

PIN = "pin"
DIGITS = 6
SHORTEST = 4


def pin(data: Path) -> str:
    """Return the PIN kept in the data folder, readable by its owner only; made at first use."""
    path = data / PIN
    try:
        word = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        word = ""
    if len(word) == DIGITS and word.isdigit():
        return word
    return renew(data)


def renew(data: Path) -> str:
    """Return another PIN, kept in place of the one before."""
    word = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    write_private(data / PIN, word.encode())
    return word


def pin_from_file(path: Path) -> str:
    """Return the PIN that an operator put into a file (HUB_PIN_FILE).

    Raises:
        ConfigError: the file cannot be read, or what it holds is too short to be a secret.
    """
    try:
        word = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"HUB_PIN_FILE {path}: cannot be read ({error}); write the facilitator's PIN into it, one line"
        raise ConfigError(msg) from error
    if len(word) < SHORTEST:
        msg = f"HUB_PIN_FILE {path}: holds {len(word)} characters; write at least {SHORTEST}, better {DIGITS} digits"
        raise ConfigError(msg)
    return word
