"""The sentence on the screen of the workshop: what is drawn now, and what runs at night for nobody."""

from hub.rules.case import View
from hub.rules.wording import Sentence, Text
from hub.usecases.schema import UseCase
from hub.usecases.sentences import active, once_heard, told

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


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the numbers of the workshop mean now, in one sentence."""
    return once_heard(_SAY, usecase, view, _now, heard="papp")


def _now(usecase: UseCase, view: View) -> Sentence:
    if active(view, ("overload", "subscribed")) is not None:
        return told(_SAY, "overload", usecase, view)
    if (rule := active(view, ("heating_window", "base_load"))) is not None:
        return told(_SAY, rule, usecase, view)
    known = all(view.measures[name].good is not None for name in ("share", "base"))
    return told(_SAY, "now" if known else "now_new", usecase, view)
