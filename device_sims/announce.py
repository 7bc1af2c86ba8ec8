"""How a run is named and says what it plays (design.md §1, Timeline)."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec
from msgspec import Struct

from device_sims.day import clock_s
from device_sims.devices import Device, Packet

PREFIX = "matinales/sim"


class Announcement(Struct, frozen=True):
    """`matinales/sim/<run>`, retained, QoS 1.

    Attributes:
        run: `<scenario>-<UTC start>-<4 hex>`.
        state: `running`, `paused` or `ended`.
        wall, simulated: the wall's time and the run's at that moment, RFC 3339.
        devices: uids.
        topics: MQTT filters of all they say and hear.
        days: scenario → how many days the day it plays lies after the date of its messages.
        table: whose own run it is; 0: the whole room's.
        plays: uid of a table's device → that of the device whose role it plays.
    """

    run: str
    scenario: str
    seed: int
    speed: float
    state: str
    wall: str
    simulated: str
    devices: tuple[str, ...]
    topics: tuple[str, ...]
    days: dict[str, int] = {}
    table: int = 0
    plays: dict[str, str] = {}


def announcement(
    run: str,
    scenario: str,
    *,
    seed: int,
    speed: float,
    state: str,
    wall: datetime,
    simulated: datetime,
    devices: Iterable[Device],
    days: Mapping[str, int] | None = None,
    table: int = 0,
    plays: Mapping[str, str] | None = None,
) -> Announcement:
    """Return what a run says of itself."""
    devices = tuple(devices)
    return Announcement(
        run=run,
        scenario=scenario,
        seed=seed,
        speed=speed,
        state=state,
        wall=rfc3339(wall),
        simulated=rfc3339(simulated),
        devices=tuple(device.uid for device in devices),
        topics=tuple(pattern for device in devices for pattern in device.filters),
        days=dict(days or {}),
        table=table,
        plays=dict(plays or {}),
    )


def announced(said: Announcement) -> Packet:
    """Return an announcement as a message."""
    return Packet(f"{PREFIX}/{said.run}", msgspec.json.encode(said), retain=True)


def forgotten(run: str) -> Packet:
    """Return the message that takes an announcement off the broker."""
    return Packet(f"{PREFIX}/{run}", b"", retain=True)


def beat(run: str, *, wall: datetime, simulated: datetime, speed: float) -> tuple[str, bytes]:
    """Return topic and payload of a clock beat, QoS 0."""
    return f"{PREFIX}/{run}/clock", msgspec.json.encode(
        {"wall": rfc3339(wall), "simulated": rfc3339(simulated), "speed": speed}
    )


def run_id(scenario: str, wall: datetime, word: int) -> str:
    """Return `<scenario>-<UTC start>-<4 hex>`, in `[a-z0-9-]`."""
    name = scenario.replace("_", "-")
    return f"{name}-{wall.astimezone(UTC):%Y%m%dt%H%M%Sz}-{word & 0xFFFF:04x}"


RUN = re.compile(r"[a-z0-9-]{1,200}")


def is_run(word: str) -> bool:
    """Tell whether a word may be a run's id."""
    return RUN.fullmatch(word) is not None


def start_of(clock: str, zone: tzinfo, wall: datetime) -> datetime:
    """Return the last instant at which local clocks showed `clock`."""
    seconds = clock_s(clock)
    local = wall.astimezone(zone)
    hour, minute = seconds // 3600, seconds % 3600 // 60
    today = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    if today.astimezone(UTC) > wall.astimezone(UTC):
        day = local.date() - timedelta(days=1)
        today = today.replace(year=day.year, month=day.month, day=day.day)
    return today.astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """Return `2026-11-23T07:30:00.250000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
