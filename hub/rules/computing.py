"""What a computed measure can be made with: functions that know the units of what they take and give."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

from msgspec import Struct

F = TypeVar("F", bound=Callable[..., float | None])
Nature = Literal["plain", "window", "period", "learned", "event"]
ANY = "*"
"""A unit that may be any: the value is passed on in the unit the measure declares."""


class Computation(Struct, frozen=True, kw_only=True):
    """A named computation.

    Attributes:
        name: as usecase.toml writes it.
        nature: plain: of the newest values; window: of the last `window_s`; period: of a clock hour or day, or of the
            last `window_s`; learned: of past days; event: since another measure rose.
        takes: argument → its unit; None: a number without unit; `ANY`: whatever the measure's is.
        gives: unit of the result, likewise.
        parameters: further arguments → default; None: nothing unless given.
        required: those of them that must be given.
        call: plain functions only: keywords in, a number or None (nothing to say) out.
        says: what it gives, in one line.
    """

    name: str
    nature: Nature
    takes: Mapping[str, str | None]
    gives: str | None
    says: str
    parameters: Mapping[str, float | None] = {}
    required: frozenset[str] = frozenset()
    call: Callable[..., float | None] | None = None


PAST: dict[str, Computation] = {}
"""The computations that remember: windows, periods, learned ones."""


def computation(gives: str | None, **takes: str | None) -> Callable[[F], F]:
    """Say in which units a pure function takes and gives its values.

    Args:
        gives: unit of the result; `ANY`: the unit the measure declares.
        takes: argument → unit. Further keyword arguments of the function are parameters.
    """

    def publish(function: F) -> F:
        function.computation = described(function, gives, takes)  # type: ignore[attr-defined]
        return function

    return publish


def described(
    function: Callable[..., float | None], gives: str | None = ANY, takes: Mapping[str, str | None] | None = None
) -> Computation:
    """Return what a function takes and gives; without `takes`, its arguments that have no default take any unit."""
    known = getattr(function, "computation", None)
    if isinstance(known, Computation):
        return known
    code, defaults = function.__code__, function.__kwdefaults__ or {}
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    wanted = {name: ANY for name in arguments if name not in defaults} if takes is None else takes
    further = [name for name in arguments if name not in wanted]
    return Computation(
        name=function.__name__,
        nature="plain",
        takes=wanted,
        gives=gives,
        says=(function.__doc__ or "").strip().split("\n")[0],
        parameters={name: defaults.get(name) for name in further},
        required=frozenset(name for name in further if name not in defaults),
        call=function,
    )


def _publish(nature: Nature, names: Mapping[str, str], *required: str, **parameters: float | None) -> None:
    takes: dict[str, str | None] = {"value": ANY, "start": ANY} if nature == "event" else {"value": ANY}
    for name, says in names.items():
        PAST[name] = Computation(
            name=name,
            nature=nature,
            takes=takes,
            gives=ANY,
            says=says,
            parameters=dict.fromkeys(required) | parameters,
            required=frozenset(required),
        )


_publish(
    "period",
    {
        "mean": "Mean of the curve.",
        "min": "Lowest value.",
        "max": "Highest value.",
        "range": "Highest less lowest.",
        "delta": "Last less first, with its sign.",
        "increase": "Sum of what it rose: of a counter, what was used; a counter set back counts nothing.",
        "integral": "Value × hours: L/h gives L, W gives Wh, °C gives °C·h.",
        "leq": "Equivalent sound level, 10·log₁₀ of the mean of 10^(L/10).",
    },
)
_publish(
    "period", {"decrease": "Sum of what it fell by more than `noise`: use from a stock, without deliveries."}, noise=0.0
)
_publish(
    "period",
    {
        "duration_above": "Time [s] above `above`.",
        "share_above": "Part of the time [%] above `above`.",
        "count_above": "How many times it came above `above`.",
    },
    "above",
)
_publish(
    "window",
    {
        "median": "Middle of the values.",
        "rise": "How far it is above its lowest value.",
        "fall": "How far it is below its highest value.",
        "slope_per_minute": "Slope of the least-squares line, a minute.",
        "slope_per_hour": "Slope of the least-squares line, an hour.",
        "slope_per_day": "Slope of the least-squares line, a day.",
        "increase_per_hour": "What a counter rose, an hour: an index in L gives L/h, in Wh gives W.",
    },
)
_publish(
    "learned",
    {"usual": "Median of the last `days` daily means.", "usual_mean": "Mean of the last `days` daily means."},
    days=7,
    at_least=1,
    initial=None,
)
_publish("event", {"delta_since": "Change since `start` last became 1 (a hatch opened)."})
