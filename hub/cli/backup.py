"""`matinales backup`: the whole data folder in one file, also while the hub lives."""

import time
from pathlib import Path

from msgspec.structs import asdict

from hub.backup import making
from hub.backup.settings import without_secrets
from hub.cli._bar import bar
from hub.cli._place import HERE, Flag, Place, told
from hub.config import load


def command(file: Path, /, *, secrets: Flag = False, place: Place = HERE) -> int:
    """Back the data folder up into a new file; what this hub knows and, if asked, what proves who it is.

    Args:
        file: to make, for instance matinales-2026-11-27.zip; keep it as private as the folder.
        secrets: put in PIN, passwords, tokens and certificates too, so that phones and devices know the restored hub.
        place: whose hub, and how to answer.
    """
    folder = place.folder
    settings = without_secrets(load(place.config))
    with bar(hidden=place.json) as tell:
        made = making.make(folder, file, wall=time.time_ns, secrets=secrets, settings=settings, tell=tell)
    words = (
        f"{file}: {file.stat().st_size / 1e6:,.1f} MB, {len(made.files)} files, {made.bytes / 1e6:,.1f} MB unpacked."
    )
    if not secrets:
        words += (
            " Without PIN, passwords and certificates: a hub restored from it makes its own (--secrets puts them in)."
        )
    if load(place.config).store == "influx":
        words += " InfluxDB's own data is not in it: `influx backup`, or `matinales export`."
    told({"file": str(file), **asdict(made)}, place, words)
    return 0
