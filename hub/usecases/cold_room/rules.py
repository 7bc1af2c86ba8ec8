"""What the cold room works out for itself: how long the product has left, and the sentence on the screen."""

import math
from collections.abc import Mapping

from hub.model import NS, Quality
from hub.rules.case import Seen, View
from hub.rules.kinds import LimitHigh
from hub.rules.wording import HOUR_S, Plain, Sentence, Text, duration, fill, forecast, forecast_s, limit, quantity
from hub.usecases.schema import UseCase
from hub.usecases.sentences import rings

_FAR_S = 6 * HOUR_S
"""A longer forecast says "more than 6 h": the formula supposes that the air stays as it is."""
_WORTH_SAYING_S = 60
"""The thermostat lets the air touch its limit at each cycle: nothing is said of it before this."""
_CLEARLY = 0.5
"""… unless the air is this much [K] above."""


def time_to_limit(*, air: float, product: float, limit: float, tau_s: float) -> float | None:
    """Return in how many seconds the product reaches `limit` if the air stays as it is; None: never.

    The product follows the air with the time constant `tau_s`: t = τ·ln((T_a − T_p)/(T_a − T_limit)).

    Args:
        air: mean temperature of the air [°C].
        product: temperature of the product [°C].
        limit: the one it must not pass [°C].
        tau_s: time constant of the product in its air [s].

    Source: ../shared/use_cases.md §1; 7.2 and 3.4 °C with 40,000 s give 114.6 min.
    """
    if product >= limit:
        return 0.0
    if air <= limit:
        return None
    return tau_s * math.log((air - product) / (air - limit))


FUNCTIONS = {"time_to_limit": time_to_limit}

