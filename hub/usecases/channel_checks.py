"""Whether the drivers can serve what a use case wants to hear."""

from collections.abc import Iterator, Mapping

from hub.rules.shown import shown
from hub.usecases.schema import UseCase

Channels = Mapping[str, str | None]
"""Base name of a channel → its unit in the hub."""
ANY = "*"
"""Among the channels of a family whose devices name theirs themselves (ESPHome, a line on USB)."""


def base(channels: Channels, channel: str) -> str | None:
    """Return the base name of a channel that may carry an instance (`temperature_ds18b20_1`); None: there is none."""
    return max((each for each in channels if f"{channel}_".startswith(f"{each}_")), key=len, default=None)


def channel_problems(usecase: UseCase, families: Mapping[str, Channels]) -> Iterator[str]:
    """Yield the roles and measures that no driver can serve.

    Args:
        usecase: the use case.
        families: family → base name of a channel → its unit in the hub; `ANY` where its devices name more themselves.
    """
    for name, role in usecase.roles.items():
        if role.family not in families:
            yield f"roles.{name}.family: no driver makes {role.family!r}; known: {', '.join(sorted(families))}"
    every = {each for channels in families.values() for each in channels}
    for name, measure in usecase.measures.items():
        channels = None if measure.computed else families.get(usecase.roles[measure.role].family)
        if channels is None:
            continue
        found = base(channels, measure.channel)
        if found is None and ANY in channels:
            continue  # its unit is the device's to say: looked at when a device takes the role
        if found is None:
            yield f"measures.{name}.channel: family {usecase.roles[measure.role].family} gives no {measure.channel!r}"
            continue
        unit = channels[found] if measure.channel_unit is None else measure.channel_unit
        given, wanted = (None if each is None else shown(each) for each in (unit, measure.unit))
        if (given and given.unit) != (wanted and wanted.unit):
            yield f"measures.{name}.unit: {measure.unit!r} cannot be made from {unit!r}, the channel's"
        for other in measure.channels:
            if base(dict.fromkeys(every), other) is None:
                yield f"measures.{name}.channels: no driver gives {other!r}"
