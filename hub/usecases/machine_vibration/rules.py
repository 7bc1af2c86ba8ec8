"""What the machine works out for itself: when the next zone begins, and the sentence on the screen."""

from hub.rules.case import View
from hub.rules.wording import HOUR_S, Plain, Sentence, Text
from hub.usecases.schema import UseCase
from hub.usecases.sentences import active, coming, once_heard, told

_ZONES = "ABCD"
_CLASS = Text("groupe 2, appui rigide, indicatif", "group 2, rigid, indicative")
_STOPPED_W = 200
_FAR_H = 6
"""A longer forecast is not said: the slope of an hour does not hold for so long."""


def until_next_zone(
    *, velocity: float, slope: float, ab: float = 1.4, bc: float = 2.8, cd: float = 4.5
) -> float | None:
    """Return in how many hours the velocity reaches the next zone's limit if it goes on like this; None: never.

    Args:
        velocity: of the vibration [mm/s RMS].
        slope: its rise [mm/s an hour].
        ab: limit between zones A and B [mm/s].
        bc: limit between zones B and C [mm/s].
        cd: limit between zones C and D [mm/s].

    Source: ../shared/use_cases.md §4, main sentence; a straight line: an exponential wear is there sooner.
    """
    limit = next((each for each in (ab, bc, cd) if velocity <= each), None)
    if limit is None or slope <= 0:
        return None
    return (limit - velocity) / slope


FUNCTIONS = {"until_next_zone": until_next_zone}

_SAY: dict[str, Text] = {
    "waiting": Text("En attente de la première valeur du capteur.", "Waiting for the sensor's first value."),
    "silent": Text(
        "Le capteur se tait depuis {since} : sa dernière valeur, {velocity}, ne prouve plus rien.",
        "The sensor has been silent for {since}: its last value, {velocity}, proves nothing any more.",
    ),
    "stopped": Text(
        "Machine arrêtée : zéro vibration ne veut pas dire machine saine.",
        "Machine stopped: no vibration does not mean a healthy machine.",
    ),
    "loose": Text(
        "{velocity} : trop calme pour une machine qui tourne. Capteur décollé ?",
        "{velocity}: too quiet for a running machine. Has the sensor come loose?",
    ),
    "growing": Text(
        "{velocity} : zone {zone} ({class}). À ce rythme, zone {next} dans {eta}.",
        "{velocity}: zone {zone} ({class}). At this pace, zone {next} in {eta}.",
    ),
    "high_tones": Text(
        "{velocity} : zone {zone} ({class}), mais les aigus ont doublé : un roulement commence souvent ainsi.",
        "{velocity}: zone {zone} ({class}), but high frequencies doubled: bearings often begin this way.",
    ),
    "steady": Text(
        "{velocity} : zone {zone} ({class}), palier à {bearing_temp}. Rien ne change.",
        "{velocity}: zone {zone} ({class}), bearing at {bearing_temp}. Nothing changes.",
    ),
    "high": Text(
        "{velocity} : zone {zone} ({class}), palier à {bearing_temp}. Prévoyez l'arrêt.",
        "{velocity}: zone {zone} ({class}), bearing at {bearing_temp}. Plan the stop.",
    ),
    "worst": Text(
        "{velocity} : zone {zone} ({class}), palier à {bearing_temp}. Risque de casse.",
        "{velocity}: zone {zone} ({class}), bearing at {bearing_temp}. Damage possible.",
    ),
}


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the numbers of the machine mean now, in one sentence."""
    return once_heard(_SAY, usecase, view, _now, heard="velocity")


def _now(usecase: UseCase, view: View) -> Sentence:
    power = view.measures["motor_power"]
    if power.good is not None and power.believed and power.good < _STOPPED_W:
        return told(_SAY, "stopped", usecase, view)
    if view.active("low_reading"):
        return told(_SAY, "loose", usecase, view)
    return told(_SAY, _turning(view), usecase, view, _zones(view) | _eta(view))


def _turning(view: View) -> str:
    """Return which sentence a machine that turns deserves."""
    zone = int(view.measures["zone"].good or 0)
    if zone == 3:  # noqa: PLR2004 — D
        return "worst"
    if _eta(view):
        return "growing"
    if zone == 2:  # noqa: PLR2004 — C
        return "high"
    return "high_tones" if view.active("hf_double") else "steady"


def _eta(view: View) -> dict[str, tuple[Plain, Text]]:
    """Return the forecast where it is worth saying: something was seen to drift, and it is not far away."""
    hours = view.measures["next_zone"].good
    drifts = active(view, ("drift", "growth", "zone_c")) is not None
    return {"eta": coming(hours * HOUR_S)} if drifts and hours is not None and hours < _FAR_H else {}


def _zones(view: View) -> dict[str, tuple[Plain, Text]]:
    """Return the zone that it is in, the one that follows, and the class of machine that they are of."""
    zone = int(view.measures["zone"].good or 0)
    letter, following = _ZONES[zone], _ZONES[min(zone + 1, 3)]
    return {
        "class": (_CLASS.en, _CLASS),
        "zone": (letter, Text(letter, letter)),
        "next": (following, Text(following, following)),
    }
