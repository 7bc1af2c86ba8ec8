"""The sentence on the screen of a water leak: what flows that should not, and what it costs in a year."""

from hub.rules.case import View
from hub.rules.wording import Plain, Sentence, Text, quantity
from hub.usecases.schema import UseCase
from hub.usecases.sentences import active, age, once_heard, rings, told

M3_PER_YEAR = 8.76
"""One litre an hour all year [m³]."""
_SAY: dict[str, Text] = {
    "waiting": Text("En attente de la première valeur du compteur.", "Waiting for the meter's first value."),
    "meter_silent": Text(
        "Le compteur se tait depuis {since} : personne ne sait plus si l'eau coule.",
        "The meter has been silent for {since}: nobody knows any more whether water flows.",
    ),
    "wet": Text(
        "De l'eau au sol depuis {since} : coupez, allez voir.", "Water on the floor for {since}: shut off, go and look."
    ),
    "valve_disobeys": Text(
        "La vanne se dit fermée et le robinet coule à {tap_flow} : vérifiez sur place.",
        "The valve says closed and the tap runs at {tap_flow}: go and look.",
    ),
    "burst": Text(
        "{flow} au compteur, établissement fermé : agissez maintenant.",
        "{flow} at the meter, premises closed: act now.",
    ),
    "never_zero": Text(
        "Depuis {since}, l'eau n'a jamais cessé de couler : au moins {min_flow}, soit {cost} par an si rien ne change.",
        "For {since} the water has never stopped: at least {min_flow}, {cost} a year if nothing changes.",
    ),
    "meter_vs_tap": Text(
        "Compteur et robinet ne sont pas d'accord : {meter_mean} contre {tap_mean}.",
        "Meter and tap disagree: {meter_mean} against {tap_mean}.",
    ),
    "valve_closed": Text("La vanne est fermée, rien ne coule.", "The valve is closed, nothing flows."),
    "tap": Text("Le robinet coule à {tap_flow}.", "The tap runs at {tap_flow}."),
    "flowing": Text("L'eau coule à {flow} au compteur.", "Water flows at {flow} at the meter."),
    "rings": Text("L'eau ne coule pas. {alarm}", "No water is flowing. {alarm}"),
    "calm": Text("L'eau ne coule pas : rien à faire.", "No water is flowing: nothing to do."),
}
_ORDER = ("wet", "valve_disobeys", "burst", "never_zero", "meter_vs_tap")
_NIGHT_S = 6 * 3600
"""Rule `never_zero` looks back over so many hours when it is raised."""


def sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the water does now, in one sentence."""
    return once_heard(_SAY, usecase, view, _now, heard="index", silent_as="meter_silent")


def _now(usecase: UseCase, view: View) -> Sentence:
    rule = active(view, _ORDER)
    return _usual(usecase, view) if rule is None else told(_SAY, rule, usecase, view, _parts(usecase, view, rule))


def _parts(usecase: UseCase, view: View, rule: str) -> dict[str, tuple[Plain, Text]]:
    alarm = next(each for each in view.alarms if each.rule == rule and each.returned_at is None)
    if rule == "never_zero":
        since = age(view, alarm.raised_at - _NIGHT_S * 10**9)
        cost = (view.measures["min_flow"].good or 0.0) * M3_PER_YEAR * water_price(usecase)
        return {"since": since, "cost": (cost, quantity(cost, "€", 0))}
    return {"since": age(view, alarm.raised_at)}


def water_price(usecase: UseCase) -> float:
    """Return the price that the money card supposes [€/m³]."""
    prices = (each for card in usecase.money for each in card.hypotheses if each.id == "water_price")
    return next(prices).value


def _usual(usecase: UseCase, view: View) -> Sentence:
    seen = view.measures
    if seen["tap_flow"].believed and (seen["tap_flow"].good or 0.0) > 0:
        return told(_SAY, "tap", usecase, view)
    if seen["valve_open"].good == 0:
        return told(_SAY, "valve_closed", usecase, view)
    if (seen["flow"].good or 0.0) > 0:
        return told(_SAY, "flowing", usecase, view)
    if (alarm := rings(view)) is not None:
        return told(_SAY, "rings", usecase, view, {"alarm": alarm})
    return told(_SAY, "calm", usecase, view)
