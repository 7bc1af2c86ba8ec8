"""`matinales demo`: everything on this machine."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from msgspec.structs import replace

from hub import datafolder
from hub.config import changed, load
from hub.errors import UsageError


def command(
    *,
    use_case: str = "cold_room",
    speed: float = 1.0,
    seed: int | None = None,
    history: str | None = None,
    lan: bool = False,
    https: bool = True,
    port: int | None = None,
    mqtt_port: int | None = None,
    broker: str = "embedded",
    data: Path | None = None,
    fresh: Annotated[bool, Parameter(negative="")] = False,
    browser: bool = True,
    log_format: Literal["plain", "json"] | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
    rehearse: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Start everything on this machine: broker, hub, simulators, page.

    Args:
        use_case: the story on the page, or another name of `matinales sim --list`: everything plays all devices.
        speed: simulated seconds a second, 0 to 60.
        seed: the same seed plays the same afternoon again.
        history: what exists when the page opens: 0, 24h, 7d … at most 30d; a day unless told.
        lan: open it to the room, with a PIN and MQTT credentials.
        https: serve the page by HTTPS too where it is open to the room: phones give their sensors only there.
        port: of the page; 0 picks a free one.
        mqtt_port: of the broker; 0 picks a free one.
        broker: embedded, mosquitto (an installed one), or the address of another: mqtt://user:password@host:port.
        data: data folder; the platform's own unless told.
        fresh: a temporary data folder that goes at the end.
        browser: open the page.
        log_format: how the log on standard error is written; HUB_LOG_FORMAT unless told.
        json: print one line with the addresses when all is up; with --rehearse, what came of it.
        rehearse: start nothing: play the guide with its timings on a fast clock, and say where the show would stall.
    """
    from hub.cli import _start  # noqa: PLC0415 — not needed for --help

    if fresh and data is not None:
        msg = "--fresh and --data exclude each other: give one of them"
        raise UsageError(msg)
    config = changed(
        load(),
        web_port=port,
        mqtt_port=mqtt_port,
        web_host=_start.ANY if lan else _start.LOOPBACK,
        log_format=log_format,
    )
    if broker != "embedded":
        config = replace(config, broker_url=broker if "://" in broker else None)
    if "://" not in broker and broker not in {"embedded", "mosquitto"}:
        msg = f"--broker is {broker!r}: give embedded, mosquitto, or an address such as mqtt://localhost:1883"
        raise UsageError(msg)
    folder = None if fresh else data or (Path(config.data_dir) if config.data_dir else datafolder.default())
    if rehearse:
        return _rehearse(use_case, seed, None if folder is None else datafolder.living(folder), as_json=json)
    simulators = ["--scenario", use_case, "--speed", f"{speed:g}"]
    if seed is not None:
        simulators += ["--seed", str(seed)]
    if history is not None:
        simulators += ["--history", history]
    return _start.start(
        _start.Plan(
            config=config,
            data=folder,
            mode="demo",
            lan=lan,
            https=https,
            sim=tuple(simulators),
            use_case=use_case,
            as_json=json,
            browser=browser and not json,
            mosquitto=broker == "mosquitto",
        )
    )


def _rehearse(use_case: str, seed: int | None, living: datafolder.Living | None, *, as_json: bool) -> int:
    from device_sims.options import new_seed  # noqa: PLC0415 — not needed for --help
    from hub.cli import _rehearsal  # noqa: PLC0415 — likewise

    return _rehearsal.command(use_case, seed=new_seed() if seed is None else seed, living=living, as_json=as_json)
