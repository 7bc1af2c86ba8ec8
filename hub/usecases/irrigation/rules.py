"""What a field works out for itself: the middle of three points, the water that is missing, and the sentence."""

import math

from hub.rules.case import View
from hub.rules.kinds import LimitHigh
from hub.rules.wording import DAY_S, Plain, Sentence, Text, forecast, limit
from hub.usecases.schema import UseCase
from hub.usecases.sentences import active, age, once_heard, told

FULL_CB, EXPONENT = 15.0, 2.4
"""Tension of a full reserve, and the exponent of ψ = 15·(W/RU)^−2.4 (../shared/use_cases.md §9)."""


def middle(*, a: float, b: float, c: float) -> float:
    """Return the middle of three points: one probe that lies does not move it."""
    return sorted((a, b, c))[1]


def spread(*, a: float, b: float, c: float) -> float:
    """Return the highest of three points less the lowest."""
    return max(a, b, c) - min(a, b, c)


def missing_mm(*, tension: float, reserve_mm: float = 100.0) -> float:
    """Return what the readily usable reserve lacks [mm] at a tension [cb]; 79.2 cb of 100 mm: 50 mm.

    Source: ../shared/use_cases.md §9, ψ = 15·(W/RU)^−2.4 solved for W.
    """
    return reserve_mm * (1 - math.pow(FULL_CB / max(tension, FULL_CB), 1 / EXPONENT))


def time_to_dry(*, tension: float, limit: float, reserve_mm: float = 100.0, use_mm_per_day: float = 4.0) -> float:
    """Return in how many seconds the reserve is down to what `limit` [cb] leaves; 0: it is.

    Args:
        tension: now [cb].
        limit: the tension at which one waters [cb].
        reserve_mm: readily usable reserve [mm].
        use_mm_per_day: what the crop drinks [mm/day], ET0·Kc.

    Source: ../shared/use_cases.md §9; from a full reserve, 4 mm a day reach 79.2 cb after 12.5 days.
    """
    left = missing_mm(tension=limit, reserve_mm=reserve_mm) - missing_mm(tension=tension, reserve_mm=reserve_mm)
    return max(left, 0.0) / use_mm_per_day * DAY_S


FUNCTIONS = {"middle": middle, "spread": spread, "missing_mm": missing_mm, "time_to_dry": time_to_dry}

_SAY: dict[str, Text] = {
    "waiting": Text("En attente de la première valeur des sondes.", "Waiting for the probes' first value."),
    "probes_silent": Text(
        "Les sondes se taisent depuis {since} : leur dernière valeur, {tension} à 30 cm, ne prouve plus rien.",
        "The probes have been silent for {since}: their last value, {tension} at 30 cm, proves nothing any more.",
    ),
    "no_water": Text(
        "La vanne est ouverte depuis {since}, le compteur d'eau dit {flow} : rien ne coule.",
        "The valve has been open for {since}, the water meter says {flow}: nothing flows.",
    ),
    "unasked_water": Text(
        "La vanne est fermée et l'eau coule à {flow} depuis {since} : fermez la vanne de tête.",
        "The valve is closed and water has been flowing at {flow} for {since}: shut the main valve.",
    ),
    "uneven": Text(
        "{tension} à 30 cm, mais {spread} d'écart entre les points : une ligne est bouchée, ou une sonde ment.",
        "{tension} at 30 cm, but {spread} between the points: a line is clogged, or a probe lies.",
    ),
    "drains": Text(
        "On arrose depuis {since}, 60 cm est déjà à {deep} : l'eau file sous les racines.",
        "Watering for {since}, 60 cm is at {deep} already: water runs below the roots.",
    ),
    "watering": Text(
        "On arrose depuis {since} à {flow} : {tension} à 30 cm, {deep} à 60 cm.",
        "Watering for {since} at {flow}: {tension} at 30 cm, {deep} at 60 cm.",
    ),
    "dry": Text(
        "{tension} à 30 cm depuis {since}, au-dessus de {limit} : il manque {missing} d'eau aux racines.",
        "{tension} at 30 cm for {since}, above {limit}: the roots lack {missing} of water.",
    ),
    "soon": Text(
        "{tension} à 30 cm : à 4 mm par jour, il reste environ {eta} avant {limit}.",
        "{tension} at 30 cm: at 4 mm a day, about {eta} left before {limit}.",
    ),
    "very_soon": Text(
        "{tension} à 30 cm : à 4 mm par jour, {limit} est pour tout de suite.",
        "{tension} at 30 cm: at 4 mm a day, {limit} is about to come.",
    ),
}
_TROUBLE = ("no_water", "unasked_water", "uneven", "drains")
_ROOTS = ("a_30", "b_30", "c_30")


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the field needs now, in one sentence."""
    return once_heard(_SAY, usecase, view, _now, heard="tension", sources=_ROOTS, silent_as="probes_silent")


def _now(usecase: UseCase, view: View) -> Sentence:
    if (rule := active(view, _TROUBLE)) is not None:
        return told(_SAY, rule, usecase, view, {"since": age(view, view.since.get(rule))})
    valve = view.measures["valve"]
    if valve.good == 1 and valve.believed:
        return told(_SAY, "watering", usecase, view, {"since": age(view, valve.changed)})
    return _thirst(usecase, view)


def _thirst(usecase: UseCase, view: View) -> Sentence:
    """Return how thirsty the roots are, or when they will be."""
    rule = usecase.rule("dry")
    assert isinstance(rule, LimitHigh)  # noqa: S101 — usecase.toml beside this file says so
    parts: dict[str, tuple[Plain, Text]] = {"limit": (rule.fixed, limit(rule.fixed, "cb"))}
    since, eta_s = view.since.get("dry"), view.quantities.get("dry_soon")
    if since is not None:
        return told(_SAY, "dry", usecase, view, parts | {"since": age(view, since)})
    if not eta_s:
        return told(_SAY, "very_soon", usecase, view, parts)
    return told(_SAY, "soon", usecase, view, parts | {"eta": (eta_s, forecast(eta_s))})
