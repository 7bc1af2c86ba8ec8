"""`matinales sim-fleet`: many simulated devices at a rate, to load a broker and a hub."""

import asyncio
import signal
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from hub.config import load
from hub.errors import HubError, UsageError

if TYPE_CHECKING:
    from device_sims.fleet import Result


def command(
    *,
    devices: int = 200,
    rate: float = 1.0,
    seconds: float | None = None,
    broker: str | None = None,
    connections: int | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Load a broker with Tasmota boards: 150-byte JSON, three values, QoS 1.

    Args:
        devices: how many.
        rate: messages a second of each device.
        seconds: for how long; until Ctrl-C unless told.
        broker: mqtt://[user:password@]host:port; HUB_BROKER_URL, else this machine, unless told.
        connections: how many the devices share; unless told one each with a will of its own, up to 1,000.
        json: print the result as one JSON object.

    Returns:
        1 when a message was not acknowledged or not sent.
    """
    from device_sims import fleet  # noqa: PLC0415 — not needed for --help
    from device_sims.errors import SimulationError  # noqa: PLC0415 — not needed for --help
    from device_sims.link import parse_url  # noqa: PLC0415 — not needed for --help

    config = load()
    try:
        fleet.check(devices, rate, connections)
        address = parse_url(broker or config.broker_url or f"mqtt://127.0.0.1:{config.mqtt_port}")
    except SimulationError as error:
        raise UsageError(str(error)) from error

    async def play() -> "Result":
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
        return await fleet.play(
            address,
            devices=devices,
            rate=rate,
            seconds=seconds,
            stop=stop,
            connections=connections,
            progress=_told,
        )

    try:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            result = runner.run(play())
    except SimulationError as error:
        raise HubError(str(error)) from error
    print(fleet.encoded(result) if json else _worded(result))  # noqa: T201 — the terminal is the interface
    return 0 if result.acknowledged == result.sent and not result.skipped else 1


def _told(result: "Result") -> None:
    print(_worded(result), file=sys.stderr)  # noqa: T201 — the terminal is the interface


def _worded(result: "Result") -> str:
    return (
        f"{result.seconds:.1f} s: {result.sent} sent, {result.acknowledged} acknowledged ({result.rate:.0f}/s), "
        f"{result.skipped} skipped, {result.late_p50_ms:.1f} ms late (99 %: {result.late_p99_ms:.1f} ms), PUBACK after "
        f"{result.p50_ms:.1f} ms (99 %: {result.p99_ms:.1f} ms), {result.connections} connections, "
        f"{100 * result.cpu:.0f} % of a core"
    )
