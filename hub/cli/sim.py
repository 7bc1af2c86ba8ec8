"""`matinales sim`: simulators alone, against any broker."""

import asyncio
import logging
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from hub.cli import _streams
from hub.config import load
from hub.errors import UsageError

if TYPE_CHECKING:
    from device_sims.options import Options
    from device_sims.playbill import Cast

Flag = Annotated[bool, Parameter(negative="")]


def command(
    scenario: str | None = None,
    *,
    broker: str | None = None,
    data: Path | None = None,
    speed: float = 1.0,
    seed: int | None = None,
    fault: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    initial: str | None = None,
    clock: str | None = None,
    history: str | None = None,
    minutes: float | None = None,
    show: Annotated[bool, Parameter(name="--list", negative="")] = False,
    dry_run: Flag = False,
    clean: Flag = False,
) -> int:
    """Play a scenario's devices against any broker, until Ctrl-C.

    Args:
        scenario: its name (see --list), or the path of a file like those.
        broker: mqtt://[user:password@]host:port; HUB_BROKER_URL, else this machine, unless told.
        data: a living hub's data folder: the history goes to its import door, and it may set faults and speed.
        speed: simulated seconds a second, 0 to 60; faster with a hub.
        seed: the same seed and speed give the same values; random unless told.
        fault: NAME@MIN[:intensity][/duration], minutes simulated; may be given several times.
        initial: named state at the beginning of the history.
        clock: local hour of the start, for instance 02:00.
        history: how much of it exists when the run starts: 0, 24h, 7d … at most 30d; the scenario's unless told.
        minutes: with --dry-run, how many simulated minutes.
        show: print the scenarios with their initial states and faults, and end.
        dry_run: print topic and payload of each message instead of sending it, as fast as it goes; then, in lines that
            begin with #, the time-line: events, faults, and the alarms to expect.
        clean: take off the broker what a crashed simulation left there, and end.
    """
    from device_sims import process  # noqa: PLC0415 — not needed for --help
    from device_sims.errors import SimulationError  # noqa: PLC0415 — not needed for --help

    config = load()
    address = broker or config.broker_url or f"mqtt://127.0.0.1:{config.mqtt_port}"
    try:
        if show:
            return _list()
        if clean:
            return _clean(address)
        wanted = process.options(
            _named(scenario),
            broker=address,
            data=data,
            speed=speed,
            seed=seed,
            faults=fault,
            initial=initial,
            clock=clock,
            history=history,
            zone=config.tz,
        )
        if dry_run:
            return _dry_run(wanted, minutes)
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
        process.run(wanted)
    except SimulationError as error:
        raise UsageError(str(error)) from error
    return 0


def _named(scenario: str | None) -> str:
    from device_sims.playbill import names  # noqa: PLC0415 — not needed for --help

    if scenario is None:
        msg = f"which scenario? known: {', '.join(names())}"
        raise UsageError(msg)
    return scenario


def _list() -> int:
    from device_sims.playbill import load, names  # noqa: PLC0415 — not needed for --help

    return _printed(line for name in names() for line in _described(load(name)))


def _described(cast: "Cast") -> Iterator[str]:
    """Return what can be played, its initial states and its faults; of several scenarios, which they are."""
    from device_sims.common import titles  # noqa: PLC0415 — not needed for --help

    yield f"{cast.name}\t{cast.title.fr} / {cast.title.en}"
    for prefix, part in cast.parts.items():
        if prefix:
            yield f"  plays {part.scenario.name}\tfaults {prefix}…"
            continue
        for initial, state in part.scenario.initial.items():
            yield f"  --initial {initial}\t{state.clock or part.scenario.clock}\t{state.title.fr} / {state.title.en}"
        yield from (f"  {fault}\t{title.fr} / {title.en}" for fault, title in titles(part.scenario).items())


def _clean(address: str) -> int:
    from device_sims.clean import clean  # noqa: PLC0415 — not needed for --help
    from device_sims.link import parse_url  # noqa: PLC0415 — not needed for --help

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        topics = runner.run(clean(parse_url(address)))
    return _printed([f"cleared {topic}" for topic in topics] or ["nothing to clear"])


def _dry_run(wanted: "Options", minutes: float | None) -> int:
    from device_sims import dry  # noqa: PLC0415 — not needed for --help

    print(f"seed {wanted.seed}", file=sys.stderr)  # noqa: T201 — the terminal is the interface
    lasts = dry.minutes(wanted, minutes)
    said = (f"{packet.topic} {packet.payload.decode(errors='replace')}" for packet in dry.messages(wanted, lasts))
    return _printed(chain(said, (f"# {line}" for line in dry.timeline(wanted, lasts))))


def _printed(lines: Iterable[str]) -> int:
    try:
        for line in lines:
            print(line)  # noqa: T201 — the terminal is the interface
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        _streams.let_go()
    return 0
