"""The sentence on the screen of a greenhouse: what its plants feel, and where its heat goes."""

from hub.rules.case import View
from hub.rules.wording import HOUR_S, Sentence, Text, forecast
from hub.usecases.schema import UseCase
from hub.usecases.sentences import active, age, once_heard, told

_FAR_S = 3 * HOUR_S
"""A dew that is further away is not told: the slope of half an hour does not hold for so long."""
_NEAR_K = 2.5
"""Nor of a leaf that is so far above its dew point: every evening falls."""
_HEATS_W = 100
_SAY: dict[str, Text] = {
    "waiting": Text("En attente de la première valeur du boîtier.", "Waiting for the box's first value."),
    "box_silent": Text(
        "Le boîtier se tait depuis {since} : personne ne sait plus ce que vaut l'air de la serre.",
        "The box has been silent for {since}: nobody knows any more what the air of the greenhouse is like.",
    ),
    "leaf_wet": Text(
        "Rosée sur la feuille depuis {since} : feuille à {leaf}, point de rosée à {dew}. Aérez, chauffez un peu.",
        "Dew on the leaf for {since}: leaf at {leaf}, dew point at {dew}. Air, heat a little.",
    ),
    "air_cold": Text(
        "{air} dans la serre depuis {since} : l'aérotherme ne chauffe pas assez.",
        "{air} in the greenhouse for {since}: the heater does not heat enough.",
    ),
    "air_hot": Text(
        "{air} dans la serre depuis {since}, ouvrants à {vent} : ouvrez.",
        "{air} in the greenhouse for {since}, vents at {vent}: open them.",
    ),
    "heat_vent": Text(
        "On chauffe {duty} du temps, ouvrants à {vent} depuis {since} : la chaleur s'en va. {air} dans la serre.",
        "Heating {duty} of the time, vents at {vent} for {since}: the heat is leaving. {air} in the greenhouse.",
    ),
    "vpd_low": Text(
        "{air} et {humidity} : déficit de {vpd} depuis {since}. La plante ne transpire plus.",
        "{air} and {humidity}: deficit of {vpd} for {since}. The plant stops transpiring.",
    ),
    "vpd_high": Text(
        "{air} et {humidity} : déficit de {vpd} depuis {since}. L'air assèche la plante.",
        "{air} and {humidity}: deficit of {vpd} for {since}. The air dries the plant out.",
    ),
    "dew_soon": Text(
        "{air} et {humidity}. À ce rythme, rosée sur la feuille dans environ {eta}.",
        "{air} and {humidity}. At this pace, dew on the leaf in about {eta}.",
    ),
    "dew_now": Text(
        "{air} et {humidity}. À ce rythme, rosée sur la feuille dans {eta}.",
        "{air} and {humidity}. At this pace, dew on the leaf in {eta}.",
    ),
    "heating": Text(
        "{air} et {humidity}, déficit de {vpd} : la plante respire. L'aérotherme chauffe.",
        "{air} and {humidity}, deficit of {vpd}: the plant breathes. The heater is heating.",
    ),
    "calm": Text(
        "{air} et {humidity}, déficit de {vpd} : la plante respire. Ouvrants à {vent}.",
        "{air} and {humidity}, deficit of {vpd}: the plant breathes. Vents at {vent}.",
    ),
}
_TROUBLE = ("leaf_wet", "air_cold", "air_hot", "heat_vent", "vpd_low", "vpd_high")


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the greenhouse is like now, in one sentence."""
    return once_heard(_SAY, usecase, view, _now, heard="vpd", sources=("air",), silent_as="box_silent")


def _now(usecase: UseCase, view: View) -> Sentence:
    if (rule := active(view, _TROUBLE)) is not None:
        return told(_SAY, rule, usecase, view, {"since": age(view, view.since.get(rule))})
    eta_s = view.quantities.get("dew_soon")
    near = (view.measures["margin"].good or 0.0) < _NEAR_K
    if near and eta_s is not None and eta_s < _FAR_S:
        code = "dew_soon" if eta_s >= _SOON_S else "dew_now"
        return told(_SAY, code, usecase, view, {"eta": (eta_s, forecast(eta_s))})
    heater = view.measures["heater"]
    heats = heater.believed and (heater.good or 0.0) > _HEATS_W
    return told(_SAY, "heating" if heats else "calm", usecase, view)


_SOON_S = 300
"""Below, a forecast is words: "less than 5 min"."""
