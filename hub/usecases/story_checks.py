"""Whether what the simulators play is what a use case tells: roles, channels, faults, states, alarms, pictures."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise

from msgspec import Struct

from hub.rules.clauses import minutes
from hub.rules.shown import between
from hub.usecases.schema import Step, UseCase


class Played(Struct, frozen=True, kw_only=True):
    """What a scenario.toml says, as far as a use case speaks of it.

    Attributes:
        devices: role → uid of the simulated device.
        channels: uid → channel → the unit that its messages state (none: the family's own, which `channel_problems`
            looks at), of what the hub's drivers read in an hour of it.
        faults: names of the fault buttons; initials: of the states a run can begin in.
        expected: place → the rules that an `[[expect]]` names.
    """

    devices: Mapping[str, str]
    channels: Mapping[str, Mapping[str, str | None]]
    faults: Collection[str]
    initials: Collection[str]
    expected: Mapping[str, Collection[str]] = {}


def told_problems(usecase: UseCase, played: Played, panels: Collection[str] = ()) -> Iterator[str]:
    """Yield what usecase.toml names and nobody plays or draws, each with its table and key.

    Args:
        usecase: the use case.
        played: what its scenario.toml plays.
        panels: the kinds of panels that the page draws; empty: nobody knows (the page is not built).
    """
    for name, role in usecase.roles.items():
        uid = played.devices.get(name)
        if uid is None:
            yield f"roles.{name}: scenario.toml has no [devices.{name}]; it plays {_listed(played.devices)}"
        elif uid != role.device:
            yield f"roles.{name}.simulated: the hub knows the device of scenario.toml as {uid!r}, not {role.device!r}"
    yield from _silent_channels(usecase, played)
    for index, (above, step) in enumerate(pairwise(usecase.guide), 1):
        if step.minute < above.minute:
            yield f"guide[{index}].minute: {step.minute:g} comes before {above.minute:g}, the step above"
    rules = {rule.id for rule in usecase.all_rules}
    for index, step in enumerate(usecase.guide):
        yield from (f"guide[{index}].{wrong}" for wrong in _step(step, played, rules))
    for index, panel in enumerate(usecase.panels):
        if panels and panel.kind.replace("_", "") not in panels:
            yield f"panels[{index}].kind: the page draws no {panel.kind!r}; known: {_listed(panels)}"


def played_problems(usecase: UseCase, played: Played) -> Iterator[str]:
    """Yield what scenario.toml names and the use case has not."""
    rules = {rule.id for rule in usecase.all_rules} | {"*"}
    for place, named in played.expected.items():
        for rule in sorted({*named} - rules):
            yield f"{place}: there is no rule {rule!r}; known: {_listed(rules - {'*'})}"


def _silent_channels(usecase: UseCase, played: Played) -> Iterator[str]:
    for name, measure in usecase.measures.items():
        role = usecase.roles.get(measure.role)
        said = None if measure.computed or role is None else played.channels.get(role.device)
        if said is None:
            continue
        if measure.channel not in said:
            yield f"measures.{name}.channel: its simulated device says {_listed(said)}, not {measure.channel!r}"
            continue
        unit = said[measure.channel]
        if unit and between(unit, measure.unit) is None:
            yield f"measures.{name}.unit: {measure.unit!r} cannot be made from {unit!r} of its simulated device"


def _step(step: Step, played: Played, rules: Collection[str]) -> Iterator[str]:
    for key, names in (("faults", step.faults), ("ends", {*step.ends} - {"*"})):
        for fault in names:
            if fault not in played.faults:
                yield f"{key}: scenario.toml has no fault {fault!r}; known: {_listed(played.faults)}"
    for rule in step.rings or ():
        if rule not in rules:
            yield f"rings: there is no rule {rule!r}; known: {_listed(rules)}"
    if step.initial is not None and step.initial not in played.initials:
        yield f"initial: scenario.toml has no state {step.initial!r}; known: {_listed(played.initials)}"
    if step.clock is not None:
        try:
            minutes(step.clock)
        except ValueError as error:
            yield f"clock: {error}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
