"""What `matinales doctor` looks at: each check gives findings, and leaves nothing behind.

A finding is a code of doctor.toml with the words that fill it; the command turns it into the reader's language.
"""

import json
import os
import shutil
import socket
import stat
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from msgspec import Struct
from msgspec.structs import replace

from hub import broker, datafolder, mosquitto
from hub.addresses import interfaces, of_room, outward
from hub.cli._causes import cause
from hub.config import Config
from hub.datafolder import Living
from hub.errors import ConfigError
from hub.ingest import probe
from hub.ingest.probe import Limits
from hub.ingest.room import default_budget

PYTHON = (3, 11)
SQLITE = (3, 51, 3)
"""The first without the WAL-reset bug (reliability.md §3.6, X18)."""
PACKAGES = {"aiohttp": (">=3.14", (3, 14)), "paho-mqtt": (">=2.2,<2.3", (2, 2)), "msgspec": (">=0.20", (0, 20))}
PAHO_MINOR = (2, 2)
"""The buffered read overrides a private method of this minor version."""
LITTLE_SPACE = 1024**3
NO_SPACE = 200 * 1024**2
SANE_YEARS = range(2025, 2080)
JUMP_S = 0.5
ASSUMED_RATE = 10.0
"""Messages a second, where nobody speaks at the time: a room full of devices."""
ASSUMED_SIZE = 500
"""Bytes of such a message in the journal: three values and a topic."""
WORKING_DAY = 8.0
"""Hours that the journal should hold what arrives while something downstream is away."""
PAGE = Path(__file__).parent.parent / "web" / "static" / "index.html"


class Finding(Struct, frozen=True):
    """One line of the doctor.

    Attributes:
        id: what was looked at.
        ok: None: worth knowing, neither good nor bad, or not known.
        code: sentence in doctor.toml.
        words: what fills it.
    """

    id: str
    ok: bool | None
    code: str
    words: Mapping[str, Any] = {}


def versions() -> Iterator[Finding]:
    """Look at Python, SQLite and the libraries whose version matters."""
    python = ".".join(map(str, sys.version_info[:3]))
    fresh = sys.version_info >= PYTHON
    words = {"version": python, "wanted": ".".join(map(str, PYTHON))}
    yield Finding("versions.python", fresh, "python_ok" if fresh else "python_old", words)
    yield sqlite(_sqlite_version())
    for name, (wanted, lowest) in PACKAGES.items():
        yield package(name, wanted, lowest, version_of(name))
    yield embedded_broker(version_of("iotcore"), installed=_has_mosquitto())


def sqlite(version: str) -> Finding:
    """Judge the SQLite that apsw brings."""
    fresh = numbers(version) >= SQLITE
    words = {"version": version, "wanted": ".".join(map(str, SQLITE))}
    return Finding("versions.sqlite", fresh, "sqlite_ok" if fresh else "sqlite_old", words)


def package(name: str, wanted: str, lowest: tuple[int, ...], version: str | None) -> Finding:
    """Judge a library; paho's minor version is pinned."""
    words = {"name": name, "version": version, "wanted": wanted}
    if version is None:
        return Finding(f"versions.{name}", ok=False, code="package_missing", words=words)
    fits = numbers(version) >= lowest and (name != "paho-mqtt" or numbers(version)[:2] == PAHO_MINOR)
    return Finding(f"versions.{name}", fits, "package_ok" if fits else "package_old", words)


def embedded_broker(version: str | None, *, installed: bool) -> Finding:
    """Judge whether there is a broker to start."""
    if version is not None:
        return Finding("versions.broker", ok=True, code="embedded_ok", words={"version": version})
    return Finding("versions.broker", installed, "embedded_mosquitto" if installed else "embedded_missing")


def numbers(version: str) -> tuple[int, ...]:
    """Return `3.51.3` as (3, 51, 3); what is no number ends it."""
    found = []
    for part in version.split("."):
        if not part.isdigit():
            break
        found.append(int(part))
    return tuple(found)


