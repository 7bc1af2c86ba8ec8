"""The sentence on the screen of the workshop: what is drawn now, and what runs at night for nobody."""

from hub.model import Quality
from hub.rules.case import View
from hub.rules.wording import Sentence, Text, fill
from hub.usecases.schema import UseCase
from hub.usecases.telling import age_s, told

_SAY: dict[str, Text] = {
    "waiting": Text("En attente de la première valeur du compteur.", "Waiting for the meter's first value."),
    "silent": Text(
        "Le compteur se tait depuis {since} : sa dernière valeur, {papp}, ne prouve plus rien.",
        "The meter has been silent for {since}: its last value, {papp}, proves nothing any more.",
    ),
    "overload": Text(
        "En ce moment : {papp}, soit {share} de votre abonnement. Éteignez quelque chose tout de suite.",
        "Right now: {papp}, {share} of your subscription. Switch something off at once.",
    ),
    "heating_window": Text(
        "Le radiateur tire {radiator_power} et la fenêtre est ouverte : il fait {office_temp} dans le bureau.",
        "The radiator draws {radiator_power} and the window is open: it is {office_temp} in the office.",
    ),
    "base_load": Text(
        "Il tourne {mean_power} pour personne, d'habitude {base} : qu'est-ce qui est resté allumé ?",
        "{mean_power} are running for nobody, usually {base}: what was left on?",
    ),
    "now": Text(
        "En ce moment : {papp}, soit {share} de votre abonnement. La nuit, {base} tournent pour personne.",
        "Right now: {papp}, {share} of your subscription. At night {base} run for nobody.",
    ),
    "now_new": Text(
        "En ce moment : {papp}. Le talon de la nuit se dira après la première nuit.",
        "Right now: {papp}. What runs at night will be known after the first night.",
    ),
}
_NAMED = ("papp", "share", "base", "mean_power", "radiator_power", "office_temp")


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the numbers of the workshop mean now, in one sentence."""
    papp = None if view is None else view.measures["papp"]
    if view is None or papp is None or papp.good is None:
        return _told("waiting", usecase, view)
    if not papp.believed or papp.quality is Quality.BAD:
        return _told("silent", usecase, view, since_s=age_s(view, papp))
    if view.active("overload") or view.active("subscribed"):
        return _told("overload", usecase, view)
    for rule in ("heating_window", "base_load"):
        if view.active(rule):
            return _told(rule, usecase, view)
    known = all(view.measures[name].good is not None for name in ("share", "base"))
    return _told("now" if known else "now_new", usecase, view)


def _told(code: str, usecase: UseCase, view: View | None, **times: float) -> Sentence:
    """Return the sentence `code` with the measures of the view, and times [s] by name."""
    params, parts = told(usecase, view, _NAMED, **times)
    return Sentence(code, params, fill(_SAY[code], parts))
