"""Physics → the measures of a use case, one file a model, found by the name that scenario.toml gives."""

import importlib
import pkgutil
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from device_sims.errors import SimulationError


class Begin(NamedTuple):
    """Where a run stands when its time is zero, and where its model draws lots; the wall's date has no part in it.

    Attributes:
        clock_s: seconds after midnight.
        weekday: 0 Monday … 6 Sunday.
        yearday: 0 is 1 January, of a year without a leap day.
        chance: a generator seeded by (seed, scenario, name): draws of one name change nobody else's.
    """

    clock_s: int
    weekday: int
    yearday: int
    chance: Callable[[str], random.Random]


class Active(NamedTuple):
    """A fault that acts: its effect in the model's words, how strong [1], since when [s of the run]."""

    effect: Any
    intensity: float
    since_s: int


class Model(Protocol):
    """What the simulated world asks of a model; it knows no clock, and no random source but the one it begins with."""

    def values(self) -> Mapping[str, float]:
        """Return the true value of every measure now."""
        ...

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take the faults and the actuators' orders that hold from now on."""
        ...

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run up to `count` seconds from `time_s`, stopping where the model itself changes.

        Returns:
            How many seconds passed, and each measure that moves continuously, at the end of each second.
        """
        ...


@runtime_checkable
class Quick(Protocol):
    """A model some of whose measures move within a second, for boards that speak several times a second."""

    def within(self, share_s: float) -> Mapping[str, float]:
        """Return those measures `share_s` [s, 0 to 1] after the second that the model has reached."""
        ...


class Kind(NamedTuple):
    """A model as its file defines it: how scenario.toml's tables become its types.

    `make(parameters, initial, begin)` gives a `Model` that stands at the beginning of its history. `more(parameters)`
    names measures that the scenario itself declares.
    """

    parameters: Any
    initial: Any
    effect: Any
    measures: tuple[str, ...]
    make: Any
    more: Callable[[Any], tuple[str, ...]] | None = None


def kind(name: str) -> Kind:
    """Return a model by its file name here.

    Raises:
        SimulationError: no such model.
    """
    known = sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name[0] != "_")
    if name not in known:
        msg = f"no model {name!r}; known: {', '.join(known)}"
        raise SimulationError(msg)
    found: Kind = importlib.import_module(f"{__name__}.{name}").KIND
    return found


def measures(kind: Kind, parameters: Any) -> tuple[str, ...]:  # noqa: ANN401 — each model has its own type
    """Return the names of all that a model gives."""
    return kind.measures if kind.more is None else (*kind.measures, *kind.more(parameters))
