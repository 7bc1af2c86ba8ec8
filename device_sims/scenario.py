"""scenario.toml: what the simulators play, typed, found by listing, refused with its place when it is wrong."""

import importlib.resources
import importlib.util
import random
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.metadata import entry_points
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec

from device_sims import models
from device_sims.checks import NAME, problems
from device_sims.common import titles
from device_sims.day import Weekday, clock_s, yearday
from device_sims.errors import SimulationError
from device_sims.tables import Channel, Device, Scenario, Text

__all__ = ["Channel", "Device", "Loaded", "Scenario", "Text", "begin", "folders", "load", "parse", "titles"]


FILE = "scenario.toml"
ENTRY_POINT = "matinales.usecases"
KNOWN = 64
"""Files that are remembered as they were read."""


class Loaded(NamedTuple):
    """A scenario with what its model made of its tables."""

    scenario: Scenario
    model: models.Kind
    parameters: Any
    initials: Mapping[str, Any]
    effects: Mapping[str, Any]


def begin(scenario: Scenario, initial: str, clock: str | None, seed: int) -> models.Begin:
    """Return where a run stands at its start: the scenario's, changed by its initial state and `clock`."""
    named = scenario.initial[initial]

    def chance(name: str) -> random.Random:
        return random.Random(f"{seed}/{scenario.name}/{name}")  # noqa: S311 — lots to draw again, not a secret

    return models.Begin(
        clock_s(clock or named.clock or scenario.clock),
        get_args(Weekday).index(named.weekday or scenario.weekday),
        yearday(named.day or scenario.day),
        chance,
    )


def folders() -> dict[str, Traversable]:
    """Return scenario name → its file: of all use cases, and those of no use case that lie beside this file.

    Use cases are the hub's own, and those that other packages name by an entry point of group `matinales.usecases`.
    """
    found: dict[str, Traversable] = {}
    stories = {folder.name: folder for folder in importlib.resources.files("hub").joinpath("usecases").iterdir()}
    for name, folder in {**stories, **_of_packages()}.items():
        file = folder.joinpath(FILE)
        if NAME.fullmatch(name) and file.is_file():
            found[name] = file
    found |= {name: file for name, file in beside().items() if not is_playbill(file.read_bytes())}
    return dict(sorted(found.items()))


@lru_cache(maxsize=KNOWN)
def is_playbill(content: bytes) -> bool:
    """Tell whether a file plays several scenarios."""
    return "plays" in msgspec.toml.decode(content)


@cache
def _of_packages() -> dict[str, Traversable]:
    """Return use case → the folder of the package that brings it; nothing of the package is run."""
    specs = {entry.name: importlib.util.find_spec(entry.value) for entry in entry_points(group=ENTRY_POINT)}
    return {name: Path(spec.origin).parent for name, spec in specs.items() if spec is not None and spec.origin}


def beside() -> dict[str, Traversable]:
    """Return name → file of what lies in `device_sims/scenarios`: scenarios, and playbills that play several."""
    files = importlib.resources.files("device_sims").joinpath("scenarios").iterdir()
    return {file.name.removesuffix(".toml"): file for file in files if file.name.endswith(".toml")}


def load(name: str) -> Loaded:
    """Read a scenario by its name, or by the path of its file.

    Raises:
        SimulationError: naming the scenario or the place in the file, and the remedy.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            msg = f"{name}: no such file"
            raise SimulationError(msg)
        return parse(path.read_bytes(), path.resolve().parent.name, name)
    known = folders()
    if name not in known:
        msg = f"no scenario {name!r}; known: {', '.join(known)}"
        raise SimulationError(msg)
    return parse(known[name].read_bytes(), name, f"{name}/{known[name].name}")


@lru_cache(maxsize=KNOWN)
def parse(content: bytes, name: str, place: str) -> Loaded:
    """Read a scenario from the bytes of its file, once: who presses a story is not to wait for what was read before.

    Raises:
        SimulationError: naming the place in the file, and what it should be.
    """
    try:
        scenario = msgspec.toml.decode(content, type=Scenario)
        kind = models.kind(scenario.model)
        parameters = _converted(scenario.parameters, kind.parameters, "parameters")
        initials = {
            key: _converted(each.state, kind.initial, f"initial.{key}") for key, each in scenario.initial.items()
        }
        effects = {key: _converted(each.effect, kind.effect, f"faults.{key}") for key, each in scenario.faults.items()}
        scenario = msgspec.structs.replace(scenario, name=name)
        problem = next(problems(scenario, models.measures(kind, parameters)), None)
    except (msgspec.MsgspecError, ValueError, SimulationError) as error:
        msg = f"{place}: {error}"
        raise SimulationError(msg) from error
    if problem:
        msg = f"{place}: {problem}"
        raise SimulationError(msg)
    return Loaded(scenario, kind, parameters, initials, effects)


def _converted(table: dict[str, Any], kind: Any, where: str) -> Any:  # noqa: ANN401 — each model has its own types
    try:
        found = msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        msg = f"{where}: {error}"
        raise ValueError(msg) from error
    unknown = _unknown(table, msgspec.to_builtins(found))
    if unknown is not None:
        msg = f"{where}: unknown field `{unknown}`"
        raise ValueError(msg)
    return found


def _unknown(given: object, taken: object) -> str | None:
    """Return a key that was given and not taken: a dataclass of the physics cannot forbid unknown ones itself."""
    if not (isinstance(given, dict) and isinstance(taken, dict)):
        return None
    for key, value in given.items():
        if key not in taken:
            return str(key)
        if (inner := _unknown(value, taken[key])) is not None:
            return f"{key}.{inner}"
    return None
