"""What the weight of the hive means now, in one sentence."""

from hub.model import NS
from hub.rules.case import View
from hub.rules.wording import Plain, Sentence, Text, duration, fill, quantity
from hub.usecases.schema import UseCase

_EVENING_H, _MORNING_H = 21, 6
_WORKED_KG = 0.3
"""A gain from which on a day was a good one."""

_SAY: dict[str, Text] = {
    "waiting": Text("En attente de la première valeur de la balance.", "Waiting for the scale's first value."),
    "silent": Text(
        "La balance se tait depuis {since} : sa dernière valeur, {weight}, ne prouve plus rien.",
        "The scale has been silent for {since}: its last value, {weight}, proves nothing any more.",
    ),
    "first_day": Text("{weight} maintenant. {verdict}", "{weight} now. {verdict}"),
    "evening": Text(
        "{weight} ce soir, {gain} depuis hier. {verdict}", "{weight} tonight, {gain} since yesterday. {verdict}"
    ),
    "day": Text(
        "{weight} maintenant, {gain} d'un soir à l'autre. {verdict}",
        "{weight} now, {gain} from evening to evening. {verdict}",
    ),
}
_VERDICT: dict[str, Text] = {
    "theft": Text("La ruche a été soulevée.", "The hive was lifted."),
    "swarm": Text("Un essaim est probablement parti.", "A swarm has probably left."),
    "visit": Text("Visite annoncée : rien ne sonne.", "Visit announced: nothing rings."),
    "strong_flow": Text("Miellée forte : une hausse à poser ?", "Strong flow: add a super?"),
    "daily_loss": Text("Pillage, faim ?", "Robbing, hunger?"),
    "stores_low": Text("Les réserves s'épuisent : à nourrir.", "Stores are running out: feed."),
    "brood_cold": Text("Le couvain refroidit.", "The brood is cooling."),
    "worked": Text("La colonie travaille.", "The colony is at work."),
    "quiet": Text("Petite journée, rien à faire.", "A slow day, nothing to do."),
}
_BY_ALARM = ("theft", "swarm", "brood_cold", "stores_low", "daily_loss", "strong_flow")


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the weight of the hive means now."""
    if view is None or view.measures["weight"].good is None:
        return Sentence("waiting", {}, _SAY["waiting"])
    weight, gain = view.measures["weight"], view.measures["gain"].good
    params: dict[str, Plain] = {"weight": weight.good}
    parts = {"weight": quantity(weight.good or 0.0, usecase.measures["weight"].unit)}
    if not weight.believed:
        since_s = max(view.now - (weight.good_time or view.start), 0) / NS
        return Sentence(
            "silent", params | {"since_s": since_s}, fill(_SAY["silent"], parts | {"since": duration(since_s)})
        )
    params["verdict"] = verdict = _verdict(view, gain)
    parts["verdict"] = _VERDICT[verdict]
    if gain is None:
        return Sentence("first_day", params, fill(_SAY["first_day"], parts))
    parts["gain"], params["gain"] = quantity(gain, usecase.measures["gain"].unit, sign=True), gain
    code = "evening" if _is_evening(view) else "day"
    return Sentence(code, params, fill(_SAY[code], parts))


def _verdict(view: View, gain: float | None) -> str:
    for rule in _BY_ALARM:
        if view.active(rule):
            return rule
    if "theft" in view.masked:
        return "visit"
    return "worked" if gain is not None and gain >= _WORKED_KG else "quiet"


def _is_evening(view: View) -> bool:
    return view.local is not None and not _MORNING_H <= view.local.hour < _EVENING_H
