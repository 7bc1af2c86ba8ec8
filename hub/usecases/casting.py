"""Which channels of a real device give a role's measures, how well they fit, and what must be said about it: pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from msgspec import Struct

from hub.errors import NotFoundError
from hub.rules.casting import Taken
from hub.rules.measures import Measure
from hub.rules.shown import between, change
from hub.rules.wording import Text, limit, quantity
from hub.usecases.objections import another_unit, no_channel, no_channels, no_measure, useless
from hub.usecases.schema import UseCase

NAMED, INSTANCE, ALIKE, UNIT_ONLY, UNSAID = range(0, 50, 10)
"""How well a channel fits: by its name, an instance of it, the same quantity, its unit alone, no unit at all."""
_QUANTITY = re.compile(r"[a-z]+")


class Offer(Struct, frozen=True):
    """A channel of a device as it is now.

    Attributes:
        health: it speaks of the device itself (battery, radio).
        flag: its family gives it as 0 or 1, without a unit: a switch, a contact.
    """

    name: str
    unit: str | None = None
    value: float | None = None
    quality: str | None = None
    health: bool = False
    flag: bool = False


class Doubt(Struct, frozen=True):
    """Something to know before a device takes a role; `measure` it concerns."""

    code: str
    measure: str
    text: Text


class Fit(Struct, frozen=True):
    """How a device would play a role; `cost`: the lower, the better."""

    taken: Taken
    warnings: tuple[Doubt, ...]
    cost: int


def heard(usecase: UseCase, role: str) -> dict[str, Measure]:
    """Return what a role's device is asked for: measure → how.

    Raises:
        NotFoundError: no such role.
    """
    if role not in usecase.roles:
        msg = f"{usecase.name} has no role {role!r}; there are: {', '.join(usecase.roles)}"
        raise NotFoundError(msg)
    return {name: each for name, each in usecase.measures.items() if not each.computed and each.role == role}


def guessed(usecase: UseCase, role: str, device: str, offers: Sequence[Offer]) -> Fit | None:
    """Return how a device plays a role best; None: it gives nothing that the role measures.

    Raises:
        NotFoundError: no such role.
    """
    measures = heard(usecase, role)
    pairs = [
        (rank, at, place, name, offer)
        for (at, (name, measure)), (place, offer) in product(enumerate(measures.items()), enumerate(offers))
        if (rank := _rank(measure, offer)) is not None
    ]
    channels: dict[str, str] = {}
    cost = 0
    for rank, _, _, name, offer in sorted(pairs, key=lambda each: each[:3]):
        if name not in channels and offer.name not in channels.values():
            channels[name], cost = offer.name, cost + rank
    if not channels:
        return None
    ordered = {name: channels[name] for name in measures if name in channels}
    return _fit(measures, device, offers, ordered, cost)


def chosen(
    usecase: UseCase, role: str, device: str, offers: Sequence[Offer], channels: Mapping[str, str | None] | None
) -> Fit:
    """Return how a device plays a role: with these channels (measure → channel, None: not heard), or as guessed.

    Raises:
        NotFoundError: no such role.
        ObjectionError: it cannot, naming the measure, what the device gives, and the remedy. A button need not measure
            anything.
    """
    measures, is_button = heard(usecase, role), bool(usecase.roles[role].acknowledges)
    if channels is None:
        fit = guessed(usecase, role, device, offers)
        if fit is None and is_button:
            return _fit(measures, device, offers, {})
        if fit is None:
            raise useless(role, _wanted(measures), device, _gives(offers))
        return fit
    known = {each.name: each for each in offers}
    for name, channel in channels.items():
        if name not in measures:
            raise no_measure(role, ", ".join(measures), name)
        if channel is not None and channel not in known:
            raise no_channel(name, device, _gives(offers), channel)
        if channel is not None and not _converts(measures[name], known[channel]):
            units = known[channel].unit, measures[name].unit
            subject = f"channels.{name}: {channel} ({device})"
            raise another_unit(subject, *units, _gives(offers))
    heard_by = {name: channel for name in measures if (channel := channels.get(name)) is not None}
    if not heard_by and not is_button:
        raise no_channels(device, _gives(offers), ", ".join(measures))
    return _fit(measures, device, offers, heard_by)


def _gives(offers: Sequence[Offer]) -> Text:
    said = ", ".join(f"{each.name} ({each.unit})" if each.unit else each.name for each in offers)
    if not said:
        return Text("il ne donne aucun nombre pour l'instant", "it gives no numbers yet")
    return Text(f"il donne {said}", f"it gives {said}")


def _wanted(measures: Mapping[str, Measure]) -> Text:
    said = [(each.title, f" [{each.unit}]" if each.unit else "") for each in measures.values()]
    return Text(" ou ".join(f"{title.fr}{unit}" for title, unit in said), " or ".join(f"{t.en}{u}" for t, u in said))


def _converts(measure: Measure, offer: Offer) -> bool:
    """Tell whether the channel's value can be shown as the measure; what says no unit is taken at its word.

    Nothing but yes or no is not such a one: a switch measures no temperature.
    """
    if offer.flag and measure.unit is not None and measure.channel_unit is None:
        return False
    given = measure.channel_unit if measure.channel_unit is not None and offer.unit is None else offer.unit
    return given is None or between(given, measure.unit) is not None


def _rank(measure: Measure, offer: Offer) -> int | None:
    """Return how well a channel fits a measure, 0 best; None: not at all."""
    if not _converts(measure, offer):
        return None
    for place, name in enumerate(measure.names):
        if offer.name == name:
            return NAMED + place
        if offer.name.startswith(f"{name}_"):
            return INSTANCE + place
    if offer.health or offer.flag or measure.unit is None:
        return None
    if _quantity(offer.name) in {_quantity(name) for name in measure.names}:
        return ALIKE
    return UNSAID if offer.unit is None else UNIT_ONLY


def _quantity(name: str) -> str:
    """Return what a channel measures, without what tells it from others: `temperature2`, `temperature_ds18b20_1`."""
    found = _QUANTITY.match(name)
    return name if found is None else found[0]


def _fit(
    measures: Mapping[str, Measure], device: str, offers: Sequence[Offer], channels: dict[str, str], cost: int = 0
) -> Fit:
    known = {each.name: each for each in offers}
    assumed = [
        name
        for name, channel in channels.items()
        if known[channel].unit is None and measures[name].channel_unit is None and measures[name].unit is not None
    ]
    warnings = tuple(_warnings(measures, known, channels, assumed))
    missing = sum(1 for name, each in measures.items() if name not in channels and not each.optional)
    return Fit(Taken(device=device, channels=channels, assumed=assumed), warnings, cost + 100 * missing)


def _warnings(
    measures: Mapping[str, Measure], known: Mapping[str, Offer], channels: Mapping[str, str], assumed: Iterable[str]
) -> Iterator[Doubt]:
    for name, measure in measures.items():
        if name not in channels:
            if not measure.optional:
                yield _warning("missing", name, measure, "n'est pas mesuré par cet appareil.", "is not measured by it.")
            continue
        offer = known[channels[name]]
        if name in assumed:
            fr, en = f"unité inconnue, prise pour des {measure.unit}.", f"unit unknown, taken for {measure.unit}."
            yield _warning("unit", name, measure, fr, en)
        yield from _doubts(name, measure, offer, assumed=name in assumed)


def _doubts(name: str, measure: Measure, offer: Offer, *, assumed: bool) -> Iterator[Doubt]:
    """Yield what is odd about a channel's present value."""
    if offer.value is None:
        yield _warning("silent", name, measure, "aucune valeur pour l'instant.", "no value yet.")
        return
    if offer.quality == "bad":
        yield _warning("bad", name, measure, "l'appareil signale un défaut.", "the device reports a fault.")
        return
    given = measure.unit if assumed else measure.channel_unit if offer.unit is None else offer.unit
    value = change(offer.value * measure.scale, between(given, measure.unit) or (1.0, 0.0))
    value = 1 - value if measure.inverted else value
    low, high = (float("-inf") if measure.low is None else measure.low, measure.high)
    if value < low or (high is not None and value > high):
        now = quantity(value, measure.unit, measure.decimals)
        fr, en = (f"{getattr(now, lang)} ({_range(measure, lang)})" for lang in ("fr", "en"))
        yield _warning("range", name, measure, f"valeur peu plausible, {fr}.", f"hardly plausible value, {en}.")


def _range(measure: Measure, lang: str) -> str:
    ends = ["…" if end is None else getattr(limit(end, measure.unit), lang) for end in (measure.low, measure.high)]
    return " – ".join(ends)


def _warning(code: str, name: str, measure: Measure, fr: str, en: str) -> Doubt:
    return Doubt(code, name, Text(f"{measure.title.fr} : {fr}", f"{measure.title.en}: {en}"))


def fit_view(usecase: UseCase, role: str, offers: Sequence[Offer], fit: Fit) -> dict[str, Any]:
    """Return a fit as the API gives it; `options`: measure → the channels that could give it."""
    measures = heard(usecase, role)
    options = {name: [each.name for each in offers if _converts(measure, each)] for name, measure in measures.items()}
    warnings = [{"code": each.code, "measure": each.measure, "text": each.text.as_dict} for each in fit.warnings]
    channels = {name: fit.taken.channels.get(name) for name in measures}
    return {"device": fit.taken.device, "channels": channels, "options": options, "warnings": warnings}
