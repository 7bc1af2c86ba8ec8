"""Running the simulators as a process: command-line options, signals, the supervisor's end of stdin."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from device_sims.errors import SimulationError
from device_sims.link import parse_url
from device_sims.options import Options, TimedFault, new_seed, zone_name
from device_sims.runner import play

FAULT = re.compile(
    r"(?P<name>[a-z][a-z0-9_.]*)@(?P<minute>\d+(\.\d+)?)(:(?P<intensity>\d+(\.\d+)?))?(/(?P<duration>\d+(\.\d+)?))?"
)
SPAN = re.compile(r"(?P<number>\d{1,4})(?P<unit>[hd]?)")
LONGEST_HISTORY_H = 30 * 24


def timed_fault(text: str) -> TimedFault:
    """Read `NAME@MIN[:intensity][/duration]`, minutes simulated.

    Raises:
        SimulationError: written otherwise.
    """
    found = FAULT.fullmatch(text)
    if found is None:
        msg = f"fault {text!r}: write NAME@MIN[:intensity][/duration], for instance door_open@5 or door_ajar@5:0.5/20"
        raise SimulationError(msg)
    number = {key: float(value) for key, value in found.groupdict().items() if key != "name" and value is not None}
    return TimedFault(found["name"], number["minute"], number.get("intensity"), number.get("duration"))


def hours(text: str) -> int:
    """Read a span of history: `36h`, `7d`, or hours alone.

    Raises:
        SimulationError: written otherwise, or more than 30 days.
    """
    found = SPAN.fullmatch(text)
    span = None if found is None else int(found["number"]) * (24 if found["unit"] == "d" else 1)
    if span is None or span > LONGEST_HISTORY_H:
        msg = f"history {text!r}: write hours or days, for instance 24h or 7d; at most {LONGEST_HISTORY_H // 24}d"
        raise SimulationError(msg)
    return span


def options(
    scenario: str,
    *,
    broker: str,
    data: Path | None,
    speed: float,
    seed: int | None,
    faults: tuple[str, ...] = (),
    initial: str | None = None,
    clock: str | None = None,
    history: str | None = None,
    zone: str | None = None,
) -> Options:
    """Return what to play, from what a command line says.

    Raises:
        SimulationError: naming the argument and the remedy.
    """
    return Options(
        scenario=scenario,
        broker=parse_url(broker),
        data=data,
        speed=speed,
        seed=new_seed() if seed is None else seed,
        faults=tuple(timed_fault(text) for text in faults),
        initial=initial,
        clock=clock,
        history_h=None if history is None else hours(history),
        zone=zone or zone_name(),
    )


def run(wanted: Options, *, supervised: bool = False) -> None:
    """Play until SIGTERM, Ctrl-C or, supervised, the end of stdin.

    Raises:
        SimulationError: it cannot be played.
    """
    until_told(partial(play, wanted), supervised=supervised)


def until_told(
    playing: Callable[[asyncio.Event], Awaitable[None]],
    *,
    supervised: bool = False,
    called: Callable[[], None] = lambda: None,
) -> None:
    """Run what plays until it ends or, by its event, until SIGTERM, Ctrl-C or, supervised, the end of stdin.

    `called` is called on the event loop when something is read there, supervised.
    """
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # paho's sockets need add_reader
        runner.run(_until_told(playing, supervised=supervised, called=called))


async def _until_told(
    playing: Callable[[asyncio.Event], Awaitable[None]], *, supervised: bool, called: Callable[[], None]
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def soon(what: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended already
            loop.call_soon_threadsafe(what)

    def end() -> None:
        soon(stop.set)

    for name in ("SIGTERM", "SIGINT", "SIGBREAK", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: end())
    if supervised:
        told = (end, lambda: soon(called))
        threading.Thread(target=_wait_for_end_of_stdin, args=told, daemon=True, name="stdin").start()
    await playing(stop)


def _wait_for_end_of_stdin(end: Callable[[], None], called: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):  # not sys.stdin: a thread blocked in its lock cannot be left behind
            called()
    end()