def folder(data: Path) -> Iterator[Finding]:
    """Look at the data folder and its disk, without creating it."""
    place = next(each for each in (data, *data.parents) if each.exists())
    if place == data:
        yield _writable(data)
        if data.is_dir() and others_read(data):
            yield Finding("folder.private", ok=False, code="folder_open", words={"path": data})
    else:
        usable = place.is_dir() and os.access(place, os.W_OK)
        yield Finding("folder.writable", usable, "folder_ok" if usable else "folder_bad", {"path": data})
    yield disk(shutil.disk_usage(place).free)


def others_read(path: Path) -> bool:
    """Tell whether others on this machine may read a file or folder; Windows knows no such mode."""
    try:
        return sys.platform != "win32" and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False


def _writable(data: Path) -> Finding:
    try:
        datafolder.prepare(data)
    except ConfigError:
        return Finding("folder.writable", ok=False, code="folder_bad", words={"path": data})
    return Finding("folder.writable", ok=True, code="folder_ok", words={"path": data})


def disk(free: int) -> Finding:
    """Judge the free space [byte]: less than 1 GiB is worth knowing, less than 200 MiB a problem."""
    words = {"free": amount(free), "wanted": amount(LITTLE_SPACE)}
    if free >= LITTLE_SPACE:
        return Finding("disk.free", ok=True, code="disk_ok", words=words)
    return Finding("disk.free", ok=None if free >= NO_SPACE else False, code="disk_low", words=words)


def amount(size: int) -> str:
    """Return bytes for people."""
    gigabytes = size / 1024**3
    return f"{gigabytes:.1f} GiB" if gigabytes >= 1 else f"{size / 1024**2:.0f} MiB"


def history(config: Config, data: Path) -> Iterator[Finding]:
    """Tell how much room readings take, and how long they are kept."""
    files = [data / f"store.db{part}" for part in ("", "-wal")]
    size = sum(each.stat().st_size for each in files if each.exists())
    raw = config.raw_days or config.history_days  # not thinned out, but let go all the same
    words = {"size": amount(size), "raw": _days(raw), "extremes": _days(config.history_days)}
    yield Finding("history.kept", ok=None, code="history_kept", words=words)


def journal_room(config: Config, data: Path) -> Finding:
    """Tell how long the journal's budget lasts where no hub runs that measures its own rate."""
    place = next(each for each in (data, *data.parents) if each.exists())
    given = config.journal_budget_mb
    budget = given * 1_000_000 if given is not None else default_budget(shutil.disk_usage(place).free)
    hours = budget / (ASSUMED_RATE * ASSUMED_SIZE) / 3600
    words = {"budget": amount(budget), "hours": f"{hours:.0f}", "rate": f"{ASSUMED_RATE:g}", "size": ASSUMED_SIZE}
    lasts = hours >= WORKING_DAY
    return Finding(
        "disk.journal", ok=True if lasts else None, code="journal_lasts" if lasts else "journal_short", words=words
    )


def _days(days: int) -> Mapping[str, str]:
    return {"fr": f"{days} jours", "en": f"{days} days"} if days else {"fr": "toujours", "en": "ever"}


