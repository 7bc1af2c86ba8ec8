"""What `matinales doctor` looks at of what is installed: the floors of the requirements, the drivers of others."""

import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path

import msgspec
from packaging.requirements import Requirement
from packaging.version import InvalidVersion

from hub.cli._causes import cause
from hub.cli._checks import Finding
from hub.errors import HubError
from hub.guests.house import installed
from hub.kept import GUESTS, Absence
from hub.store.file import StoreReader
from hub.store.state import StateStore

DISTRIBUTION = "matinales-hub"


def wanted() -> list[str]:
    """Return the requirements that this hub was installed with; none where it runs from a folder."""
    try:
        return metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []


def floors(
    requirements: Iterable[str], version: Callable[[str], str | None], judged: Iterable[str] = ()
) -> Iterator[Finding]:
    """Compare what is installed with the requirements, those of extras and of other systems left out.

    Args:
        requirements: as the package's metadata has them.
        version: distribution → its version; None: it is not installed.
        judged: names that others have looked at.
    """
    count, left = 0, set(judged)
    for text in requirements:
        asked = Requirement(text)
        if asked.name in left or (asked.marker is not None and not asked.marker.evaluate({"extra": ""})):
            continue
        count += 1
        found = version(asked.name)
        words = {"name": asked.name, "version": found, "wanted": str(asked.specifier)}
        if found is None:
            yield Finding(f"versions.{asked.name}", ok=False, code="package_missing", words=words)
        elif not _fits(asked, found):
            yield Finding(f"versions.{asked.name}", ok=False, code="package_old", words=words)
    if count:
        yield Finding("versions.all", ok=None, code="packages_looked_at", words={"count": count})


def _fits(asked: Requirement, version: str) -> bool:
    try:
        return asked.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return False


def machine(system: str | None = None, processor: str | None = None, libc: tuple[str, str] | None = None) -> Finding:
    """Say for which machine wheels must be: the broker's want x86-64 or 64-bit ARM and glibc ≥ 2.28 on Linux."""
    kind, version = platform.libc_ver() if libc is None else libc
    words = {
        "system": platform.system() if system is None else system,
        "processor": platform.machine() if processor is None else processor,
        "libc": f"{kind} {version}".strip() or "—",
    }
    return Finding("versions.machine", ok=None, code="machine", words=words)


def drivers(data: Path) -> Iterator[Finding]:
    """Tell which drivers of other packages are off, as the store remembers; a living hub tells it as its part."""
    there = [point.value for point in installed()]
    if there:
        yield Finding("drivers.installed", ok=None, code="drivers_there", words={"names": ", ".join(there)})
    if not (data / "store.db").is_file():
        return
    try:
        with closing(StoreReader(data / "store.db")) as store, store.reader() as db:
            kept = msgspec.json.decode(StateStore(db).setting(GUESTS) or "{}", type=dict[str, Absence])
    except (HubError, msgspec.MsgspecError) as error:
        yield Finding("drivers.off", ok=None, code="drivers_unread", words={"reason": cause(error)})
        return
    for name, absence in kept.items():
        if absence.off is not None:
            yield Finding(
                "drivers.off", ok=False, code="driver_is_off", words={"name": name, "reason": cause(absence.off)}
            )
