"""The sentence on the screen of the meeting room: how much of this air was breathed before, and what comes next."""

from hub.model import Quality
from hub.rules.case import View
from hub.rules.wording import Sentence, Text, fill
from hub.usecases.schema import UseCase
from hub.usecases.telling import age_s, told

_SOON_S = 3600
"""A longer forecast is not said: the slope of five minutes does not hold for so long."""
_FRESH_PPM = 800
_CLOSED_PPM = 1500

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
    "calm": Text(
        "{co2} : l'air est frais, {rebreathed} seulement en a déjà été respiré.",
        "{co2}: the air is fresh, only {rebreathed} of it has been breathed before.",
    ),
}


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the numbers of the room mean now, in one sentence."""
    co2 = None if view is None else view.measures["co2"]
    if view is None or co2 is None or co2.good is None:
        return _told("waiting", usecase, view)
    if not co2.believed or co2.quality is Quality.BAD:
        return _told("silent", usecase, view, since_s=age_s(view, co2))
    for rule in ("calibration", "flatline"):
        if view.active(rule):
            return _told(rule, usecase, view)
    eta = view.quantities.get("soon_1500")
    if co2.good > _CLOSED_PPM:
        return _told("act", usecase, view)
    if eta is not None and eta < _SOON_S:
        return _told("rising", usecase, view, eta_s=eta)
    return _told("stale" if co2.good > _FRESH_PPM else "calm", usecase, view)


def _told(code: str, usecase: UseCase, view: View | None, **times: float) -> Sentence:
    """Return the sentence `code` with the measures of the view, and times [s] by name."""
    params, parts = told(usecase, view, ("co2", "rebreathed"), **times)
    return Sentence(code, params, fill(_SAY[code], parts))