def clock(
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    """Watch the wall clock beside the monotonic one for a moment."""
    first_wall, first = wall(), monotonic()
    wait(0.2)
    moved = wall() - first_wall - (monotonic() - first)
    now = datetime.fromtimestamp(first_wall, UTC)
    sane = now.year in SANE_YEARS
    words = {"time": now.strftime("%Y-%m-%d %H:%M:%S UTC")}
    yield Finding("clock.time", sane, "clock_ok" if sane else "clock_wrong", words)
    if abs(moved) > JUMP_S:
        yield Finding("clock.steady", ok=False, code="clock_jumps", words={"seconds": f"{moved:.1f}"})


def zone(config: Config, now: datetime) -> Finding:
    """Compare the configured zone with the machine's."""
    there, here = now.astimezone(config.zone), now.astimezone()
    words = {"zone": config.tz, "time": there.strftime("%H:%M"), "local": here.strftime("%H:%M")}
    same = there.utcoffset() == here.utcoffset()
    return Finding("clock.zone", ok=True if same else None, code="zone_ok" if same else "zone_differs", words=words)


def page(index: Path = PAGE) -> Finding:
    """See whether the page is there."""
    return Finding("page.built", ok=index.exists(), code="page_ok" if index.exists() else "page_missing")


def living(data: Path, health: Callable[[str], Mapping[str, Any] | None]) -> Iterator[Finding]:
    """Ask the hub that owns the folder how its parts are."""
    hub = datafolder.living(data)
    told = None if hub is None else health(hub.url)
    if hub is None or (told is None and not psutil.pid_exists(hub.pid)):
        yield Finding("hub.running", ok=None, code="hub_none")
        return
    words = {"url": hub.url, "pid": hub.pid}
    if told is None:
        yield Finding("hub.running", ok=False, code="hub_silent", words=words)
        return
    yield Finding("hub.running", ok=True, code="hub_ok", words=words)
    for name, part in told.get("parts", {}).items():
        yield of_part(name, part)
        yield from room_of(name, part)


def of_part(name: str, part: Mapping[str, Any]) -> Finding:
    """Turn a part of /health into a finding; the broker's is ok only after SUBACK."""
    if part.get("status") == "ok":
        if name == "journal" and part.get("budget"):
            return _journal(part)
        code = "part_broker_ok" if name == "broker" and part.get("url") else "part_ok"
        return Finding(f"part.{name}", ok=True, code=code, words={"name": name, "url": part.get("url")})
    words = {"name": name, "reason": part.get("text") or part.get("status"), "advice": part.get("remedy") or "—"}
    return Finding(f"part.{name}", ok=False, code="part_bad", words=words)


def room_of(name: str, part: Mapping[str, Any]) -> Iterator[Finding]:
    """Tell what the parts `https` and `room` say beside being well: where, until when, whom to trust; the name."""
    if name == "https" and part.get("urls"):
        words = {"url": part["urls"][0], "until": part.get("until"), "fingerprint": part.get("fingerprint")}
        yield Finding("https.certificate", ok=None, code="https_served", words=words)
    elif name == "room" and part.get("name") in {"announced", "taken", "blocked"}:
        found, words = part["name"], {"who": part.get("name_reason") or "?"}
        yield Finding("room.name", ok=True if found == "announced" else None, code=f"name_{found}", words=words)


def _journal(part: Mapping[str, Any]) -> Finding:
    hours = part.get("hours")
    words = {"used": amount(part["used"]), "budget": amount(part["budget"]), "hours": hours}
    return Finding(
        "part.journal", ok=True, code="part_journal_idle" if hours is None else "part_journal_ok", words=words
    )


def ports(config: Config, data: Path, *, is_alive: bool) -> Iterator[Finding]:
    """Look at the ports of the page and of the broker: free, ours, or whose?"""
    hub = datafolder.living(data) if is_alive else None
    ours = _ports_of(hub, data)
    yield port("page", config.web_port, config.web_host, ours.get("page"), "--port, HUB_WEB_PORT")
    if config.broker_url is not None:
        reached = foreign_broker(config.broker_url)
        yield reached
        if reached.ok:
            yield from broker_limits(config.broker_url)
    else:
        yield port("MQTT", config.mqtt_port, "127.0.0.1", ours.get("mqtt"), "--mqtt-port, HUB_MQTT_PORT")


def in_use(config: Config, data: Path, *, is_alive: bool) -> Config:
    """Return the settings with the ports of a living hub in them: they may have been chosen at its start."""
    ours = _ports_of(datafolder.living(data) if is_alive else None, data)
    return replace(config, web_port=ours.get("page", config.web_port), mqtt_port=ours.get("mqtt", config.mqtt_port))


def _ports_of(hub: Living | None, data: Path) -> dict[str, int]:
    ours = {}
    if hub is not None and urlsplit(hub.url).port is not None:
        ours["page"] = urlsplit(hub.url).port or 0
    state = broker.alive(data)
    if state is not None:
        ours["mqtt"] = state.port
    return ours


def port(use: str, wanted: int, host: str, ours: int | None, option: str) -> Finding:
    """Judge a port by opening it for a moment."""
    name = f"ports.{use.lower()}"
    if ours is not None:
        return Finding(name, ok=True, code="port_ours", words={"port": ours, "use": use})
    words = {"port": wanted, "use": use, "option": option}
    if wanted == 0:
        return Finding(name, ok=True, code="port_any", words=words)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        if sys.platform != "win32":  # there the option would allow two listeners
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except PermissionError as error:
            return Finding(name, ok=False, code="port_refused", words={**words, "reason": cause(error)})
        except OSError:
            return Finding(name, ok=False, code="port_taken", words={**words, "who": holder(wanted)})
    return Finding(name, ok=True, code="port_free", words=words)


def holder(number: int) -> str:
    """Return who listens on a port, as far as the system tells."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == number
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} ({connection.pid})"
    except psutil.Error:
        pass
    return "?"


def foreign_broker(url: str) -> Finding:
    """See whether a broker that is not ours can be reached."""
    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port or 1883}"
    try:
        socket.create_connection((parts.hostname or "", parts.port or 1883), timeout=3).close()
    except OSError as error:
        return Finding("broker.reached", ok=False, code="broker_bad", words={"where": where, "reason": cause(error)})
    return Finding("broker.reached", ok=True, code="broker_ok", words={"where": where})


def broker_limits(url: str, look: Callable[[str], Limits] = probe.look) -> Iterator[Finding]:
    """Try out what a broker that is not ours keeps for an absent hub."""
    try:
        found = look(url)
    except OSError as error:
        yield Finding("broker.tried", ok=False, code="broker_untried", words={"reason": cause(error)})
        return
    yield broker_queue(found)
    wide = found.window == found.kept or found.window >= broker.WINDOW
    at_least = "≥ " if found.window == found.kept else ""
    words = {"window": f"{at_least}{found.window}", "wanted": broker.WINDOW}
    yield Finding("broker.window", wide, "window_ok" if wide else "window_small", words)
    if not found.large:
        yield Finding("broker.payload", ok=False, code="payload_small", words={"size": amount(probe.LARGE)})
    if found.rate is None:
        yield Finding("broker.everything", ok=None, code="broker_partial")


def broker_queue(found: Limits) -> Finding:
    """Say how long the hub may be away; a broker that drops is a problem."""
    if not found.session:
        return Finding("broker.queue", ok=False, code="queue_none")
    rate = found.rate or ASSUMED_RATE
    told = {"kept": found.kept, "published": found.published, "away": f"{found.kept / rate:.0f}", "rate": f"{rate:.3g}"}
    if found.kept < found.published:
        return Finding("broker.queue", ok=False, code="queue_short", words=told)
    return Finding("broker.queue", ok=True, code="queue_ok" if found.rate else "queue_silent", words=told)


def addresses(config: Config, data: Path, found: Mapping[str, list[str]]) -> Iterator[Finding]:
    """Say what to type on a device.

    Args:
        config: for the broker's port.
        data: data folder: whether a broker lives there, and how open it is.
        found: interface → IPv4 addresses that others may reach.
    """
    if config.broker_url is not None:
        parts = urlsplit(config.broker_url)
        words = {"address": parts.hostname, "port": parts.port or 1883}
        yield Finding("address.broker", ok=None, code="address", words=words)
        return
    state = broker.alive(data)
    is_open = state is not None and not state.listen.startswith("127.")
    for name, each in found.items():
        for address in each:
            port_now = state.port if state is not None else config.mqtt_port
            words = {"address": address, "port": port_now, "user": "matinales", "file": f"{data / 'mqtt-password'}"}
            yield Finding(f"address.{name}", ok=None, code="address_login" if is_open else "address_lan", words=words)
    if not found:
        yield Finding("address.none", ok=None, code="address_none")


def own_addresses() -> dict[str, list[str]]:
    """Return interface → IPv4 addresses in the room, the likeliest first: those that the hub tells phones too."""
    found: dict[str, list[str]] = {}
    for each in of_room(interfaces(), outward()):
        found.setdefault(each.name, []).append(each.address)
    return found


def health_of(url: str) -> Mapping[str, Any] | None:
    """Return /health of a hub, or None where nobody answers."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=3) as answer:  # noqa: S310 — our own address
            told: dict[str, Any] = json.load(answer)
            return told
    except (OSError, ValueError):
        return None


def _sqlite_version() -> str:
    import apsw  # noqa: PLC0415 — only the doctor asks

    return apsw.sqlite_lib_version()


def version_of(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _has_mosquitto() -> bool:
    try:
        mosquitto.program()
    except ConfigError:
        return False
    return True
