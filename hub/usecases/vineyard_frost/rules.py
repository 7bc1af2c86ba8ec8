"""What the frost night means now, in one sentence."""

from datetime import timedelta
from functools import partial

from hub.rules.case import View
from hub.rules.wording import HOUR_S, Plain, Sentence, Text, clock
from hub.usecases.schema import UseCase
from hub.usecases.sentences import once_heard, told

_FAR_S = 6 * HOUR_S
"""A forecast beyond this night says nothing."""
_PROTECT_C, _FROZEN_C = 0.5, -1.5
"""Wet bulb at which one protects; a bud that colder water did not reach."""

_NOW = Text(
    "Abri {air}, bourgeon {bud}, température humide {wet}.",
    "Shelter {air}, bud {bud}, wet-bulb {wet}.",
)
_SAY: dict[str, Text] = {
    "waiting": Text(
        "En attente des premières valeurs du mât et du rang.", "Waiting for the first values of mast and row."
    ),
    "mast_silent": Text(
        "Le mât se tait depuis {since} : personne ne sait plus s'il va geler.",
        "The mast has been silent for {since}: nobody knows any more whether it will freeze.",
    ),
    "row_silent": Text(
        "Le rang se tait depuis {since} : personne ne sait plus si les bourgeons gèlent.",
        "The row has been silent for {since}: nobody knows any more whether the buds freeze.",
    ),
    "eta": Text("+0,5 °C humide vers {clock}.", "+0.5 °C wet-bulb around {clock}."),
    "protect": Text("C'est l'heure de protéger.", "Time to protect."),
    "damage": Text("Dégâts probables au bourgeon.", "Damage to the buds is likely."),
    "held": Text("On arrose : la glace tient le bourgeon.", "Sprinkling: the ice holds the bud."),
    "dry": Text("La pompe dit oui, le bourgeon dit non.", "The pump says yes, the bud says no."),
    "calm": Text("Rien à craindre pour l'instant.", "Nothing to fear for now."),
}


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the numbers of the vineyard mean now."""
    mast = partial(once_heard, _SAY, heard="air", silent_as="mast_silent")
    row = partial(once_heard, _SAY, heard="bud", silent_as="row_silent", then=_now)
    return mast(usecase, view, then=row)


def _now(usecase: UseCase, view: View) -> Sentence:
    code, eta_s = _situation(view)
    whole = Text(f"{_NOW.fr} {_SAY[code].fr}", f"{_NOW.en} {_SAY[code].en}")
    parts: dict[str, tuple[Plain, Text]] = {}
    if eta_s is not None and view.local is not None:
        parts["clock"] = eta_s, clock(view.local + timedelta(seconds=eta_s))
    return told({code: whole}, code, usecase, view, parts)


def _situation(view: View) -> tuple[str, float | None]:
    """Return which sentence holds, and in how many seconds the wet bulb is at +0.5 °C, where that is foreseen."""
    wet, bud = view.measures["wet"].good or 0.0, view.measures["bud"].good or 0.0
    if view.measures["sprinkling"].good == 1:
        return ("dry" if bud < _FROZEN_C else "held"), None
    if view.active("bud_damage"):
        return "damage", None
    if wet <= _PROTECT_C:
        return "protect", None
    eta_s = view.quantities.get("get_up")
    if eta_s is not None and 0 < eta_s < _FAR_S and view.local is not None:
        return "eta", eta_s
    return "calm", None
