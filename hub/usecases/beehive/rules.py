"""What the weight of the hive means now, in one sentence."""

from hub.rules.case import View
from hub.rules.wording import Plain, Sentence, Text, quantity
from hub.usecases.schema import UseCase
from hub.usecases.sentences import active, once_heard, rings, told

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
    "theft_table": Text("La boîte a été soulevée.", "The box was lifted."),
    "swarm": Text("Un essaim est probablement parti.", "A swarm has probably left."),
    "visit": Text("Visite annoncée : rien ne sonne.", "Visit announced: nothing rings."),
    "strong_flow": Text("Miellée forte : une hausse à poser ?", "Strong flow: add a super?"),
    "daily_loss": Text("Pillage, faim ?", "Robbing, hunger?"),
    "stores_low": Text("Les réserves s'épuisent : à nourrir.", "Stores are running out: feed."),
    "brood_cold": Text("Le couvain refroidit.", "The brood is cooling."),
    "worked": Text("La colonie travaille.", "The colony is at work."),
    "quiet": Text("Petite journée, rien à faire.", "A slow day, nothing to do."),
}
_BY_ALARM = ("theft", "theft_table", "swarm", "brood_cold", "stores_low", "daily_loss", "strong_flow")


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the weight of the hive means now."""
    return once_heard(_SAY, usecase, view, _now, heard="weight")


def _now(usecase: UseCase, view: View) -> Sentence:
    gain = view.measures["gain"].good
    parts: dict[str, tuple[Plain, Text]] = {"verdict": _verdict(view, gain)}
    if gain is None:
        return told(_SAY, "first_day", usecase, view, parts)
    parts["gain"] = gain, quantity(gain, usecase.measures["gain"].unit, sign=True)
    return told(_SAY, "evening" if _is_evening(view) else "day", usecase, view, parts)


def _verdict(view: View, gain: float | None) -> tuple[Plain, Text]:
    if (rule := active(view, _BY_ALARM)) is not None:
        return rule, _VERDICT[rule]
    if "theft" in view.masked:
        return "visit", _VERDICT["visit"]
    usual = "worked" if gain is not None and gain >= _WORKED_KG else "quiet"
    return rings(view) or (usual, _VERDICT[usual])


def _is_evening(view: View) -> bool:
    return view.local is not None and not _MORNING_H <= view.local.hour < _EVENING_H
