"""What `usecases check` looks at: the use case's own file, its scenario, the drivers and the page."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hub.errors import ConfigError
from hub.model import NS, Message
from hub.registry import Contexts, Registry, load_drivers
from hub.usecases import checking, story_checks, text_checks
from hub.usecases.channel_checks import ANY, channel_problems
from hub.usecases.loader import FILE, read
from hub.usecases.story_checks import Played
from hub.web.built import drawn

if TYPE_CHECKING:
    from device_sims.scenario import Loaded
    from device_sims.world import World

SCENARIO = "scenario.toml"
_HOUR_S = 3600
_STATIC = Path(__file__).parent.parent / "web" / "static"


def problems(folder: Path, name: str) -> Iterator[str]:
    """Yield everything that does not hold together in a use case's folder, each with its file and place.

    Args:
        folder: where its usecase.toml and scenario.toml lie.
        name: the use case's.
    """
    try:
        usecase = read(folder, name)
    except ConfigError as error:
        yield str(error)
        return
    wrong = [*checking.problems(usecase), *text_checks.text_problems(usecase)]
    if not wrong:  # what is told of drivers and scenario would only repeat it
        wrong = [*channel_problems(usecase, families()), *checking.spoken_problems(usecase)]
    yield from (f"{folder / FILE}: {each}" for each in wrong)
    try:
        loaded = _scenario(folder / SCENARIO)
        played = _played(loaded, usecase.payload_formats)
    except ConfigError as error:
        yield str(error)
        return
    told = story_checks.told_problems(usecase, played, drawn(_STATIC, "panels"))
    yield from (f"{folder / FILE}: {each}" for each in told if not wrong)
    yield from (f"{folder / SCENARIO}: {each}" for each in story_checks.played_problems(usecase, played))


def families() -> dict[str, dict[str, str | None]]:
    """Return what the drivers give: family → base name of a channel → its unit; ANY among those that name their own."""
    found: dict[str, dict[str, str | None]] = {}
    for driver in load_drivers().values():
        channels = found.setdefault(driver.family, {})
        channels |= {channel.name: channel.unit.value if channel.unit else None for channel in driver.channels}
        if driver.open_channels:
            channels[ANY] = None
    return found


def _scenario(path: Path) -> "Loaded":
    from device_sims import scenario  # noqa: PLC0415 — only `check` needs the simulators
    from device_sims.errors import SimulationError  # noqa: PLC0415 — see above

    if not path.is_file():
        msg = f"{path}: no such file; it says what the simulators play (`matinales usecases new` writes a first one)"
        raise ConfigError(msg)
    try:
        return scenario.parse(path.read_bytes(), path.resolve().parent.name, str(path))
    except SimulationError as error:
        raise ConfigError(str(error)) from None


def _played(loaded: "Loaded", formats: Mapping[str, str]) -> Played:
    from device_sims import common  # noqa: PLC0415 — only `check` needs the simulators
    from device_sims.stage import Stage  # noqa: PLC0415 — see above
    from device_sims.world import World  # noqa: PLC0415 — see above

    short = msgspec.structs.replace(loaded.scenario, history_h=0)
    world = World(loaded._replace(scenario=short), Stage(1, datetime(2026, 3, 16, tzinfo=UTC), UTC))
    return Played(
        devices={role: player.device.uid for role, player in world.players.items()},
        channels=_heard(world, formats),
        faults=common.titles(short),
        initials=short.initial,
        expected={
            f"expect[{number}] ({each.fault or 'an ordinary day'})": {*each.alarms, *each.never}
            for number, each in enumerate(short.expect)
        },
    )


def _heard(world: "World", formats: Mapping[str, str]) -> dict[str, dict[str, str | None]]:
    """Return what the hub's drivers read in a scenario's first hour: uid → channel → unit."""
    registry, contexts = Registry(load_drivers(), formats), Contexts()
    longest = max(device.period_s for device in world.scenario.devices.values())
    said = [one for role in world.players for one in world.birth(role)]
    found: dict[str, dict[str, str | None]] = {}
    for one in world.without_broker([*said, *world.advance(max(_HOUR_S, longest))]):
        now = int(world.start.timestamp()) * NS
        outcome = registry.decode(Message(topic=one.packet.topic, payload=one.packet.payload, received=now), contexts)
        if outcome.decoded is not None:
            channels = found.setdefault(outcome.decoded.device, {})
            channels |= {sample.channel: sample.unit for sample in outcome.decoded.samples}
    return found
