"""What `matinales doctor` looks at between this machine and the room: firewall, certificates, what devices are told."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from hub import setup
from hub.certificate import Seen, may_vouch, seen
from hub.cli._causes import cause
from hub.cli._checks import Finding, others_read
from hub.config import Config
from hub.driver import Driver
from hub.errors import ConfigError
from hub.lan import keeper

PATIENCE = 3.0
HTTPS_PORT = 8443
HIDDEN = "…"
UFW = Path("/etc/ufw/ufw.conf")
APPLE = "/usr/libexec/ApplicationFirewall/socketfilterfw"
Ask = Callable[[Sequence[str]], str | None]
"""Runs a command and returns what it prints; None: it is not here, or failed."""


def ask(command: Sequence[str]) -> str | None:
    """Run a command of the system for a moment (`Ask`)."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603 — fixed words
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def firewall(config: Config, platform: str = sys.platform, ask: Ask = ask, ufw: Path = UFW) -> Finding:
    """Say which firewall stands before this machine, and the line that opens the hub's ports in it."""
    ports = [config.web_port, config.https_port or HTTPS_PORT]
    if config.broker_url is None:
        ports.append(config.mqtt_port)
    wanted = sorted({each for each in ports if each})
    if platform == "win32":
        listed = ",".join(map(str, wanted))
        rule = 'netsh advfirewall firewall add rule name="Matinales Hub" dir=in action=allow protocol=TCP'
        return _wall("Windows", f"{rule} localport={listed}")
    if platform == "darwin":
        if "enabled" not in (ask([APPLE, "--getglobalstate"]) or ""):
            return Finding("firewall", ok=True, code="firewall_none")
        return _wall("macOS", f"sudo {APPLE} --add {sys.executable} --unblockapp {sys.executable}")
    if _has_ufw(ufw):
        return _wall("ufw", " && ".join(f"sudo ufw allow {each}/tcp" for each in wanted))
    if "running" in (ask(["firewall-cmd", "--state"]) or ""):
        return _wall("firewalld", "sudo firewall-cmd " + " ".join(f"--add-port={each}/tcp" for each in wanted))
    return Finding("firewall", ok=True, code="firewall_none")


def _wall(name: str, line: str) -> Finding:
    return Finding("firewall", ok=None, code="firewall_there", words={"name": name, "line": line})


def _has_ufw(settings: Path) -> bool:
    try:
        return "enabled=yes" in settings.read_text(errors="replace").lower().replace(" ", "")
    except OSError:
        return False


def time_server(platform: str = sys.platform, ask: Ask = ask) -> Finding:
    """Say whether the clock follows a time server, as far as the system tells."""
    if platform == "linux":
        told = (ask(["timedatectl", "show", "--property=NTPSynchronized", "--value"]) or "").strip()
        if told in {"yes", "no"}:
            return Finding("clock.ntp", ok=True if told == "yes" else None, code=f"ntp_{told}")
    return Finding("clock.ntp", ok=None, code="ntp_unknown")


def certificates(data: Path, addresses: Iterable[str], now: datetime | None = None) -> Iterator[Finding]:
    """Look at the certificates that a hub open to the room has made: whole, private, good for today's addresses."""
    files = [data / keeper.FOLDER / name for name in (keeper.AUTHORITY, keeper.SERVER)]
    if not any(each.exists() for each in files):
        yield Finding("https.files", ok=None, code="certificate_none")
        return
    for each in files:
        if others_read(each):
            yield Finding("https.private", ok=False, code="certificate_open", words={"path": each})
    try:
        authority = keeper.parse(files[0].read_bytes())
        page = seen(keeper.parse(files[1].read_bytes()), authority)
        found = seen(authority)
    except (OSError, ValueError) as error:
        words = {"path": files[0].parent, "reason": cause(error)}
        yield Finding("https.files", ok=False, code="certificate_bad", words=words)
        return
    yield from _dates(found, page, now or datetime.now(UTC), {each for each in addresses if may_vouch(each)})


def _dates(authority: Seen, page: Seen, now: datetime, addresses: set[str]) -> Iterator[Finding]:
    words = {"until": f"{authority.until:%Y-%m-%d}", "page": f"{page.until:%Y-%m-%d}"}
    if not authority.is_good(now, keeper.AUTHORITY_LEFT):
        yield Finding("https.authority", ok=False, code="authority_ends", words=words)
    elif not page.is_good(now, keeper.LEFT):
        yield Finding("https.page", ok=None, code="certificate_ends", words=words)
    else:
        yield Finding("https.files", ok=True, code="certificate_ok", words=words)
    missing = addresses - page.names
    if missing:
        yield Finding(
            "https.addresses", ok=None, code="certificate_moved", words={"missing": ", ".join(sorted(missing))}
        )


def families(config: Config, data: Path, addresses: Sequence[str], drivers: Iterable[Driver]) -> Iterator[Finding]:
    """Say what to type on a device of each family, with this machine's address; a password is named, not told."""
    url = config.broker_url or f"mqtt://127.0.0.1:{config.mqtt_port}"
    broker = setup.broker_of(url, addresses, is_ours=config.broker_url is None)
    if not broker.is_open:
        return
    if config.broker_url is None and (data / "mqtt-password").is_file():
        broker = setup.Broker(host=broker.host, port=broker.port, user="matinales", password=HIDDEN, is_open=True)
    try:
        told = setup.families(drivers, broker)
    except ConfigError as error:
        yield Finding("device", ok=False, code="device_unread", words={"reason": cause(error)})
        return
    for family in told:
        typed = next((step["type"] for step in family["steps"] if step["type"]), None)
        if typed is not None:
            words = {"title": family["title"], "typed": " ".join(typed.split())}
            yield Finding(f"device.{family['model']}", ok=None, code="device_typed", words=words)
