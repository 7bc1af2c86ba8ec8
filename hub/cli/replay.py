"""`matinales replay`: a recording again, as a run of its own, on the hub that lives here."""

import logging
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hub import datafolder
from hub.config import load
from hub.errors import UsageError


def command(
    file: Path,
    *,
    speed: float = 1.0,
    loop: Annotated[bool, Parameter(negative="")] = False,
    begin: Annotated[float, Parameter(name="--from")] = 0.0,
    use_case: str | None = None,
    data: Path | None = None,
    config: Path | None = None,
) -> int:
    """Play a recording again on the living hub, marked as replayed, until its end or Ctrl-C.

    Args:
        file: of `matinales export --messages`, `mosquitto_sub -v` (also -F %j, '%I %t %p', '%U %t %p'), or CSV with
            the columns time, topic, payload.
        speed: recorded seconds a second, 0 (paused) to 3600.
        loop: begin again at the end.
        begin: leave out so many minutes at the beginning.
        use_case: the story that the page tells; told by the recording where it was a simulation's.
        data: data folder of the living hub; the platform's own unless told.
        config: hub.toml.
    """
    from device_sims import process, replay  # noqa: PLC0415 — not needed for --help
    from device_sims.errors import SimulationError  # noqa: PLC0415 — not needed for --help

    settings = load(config)
    folder = data or (Path(settings.data_dir) if settings.data_dir else datafolder.default())
    wanted = replay.Options(file=file, data=folder, speed=speed, loop=loop, from_min=begin, usecase=use_case)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)

    try:
        process.until_told(partial(replay.play, wanted))
    except SimulationError as error:
        raise UsageError(str(error)) from error
    return 0
