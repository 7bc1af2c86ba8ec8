"""`matinales restore`: a data folder from a backup, on this machine or another one."""

import time
from pathlib import Path

from hub import upgrading
from hub.backup import restoring
from hub.cli._bar import bar
from hub.cli._place import HERE, Flag, Place, told


def command(file: Path, /, *, force: Flag = False, place: Place = HERE) -> int:
    """Restore a backup into an empty or new data folder; nothing is changed unless all of it is right.

    Args:
        file: of `matinales backup`.
        force: also into a folder that is not empty; what is there is set aside in it.
        place: whose hub, and how to answer.
    """
    folder = place.folder
    with bar(hidden=place.json) as tell:
        done = restoring.restore(file, folder, known=upgrading.newest, wall=time.time_ns, force=force, tell=tell)
    made = done.manifest
    words = f"{folder} is as it was at {made.made_at} ({len(made.files)} files, {made.bytes / 1e6:,.1f} MB)."
    if not made.secrets:
        words += " PIN, passwords and certificates are made anew at the next start."
    if done.aside is not None:
        words += f" What was there lies in {done.aside}: delete it when all is well."
    if (folder / "hub.toml").is_file():
        words += f" Its settings: --config {folder / 'hub.toml'}, without the secrets."
    answer = {"data": str(folder), "made_at": made.made_at, "version": made.version, "secrets": made.secrets}
    told(answer | {"aside": None if done.aside is None else str(done.aside)}, place, words)
    return 0
