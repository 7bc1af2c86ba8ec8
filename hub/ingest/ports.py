"""Which serial ports are read, under which names: what `HUB_SERIAL` says, and what is plugged in. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath

from msgspec import Struct

from hub.errors import ConfigError

BAUD = 115_200
NAME = 48
"""Characters of a port's name at most."""
OTHERS = re.compile(
    r"zig-?bee|z-?wave|conbee|raspbee|skyconnect|slzb|thread|rfxcom|rflink|modem|gnss|gps|lte", re.IGNORECASE
)
"""What radio sticks and modems call themselves: another program owns them, and an opening would disturb it."""


class Wanted(Struct, frozen=True):
    """What the setting says.

    Attributes:
        auto: whatever looks like USB serial.
        baud: of the ports found.
        paths: path → baud of the ports named.
    """

    auto: bool
    baud: int
    paths: Mapping[str, int]


class Plugged(Struct, frozen=True):
    """A USB serial port as the system lists it; its texts come from the device: untrusted.

    Attributes:
        path: where it is now; it may come back elsewhere.
        number: `vid:pid`, hexadecimal.
        serial: the device's serial number.
        location: where it is plugged.
        product: what it calls itself.
    """

    path: str
    number: str
    serial: str = ""
    location: str = ""
    product: str = ""


class Target(Struct, frozen=True):
    """A port to open."""

    path: str
    baud: int


def wanted(setting: str) -> Wanted | None:
    """Return what `auto`, `auto@9600`, `off` or `/dev/ttyUSB0@9600,COM3` says; None: nothing.

    Raises:
        ConfigError: naming the entry and what it should be.
    """
    entries = [each.strip() for each in setting.split(",") if each.strip()]
    if entries in ([], ["off"]):
        return None
    found: dict[str, int] = {}
    for entry in entries:
        path, at, rate = entry.rpartition("@")
        path, rate = (path, rate) if at else (entry, f"{BAUD}")
        if not path or not re.fullmatch(r"[1-9][0-9]{1,6}", rate, re.ASCII) or path == "off":
            msg = f"serial: {entry!r} is not auto, off, or a port with its rate (/dev/ttyUSB0@9600, COM3@115200)"
            raise ConfigError(msg)
        found[path] = int(rate)
    auto = "auto" in found
    baud = found.pop("auto", BAUD)
    return Wanted(auto, baud, found)


class Watch:
    """Says which ports to open by what is plugged in; a port is known by its device, not by its path."""

    def __init__(self, wanted: Wanted, exists: Callable[[str], bool]) -> None:
        """Begin; `exists` tells whether a path is there."""
        self._wanted = wanted
        self._exists = exists
        self._device: dict[str, str] = {}

    def targets(self, plugged: Iterable[Plugged]) -> dict[str, Target | None]:
        """Return name → port to open; None: a port that was named is not there."""
        named = names(plugged)
        at = {each.path: name for name, each in named.items()}
        found: dict[str, Target | None] = {}
        for path, baud in self._wanted.paths.items():
            name = self._device.get(path) or at.get(path) or slug(PurePath(path.replace("\\", "/")).name) or "port"
            if path in at:
                name = self._device[path] = at[path]
            if name in named:
                found[name] = Target(named[name].path, baud)
            else:
                found[name] = Target(path, baud) if self._exists(path) else None
        if self._wanted.auto:
            for name, each in named.items():
                if not OTHERS.search(each.product):
                    found.setdefault(name, Target(each.path, self._wanted.baud))
        return found

    @staticmethod
    def unread(plugged: Iterable[Plugged], targets: Mapping[str, object]) -> dict[str, str]:
        """Return name → path of what is plugged in and left alone: a radio stick, or a port that nobody named."""
        read = {target.path for target in targets.values() if isinstance(target, Target)}
        return {
            name: each.path for name, each in names(plugged).items() if name not in targets and each.path not in read
        }


def names(plugged: Iterable[Plugged]) -> dict[str, Plugged]:
    """Return name → port: product and serial number; where two share both, also the place where it is plugged."""
    found: dict[str, Plugged] = {}
    for each in sorted(plugged, key=lambda port: port.path):
        unique = slug(each.serial)[-16:] or slug(each.location)
        name = "-".join(filter(None, (slug(each.product)[:24].strip("-") or slug(each.number), unique)))[:NAME]
        if name in found:
            name = f"{name}-{slug(each.location) or slug(each.path)}"[: 2 * NAME]
        found.setdefault(name, each)
    return found


def slug(text: str) -> str:
    """Return a foreign text as a part of a topic: `a-z 0-9 -`."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:NAME]