_SAY: dict[str, Text] = {
    "waiting": Text(
        "En attente de la première valeur de la sonde.",
        "Waiting for the probe's first value.",
    ),
    "waiting_product": Text(
        "L'air est à {air}. En attente de la première valeur du produit.",
        "The air is at {air}. Waiting for the product's first value.",
    ),
    "waiting_air": Text(
        "Le produit est à {product}. En attente de la première valeur de l'air.",
        "The product is at {product}. Waiting for the air's first value.",
    ),
    "probe_silent": Text(
        "La sonde se tait depuis {since} : personne ne sait plus ce que vaut la chambre froide.",
        "The probe has been silent for {since}: nobody knows any more how the cold room is.",
    ),
    "product_silent": Text(
        "La sonde du produit se tait depuis {since} : sa dernière valeur, {product}, ne prouve plus rien.",
        "The product probe has been silent for {since}: its last value, {product}, proves nothing any more.",
    ),
    "product_bad": Text(
        "La sonde du produit répond par un code de défaut depuis {since}. Vérifiez son fil.",
        "The product probe has been answering with a fault code for {since}. Check its wire.",
    ),
    "air_silent": Text(
        "La sonde d'air se tait depuis {since} : sa dernière valeur, {air}, ne prouve plus rien.",
        "The air probe has been silent for {since}: its last value, {air}, proves nothing any more.",
    ),
    "air_bad": Text(
        "La sonde d'air répond par un code de défaut depuis {since}. Le produit est à {product}.",
        "The air probe has been answering with a fault code for {since}. The product is at {product}.",
    ),
    "product_high": Text(
        "Le produit est à {product}, il a passé {limit} il y a {since} : triez, notez, décidez.",
        "The product is at {product}, it passed {limit} {since} ago: sort, write down, decide.",
    ),
    "defrost_long": Text(
        "Le dégivrage dure depuis {since}, d'habitude 20 min. L'air est à {air}, le produit à {product}.",
        "Defrosting for {since}, usually 20 min. Air is at {air}, the product at {product}.",
    ),
    "defrost": Text(
        "Dégivrage depuis {since}, c'est normal : l'air est à {air}, le produit reste à {product}.",
        "Defrosting for {since}, as it should: air is at {air}, the product stays at {product}.",
    ),
    "defrost_hot": Text(
        "Dégivrage depuis {since} : l'air est à {air}, plus chaud que d'habitude, le produit à {product}.",
        "Defrosting for {since}: air is at {air}, warmer than usual, the product at {product}.",
    ),
    "after_defrost": Text(
        "Le dégivrage vient de finir : l'air est à {air}, le produit à {product}.",
        "Defrosting has just ended: air is at {air}, the product at {product}.",
    ),
    "air_high_eta": Text(
        "L'air est à {air} depuis {since}, le produit à {product} : il reste environ {eta} avant {limit}.",
        "Air has been at {air} for {since}, the product is at {product}: about {eta} left before {limit}.",
    ),
    "air_high_soon": Text(
        "L'air est à {air} depuis {since}, le produit à {product} : il reste {eta} avant {limit}.",
        "Air has been at {air} for {since}, the product is at {product}: {eta} left before {limit}.",
    ),
    "air_high_far": Text(
        "L'air est à {air} depuis {since}, le produit à {product} : il reste plus de {eta} avant {limit}.",
        "Air has been at {air} for {since}, the product is at {product}: more than {eta} left before {limit}.",
    ),
    "air_high": Text(
        "L'air est à {air} depuis {since}, le produit à {product} : le produit a encore le temps.",
        "Air has been at {air} for {since}, the product is at {product}: the product still has time.",
    ),
    "air_recovering": Text(
        "L'air est revenu à {air}, le produit est à {product} : fin de l'alarme sous {back}.",
        "Air is back at {air}, the product is at {product}: the alarm ends below {back}.",
    ),
    "door_open": Text(
        "La porte est ouverte depuis {since} : l'air est à {air}, le produit à {product}.",
        "The door has been open for {since}: air is at {air}, the product at {product}.",
    ),
    "duty_high": Text(
        "L'air est à {air}, mais le compresseur tourne {duty} du temps : joint, rideau, givre ?",
        "Air is at {air}, but the compressor runs {duty} of the time: gasket, curtain, ice?",
    ),
    "compressor_silent": Text(
        "L'air est à {air}, le produit à {product}, mais le compresseur ne donne plus de nouvelles.",
        "Air is at {air}, the product at {product}, but nothing is heard of the compressor.",
    ),
    "rings": Text(
        "L'air est à {air}, le produit à {product}. {alarm}",
        "Air is at {air}, the product at {product}. {alarm}",
    ),
    "calm": Text(
        "L'air est à {air}, le produit à {product} : rien à faire.",
        "Air is at {air}, the product at {product}: nothing to do.",
    ),
}

