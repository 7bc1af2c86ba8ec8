"""The sentence on the screen of the meeting room: how much of this air was breathed before, and what comes next."""

from hub.rules.case import View
from hub.rules.wording import Sentence, Text
from hub.usecases.schema import UseCase
from hub.usecases.sentences import active, coming, once_heard, told

_SOON_S = 3600
"""A longer forecast is not said: the slope of five minutes does not hold for so long."""
_FRESH_PPM = 800
_CLOSED_PPM = 1500
_NOTHING = 0.05
"""A share [%] of breathed air below this is written 0.0: outdoor air, as far as anybody can tell."""

_SAY: dict[str, Text] = {
    "waiting": Text("En attente de la première valeur du capteur.", "Waiting for the sensor's first value."),
    "silent": Text(
        "Le capteur se tait depuis {since} : sa dernière valeur, {co2}, ne prouve plus rien.",
        "The sensor has been silent for {since}: its last value, {co2}, proves nothing any more.",
    ),
    "calibration": Text(
        "{co2}, c'est moins que dehors : le capteur est à recaler, ne vous y fiez pas.",
        "{co2} is less than outdoors: the sensor needs calibrating, do not rely on it.",
    ),
    "flatline": Text(
        "Le capteur répète {co2} depuis un quart d'heure : il est figé.",
        "The sensor has repeated {co2} for a quarter of an hour: it is stuck.",
    ),
    "act": Text(
        "{co2} : l'air contient {rebreathed} d'air déjà respiré. Aérez en grand, dix minutes.",
        "{co2}: {rebreathed} of this air has already been breathed. Air the room fully, ten minutes.",
    ),
    "rising": Text(
        "{co2} : l'air contient {rebreathed} d'air déjà respiré. À ce rythme, 1 500 ppm dans {eta}.",
        "{co2}: {rebreathed} of this air has already been breathed. At this pace, 1,500 ppm in {eta}.",
    ),
    "stale": Text(
        "{co2} : l'air contient {rebreathed} d'air déjà respiré. Entrouvrez une fenêtre.",
        "{co2}: {rebreathed} of this air has already been breathed. Open a window a little.",
    ),
    "outdoors": Text(
        "{co2} : l'air est aussi frais que dehors, personne ou presque ne l'a encore respiré.",
        "{co2}: the air is as fresh as outdoors, hardly anybody has breathed it yet.",
    ),
    "calm": Text(
        "{co2} : l'air est frais, {rebreathed} seulement en a déjà été respiré.",
        "{co2}: the air is fresh, only {rebreathed} of it has been breathed before.",
    ),
}


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the numbers of the room mean now, in one sentence."""
    return once_heard(_SAY, usecase, view, _now, heard="co2")


def _now(usecase: UseCase, view: View) -> Sentence:
    if (rule := active(view, ("calibration", "flatline"))) is not None:
        return told(_SAY, rule, usecase, view)
    co2, eta_s = view.measures["co2"].good or 0.0, view.quantities.get("soon_1500")
    if co2 > _CLOSED_PPM:
        return told(_SAY, "act", usecase, view)
    if eta_s is not None and eta_s < _SOON_S:
        return told(_SAY, "rising", usecase, view, {"eta": coming(eta_s)})
    if co2 > _FRESH_PPM:
        return told(_SAY, "stale", usecase, view)
    share = view.measures["rebreathed"].good
    return told(_SAY, "outdoors" if share is not None and share < _NOTHING else "calm", usecase, view)
