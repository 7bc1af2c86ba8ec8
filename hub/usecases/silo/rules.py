"""The sentence on the screen of a silo: how much there is, how long it lasts, until when to order."""

from hub.rules.case import View
from hub.rules.wording import DAY_S, HOUR_S, Plain, Sentence, Text
from hub.usecases.schema import UseCase
from hub.usecases.sentences import active, once_heard, told

LEAD_DAYS = 3.0
"""Lead time: a hypothesis of this use case, as in its rules."""
_SAY: dict[str, Text] = {
    "waiting": Text("En attente de la première valeur du niveau.", "Waiting for the level's first value."),
    "level_silent": Text(
        "Le niveau se tait depuis {since} : la dernière valeur, {mass}, ne prouve plus rien.",
        "The level has been silent for {since}: the last value, {mass}, proves nothing any more.",
    ),
    "dry_run": Text("La vis tourne à vide : arrêtez-la.", "The auger is running empty: stop it."),
    "unexplained_drop": Text(
        "De la farine part, vis arrêtée : il en reste {mass}.",
        "Flour is leaving, auger stopped: {mass} left.",
    ),
    "arch": Text(
        "La vis tourne, le niveau ne bouge pas : voûte. Ne pas entrer dans le silo.",
        "Auger running, level still: arching. Do not enter the silo.",
    ),
    "impossible_full": Text(
        "Plein sans livraison : le capteur est sans doute encrassé.",
        "Full without delivery: the sensor is probably dirty.",
    ),
    "critical": Text(
        "{mass} de farine, {autonomy} d'autonomie : même commandée maintenant, la suite arrive trop tard.",
        "{mass} of flour, {autonomy} left: even ordered now, more comes too late.",
    ),
    "reorder": Text(
        "{mass} de farine : {autonomy} d'autonomie. Commandez aujourd'hui.",
        "{mass} of flour: {autonomy} left. Order today.",
    ),
    "mass": Text("{mass} de farine dans le silo.", "{mass} of flour in the silo."),
    "calm": Text(
        "{mass} de farine : {autonomy} d'autonomie. Commandez d'ici {margin}.",
        "{mass} of flour: {autonomy} left. Order within {margin}.",
    ),
}
_ORDER = ("dry_run", "unexplained_drop", "arch", "impossible_full", "critical", "reorder")


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the silo holds now, in one sentence."""
    return once_heard(_SAY, usecase, view, _now, heard="mass", sources=("distance",), silent_as="level_silent")


def _now(usecase: UseCase, view: View) -> Sentence:
    if (rule := active(view, _ORDER)) is not None:
        return told(_SAY, rule, usecase, view)
    autonomy = view.measures["autonomy"].good
    if autonomy is None:
        return told(_SAY, "mass", usecase, view)
    return told(_SAY, "calm", usecase, view, {"margin": _margin(autonomy)})


def _margin(autonomy: float) -> tuple[Plain, Text]:
    """Return how long an order may wait [s], in whole days, below two days in hours, at last in the hour."""
    left_s = max(autonomy - LEAD_DAYS, 0.0) * DAY_S
    days, hours = int(left_s // DAY_S), int(left_s // HOUR_S)
    if not hours:
        return left_s, Text("une heure", "an hour")
    return left_s, Text(f"{days} jours", f"{days} days") if days > 1 else Text(f"{hours} h", f"{hours} h")
