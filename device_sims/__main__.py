"""`python -m device_sims`: the simulators as a process of their own, as the supervisor starts them."""

import argparse
import asyncio
import json
import os
import sys
from functools import partial
from pathlib import Path

from device_sims import process, replay
from device_sims.errors import SimulationError
from hub.logs import configure


def main(arguments: list[str] | None = None) -> int:
    """Play a scenario until told to stop; return 0, or 2 when it cannot be played."""
    parser = argparse.ArgumentParser(prog="python -m device_sims", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--scenario")
    what.add_argument("--recording", type=Path, help="play this again instead, on the hub of --data")
    parser.add_argument("--wait", action="store_true", help="be ready, and begin with the first line of stdin")
    parser.add_argument("--run", help="of the recording, only this timeline")
    parser.add_argument("--story", help="that the recording tells, where it does not say so itself")
    parser.add_argument(
        "--broker",
        default=os.environ.get("HUB_BROKER_URL", "mqtt://127.0.0.1:1883"),
        help="mqtt://[user:password@]host:port; HUB_BROKER_URL unless given: a password is not for the process list",
    )
    parser.add_argument("--data", type=Path, help="the hub's data folder: history goes to its import door")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--fault", action="append", default=[], metavar="NAME@MIN[:intensity][/duration]")
    parser.add_argument("--history", help="how much of it: 0, 24h, 7d … at most 30d; the scenario's unless given")
    parser.add_argument("--supervised", action="store_true", help="end when stdin ends")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args(arguments)
    configure("sim", "DEBUG" if given.verbose else "INFO")
    try:
        if given.recording is not None:
            again = replay.Options(
                file=given.recording, data=given.data, speed=given.speed, run=given.run, usecase=given.story
            )
            begin = asyncio.Event() if given.wait else None
            called = (lambda: None) if begin is None else begin.set
            playing = partial(replay.play, again, begin=begin)
            process.until_told(playing, supervised=given.supervised or given.wait, called=called)
            return 0
        wanted = process.options(
            given.scenario,
            broker=given.broker,
            data=given.data,
            speed=given.speed,
            seed=given.seed,
            faults=tuple(given.fault),
            history=given.history,
        )
        process.run(wanted, supervised=given.supervised)
    except SimulationError as error:
        print(json.dumps({"error": f"simulators: {error}"}), flush=True)  # noqa: T201 — the supervisor reads it
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
