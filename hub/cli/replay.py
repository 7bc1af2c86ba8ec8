"""`matinales replay`: a recording again, as a run of its own, on the hub that lives here."""

import logging
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hub import datafolder
from hub.archives import Archives, Track
from hub.config import load
from hub.errors import UsageError


def command(
    file: str,
    *,
    speed: float = 1.0,
    loop: Annotated[bool, Parameter(negative="")] = False,
    begin: Annotated[float, Parameter(name="--from")] = 0.0,
    use_case: str | None = None,
    run: str | None = None,
    data: Path | None = None,
    config: Path | None = None,
) -> int:
    """Play a recording again on the living hub, marked as replayed, until its end or Ctrl-C.

    Args:
        file: an archived session, by its id (`matinales session list`), or a file of `matinales export --messages`,
            `mosquitto_sub -v` (also -F %j, '%I %t %p', '%U %t %p'), or CSV with the columns time, topic, payload.
        speed: recorded seconds a second, 0 (paused) to 3600.
        loop: begin again at the end.
        begin: leave out so many minutes at the beginning.
        run: only this timeline of the recording; of a session the fullest, of a file all in one, unless told.
        use_case: the story that the page tells; told by the recording where it was a simulation's.
        data: data folder of the living hub; the platform's own unless told.
        config: hub.toml.
    """
    from device_sims import process, replay  # noqa: PLC0415 — not needed for --help
    from device_sims.errors import SimulationError  # noqa: PLC0415 — not needed for --help

    settings = load(config)
    folder = data or (Path(settings.data_dir) if settings.data_dir else datafolder.default())
    path, track = _recording(file, folder)
    use_case, run = use_case or track.scenario or None, run or track.run or None
    wanted = replay.Options(file=path, data=folder, speed=speed, loop=loop, from_min=begin, usecase=use_case, run=run)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)

    try:
        process.until_told(partial(replay.play, wanted))
    except SimulationError as error:
        raise UsageError(str(error)) from error
    return 0


def _recording(name: str, folder: Path) -> tuple[Path, Track]:
    """Return the file to play, by its path or a session's id, and which of its timelines; of no run: all.

    Raises:
        NotFoundError: the session has no recording.
    """
    path, archives = Path(name), Archives(folder)
    if path.exists() or not archives.has(name):
        return path, Track("")
    return archives.recording(name)
