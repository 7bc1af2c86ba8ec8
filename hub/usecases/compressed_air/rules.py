"""The sentence on the screen of a compressed-air net: what leaks while nobody works, and what it costs in a year."""

from hub.rules.case import View
from hub.rules.kinds import Forecast
from hub.rules.wording import Plain, Sentence, Text, forecast, limit, quantity
from hub.usecases.money import worth
from hub.usecases.schema import UseCase
from hub.usecases.sentences import age, once_heard, silent, told

M3_PER_H = 0.06
"""A litre a minute [m³/h]."""
_RUNS_W = 500
_NOW_S = 300
"""Below, a forecast is words: "less than 5 min"."""
_SAY: dict[str, Text] = {
    "waiting": Text("En attente de la première valeur de pression.", "Waiting for the first value of the pressure."),
    "net_silent": Text(
        "Le capteur de pression se tait depuis {since} : sa dernière valeur, {pressure}, ne prouve plus rien.",
        "The pressure sensor has been silent for {since}: its last value, {pressure}, proves nothing any more.",
    ),
    "pressure_low": Text(
        "{pressure} dans le réseau, sous {limit} depuis {since} : le compresseur ne suit pas.",
        "{pressure} in the net, below {limit} for {since}: the compressor does not keep up.",
    ),
    "no_start": Text(
        "{pressure} et le compresseur ne démarre pas : il reste environ {eta} avant {limit}.",
        "{pressure} and the compressor does not start: about {eta} left before {limit}.",
    ),
    "no_start_now": Text(
        "{pressure} et le compresseur ne démarre pas : il reste {eta} avant {limit}.",
        "{pressure} and the compressor does not start: {eta} left before {limit}.",
    ),
    "night_duty": Text(
        "Atelier fermé, le compresseur tourne {duty} du temps : l'air fuit {leak}, {cost} par an si rien ne change.",
        "Workshop shut, compressor running {duty} of the time: air leaks {leak}, {cost} a year if nothing changes.",
    ),
    "leaking": Text(
        "Atelier fermé, le compresseur tourne {duty} du temps depuis {since} : l'air fuit {leak}.",
        "Workshop shut, compressor running {duty} of the time for {since}: air leaks {leak}.",
    ),
    "compressor_silent": Text(
        "{pressure} dans le réseau, mais le compresseur ne donne plus de nouvelles.",
        "{pressure} in the net, but nothing is heard of the compressor.",
    ),
    "running": Text(
        "{pressure} : le compresseur tourne ({power}), {duty} du temps sur une demi-heure.",
        "{pressure}: the compressor is running ({power}), {duty} of the last half hour.",
    ),
    "calm": Text(
        "{pressure}, compresseur au repos : il a tourné {duty} de la dernière demi-heure.",
        "{pressure}, compressor at rest: it ran {duty} of the last half hour.",
    ),
    "first": Text("{pressure} dans le réseau.", "{pressure} in the net."),
}


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the net does now, in one sentence."""
    return once_heard(_SAY, usecase, view, _now, heard="pressure", silent_as="net_silent")


def _now(usecase: UseCase, view: View) -> Sentence:
    return _pressure(usecase, view) or _leak(usecase, view) or told(_SAY, _usual(view), usecase, view)


def _pressure(usecase: UseCase, view: View) -> Sentence | None:
    """Return the sentence of a pressure that is too low, or will be."""
    rule = usecase.rule("no_start")
    assert isinstance(rule, Forecast)  # noqa: S101 — usecase.toml beside this file says so
    parts: dict[str, tuple[Plain, Text]] = {"limit": (rule.limit, limit(rule.limit, "bar"))}
    if view.active("pressure_low"):
        return told(_SAY, "pressure_low", usecase, view, parts | {"since": age(view, view.since.get("pressure_low"))})
    eta_s = view.quantities.get("no_start")
    if "no_start" not in view.since or not eta_s:
        return None
    code = "no_start" if eta_s >= _NOW_S else "no_start_now"
    return told(_SAY, code, usecase, view, parts | {"eta": (eta_s, forecast(eta_s))})


def _leak(usecase: UseCase, view: View) -> Sentence | None:
    """Return the sentence of air that leaves while nobody works."""
    if view.active("night_duty"):
        cost = leak_cost(usecase, view.measures["leak"].good or 0.0)
        return told(_SAY, "night_duty", usecase, view, {"cost": (cost, quantity(cost, "€", 0))})
    since = view.since.get("night_duty")
    return None if since is None else told(_SAY, "leaking", usecase, view, {"since": age(view, since)})


def leak_cost(usecase: UseCase, nl_per_min: float) -> float:
    """Return what a leak [NL/min] costs in a year by the hypotheses of the money card [€]."""
    card = next(each for each in usecase.money if each.id == "leak")
    return worth(card, {"leak_m3_per_h": nl_per_min * M3_PER_H})


def _usual(view: View) -> str:
    if silent(view, "power") is not None:
        return "compressor_silent"
    if view.measures["duty"].good is None:
        return "first"
    return "running" if (view.measures["power"].good or 0.0) > _RUNS_W else "calm"
