"""How long a hot-water loop stays hot without its pump, and the sentence on the screen."""

import math

from hub.rules.case import View
from hub.rules.kinds import Forecast
from hub.rules.wording import Plain, Sentence, Text, forecast, limit
from hub.usecases.schema import UseCase
from hub.usecases.sentences import age, once_heard, silent, told

_NOW_S = 300
"""Below, a forecast is words: "less than 5 min"."""


def time_to_cool(*, return_loop: float, limit: float, ambient_c: float = 20.0, tau_s: float = 8820.0) -> float | None:
    """Return in how many seconds a loop at rest is down to `limit`; 0: it is; None: never.

    t = τ·ln((T − T_amb)/(T_limit − T_amb)).

    Args:
        return_loop: temperature of the loop's return [°C].
        limit: the one it must not fall below [°C].
        ambient_c: around the pipes [°C].
        tau_s: time constant of the loop without its pump [s].

    Source: ../shared/use_cases.md §9; with 2.45 h and 20 °C, 55 → 50 °C in 22.7 min, 60 → 50 °C in 42.3 min.
    """
    if return_loop <= limit:
        return 0.0
    if limit <= ambient_c:
        return None
    return tau_s * math.log((return_loop - ambient_c) / (limit - ambient_c))


FUNCTIONS = {"time_to_cool": time_to_cool}

_SAY: dict[str, Text] = {
    "waiting": Text("En attente de la première valeur de la boucle.", "Waiting for the loop's first value."),
    "loop_silent": Text(
        "Les sondes de la boucle se taisent depuis {since} : le dernier retour, {return_loop}, ne prouve plus rien.",
        "The loop's probes have been silent for {since}: the last return, {return_loop}, proves nothing any more.",
    ),
    "tap_hot": Text(
        "{tap} au dernier robinet depuis {since} : c'est une brûlure en quelques secondes.",
        "{tap} at the last tap for {since}: that is a burn within seconds.",
    ),
    "return_low": Text(
        "Retour à {return_loop}, sous {limit} depuis {since}, départ à {departure} : les légionelles se plaisent.",
        "Return at {return_loop}, below {limit} for {since}, departure at {departure}: legionella is at ease.",
    ),
    "pump_off": Text(
        "Pompe arrêtée depuis {since}, retour à {return_loop} : il reste environ {eta} avant {limit}.",
        "Pump stopped for {since}, return at {return_loop}: about {eta} left before {limit}.",
    ),
    "pump_off_now": Text(
        "Pompe arrêtée depuis {since}, retour à {return_loop} : il reste {eta} avant {limit}.",
        "Pump stopped for {since}, return at {return_loop}: {eta} left before {limit}.",
    ),
    "departure_low": Text(
        "L'eau part à {departure} depuis {since}, revient à {return_loop} : consigne basse, ou chaudière à la peine.",
        "Water has been leaving at {departure} for {since}, back at {return_loop}: set-point low, or heater too weak.",
    ),
    "cooling": Text(
        "Départ à {departure}, retour à {return_loop} : sous {limit} depuis {since}, pompe en marche.",
        "Departure at {departure}, return at {return_loop}: below {limit} for {since}, pump running.",
    ),
    "pump_silent": Text(
        "Départ à {departure}, retour à {return_loop}, mais la pompe ne donne plus de nouvelles.",
        "Departure at {departure}, return at {return_loop}, but nothing is heard of the pump.",
    ),
    "calm": Text(
        "Départ à {departure}, retour à {return_loop}, pompe à {pump_power} : la boucle est chaude partout.",
        "Departure at {departure}, return at {return_loop}, pump at {pump_power}: the loop is hot everywhere.",
    ),
}


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the loop is like now, in one sentence."""
    return once_heard(_SAY, usecase, view, _now, heard="return_loop", silent_as="loop_silent")


def _now(usecase: UseCase, view: View) -> Sentence:
    return _trouble(usecase, view) or told(_SAY, _well(view), usecase, view)


def _trouble(usecase: UseCase, view: View) -> Sentence | None:
    """Return the sentence of the gravest that is wrong, or None."""
    rule = usecase.rule("pump_off")
    assert isinstance(rule, Forecast)  # noqa: S101 — usecase.toml beside this file says so
    parts: dict[str, tuple[Plain, Text]] = {"limit": (rule.limit, limit(rule.limit, "°C"))}
    for name in ("tap_hot", "return_low"):
        if view.active(name):
            return told(_SAY, name, usecase, view, parts | {"since": age(view, view.since.get(name))})
    eta_s, off = view.quantities.get("pump_off"), view.since.get("pump_off")
    if off is not None and eta_s:
        code = "pump_off" if eta_s >= _NOW_S else "pump_off_now"
        return told(_SAY, code, usecase, view, parts | {"since": age(view, off), "eta": (eta_s, forecast(eta_s))})
    if view.active("departure_low"):
        return told(_SAY, "departure_low", usecase, view, {"since": age(view, view.since.get("departure_low"))})
    if "return_low" in view.since:
        code = "return_low" if off is not None else "cooling"
        return told(_SAY, code, usecase, view, parts | {"since": age(view, view.since["return_low"])})
    return None


def _well(view: View) -> str:
    """Return which sentence a hot loop deserves."""
    return "pump_silent" if silent(view, "pump_power") is not None else "calm"