_UNIT = "°C"


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the numbers of the cold room mean now, in one sentence."""
    if view is None:
        return _told("waiting")
    return _probe(view) or _product(usecase, view) or _defrost(usecase, view) or _air(usecase, view) or _rest(view)


def _probe(view: View) -> Sentence | None:
    """Return the sentence about a probe that says nothing usable."""
    air, product = view.measures["air"], view.measures["product"]
    if not air.believed and not product.believed and air.time is not None and product.time is not None:
        return _told("probe_silent", view, since_s=_age_s(view, max(air.good_time or 0, product.good_time or 0)))
    if air.time is None and product.time is None:
        return _told("waiting")
    for name, seen in (("product", product), ("air", air)):
        if seen.time is None:
            return _told(f"waiting_{name}", view)
        if seen.quality is Quality.BAD:
            return _told(f"{name}_bad", view, since_s=_age_s(view, seen.good_time))
        if not seen.believed or _lags(view, seen):
            return _told(f"{name}_silent", view, since_s=_age_s(view, seen.good_time))
    return None


def _lags(view: View, seen: Seen) -> bool:
    """Tell whether the twin probe, in the same message, spoke for two minutes while this one did not."""
    newest = max(each.good_time or 0 for name, each in view.measures.items() if name in {"air", "product"})
    return newest - (seen.good_time or 0) >= 2 * 60 * NS


def _age_s(view: View, time: int | None) -> float:
    return max(view.now - (view.start if time is None else time), 0) / NS


def _product(usecase: UseCase, view: View) -> Sentence | None:
    """Return the sentence about a product that passed its limit and is not safely back."""
    if "product_high" not in view.since:
        return None
    since_s, passed = _age_s(view, view.since["product_high"]), _limit_of(usecase, "product_high").fixed
    return _told("product_high", view, since_s=since_s, limit=passed)


def _defrost(usecase: UseCase, view: View) -> Sentence | None:
    """Return the sentence about a defrost that is under way, or whose heat is still there."""
    defrost, air = view.measures["defrost"], view.measures["air"].good or 0.0
    if view.active("air_high") and not view.active("defrost_long"):
        return None  # it was too warm before
    if defrost.good == 1:
        hot = air > _limit_of(usecase, "air_very_high").fixed
        code = "defrost_long" if view.active("defrost_long") else "defrost_hot" if hot else "defrost"
        return _told(code, view, since_s=_age_s(view, defrost.changed))
    if "air_high" in view.masked and air > _limit_of(usecase, "air_high").fixed:
        return _told("after_defrost", view)
    return None


def _air(usecase: UseCase, view: View) -> Sentence | None:
    """Return the sentence about air above its limit, with what is left for the product."""
    since, rule = view.since.get("air_high"), _limit_of(usecase, "air_high")
    air = view.measures["air"].good or 0.0
    if since is None:
        return None
    if air <= rule.fixed:
        back = rule.fixed - rule.deadband
        return _told("air_recovering", view, back=back) if view.active("air_high") else None
    since_s = _age_s(view, since)
    if since_s < _WORTH_SAYING_S and air < rule.fixed + _CLEARLY and not view.active("air_high"):
        return None
    eta = view.quantities.get("product_forecast")
    if eta is None:
        return _told("air_high", view, since_s=since_s)
    if eta >= _FAR_S:
        return _told("air_high_far", view, since_s=since_s, limit=rule.fixed, eta_s=float(_FAR_S))
    code = "air_high_eta" if forecast_s(eta) else "air_high_soon"
    return _told(code, view, since_s=since_s, limit=rule.fixed, eta_s=forecast_s(eta))


def _rest(view: View) -> Sentence:
    """Return the sentence of a room whose temperatures are well."""
    door, power = view.measures["door_open"], view.measures["power"]
    if door.good == 1 and door.believed:
        return _told("door_open", view, since_s=_age_s(view, door.changed))
    if power.good is not None and not power.believed:
        return _told("compressor_silent", view)
    if view.active("duty_high"):
        return _told("duty_high", view, duty=view.quantities.get("duty_high"))
    alarm = rings(view)
    return _told("calm", view) if alarm is None else _told("rings", view, {"alarm": alarm})


def _limit_of(usecase: UseCase, name: str) -> LimitHigh:
    rule = usecase.rule(name)
    assert isinstance(rule, LimitHigh)  # noqa: S101 — usecase.toml beside this file says so
    return rule


def _told(
    code: str,
    view: View | None = None,
    words: Mapping[str, tuple[Plain, Text]] | None = None,
    **values: float | None,
) -> Sentence:
    """Return the sentence `code` with its values: temperatures of the view, and those given by name, or in `words`."""
    params: dict[str, Plain] = {**values, **{name: value for name, (value, _) in (words or {}).items()}}
    parts: dict[str, Text] = {name: text for name, (_, text) in (words or {}).items()}
    for name in ("air", "product"):
        good = None if view is None else view.measures[name].good
        if good is not None:
            parts[name], params[name] = quantity(good, _UNIT), good
    for name, value in values.items():
        if value is not None:
            parts[name.removesuffix("_s")] = _part(name, value)
    return Sentence(code, params, fill(_SAY[code], parts))


def _part(name: str, value: float) -> Text:
    match name:
        case "since_s":
            return duration(value)
        case "eta_s":
            return forecast(value)
        case "duty":
            return quantity(value, "%", 0)
        case _:
            return limit(value, _UNIT)
