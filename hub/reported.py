"""What a report says of a use case: alarms, euros, prices, players, turned into words. Pure, whatever was stored.

What the hub knows comes in, `hub.workshop.report.content` goes out; `hub.reporting` reads it from the files.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.model import NS, PRIORITIES, REAL, Alarm
from hub.rules.calendar import Calendar
from hub.rules.casting import Taken
from hub.rules.explaining import rule_in_words
from hub.rules.wording import HARD, Text, duration, number, quantity
from hub.usecases.choosing import Choices
from hub.usecases.schema import Card, Hypothesis, UseCase
from hub.workshop.report.content import AlarmLine, Answer, Assumed, Buy, Player, Poll, Worth
from hub.workshop.report.words import Language, month, said, say

Json = Mapping[str, Any]
MOST_ALARMS = 30
"""Alarms told one by one in a part; the others are counted."""
REPLAYED = "replay"
FACILITATOR = "facilitator"
"""Who acknowledged without a name."""


def chosen_alarms(alarms: Iterable[Alarm]) -> list[Alarm]:
    """Return those that are told one by one, in order of time: the most urgent where there are too many."""
    urgent = sorted(alarms, key=lambda alarm: (PRIORITIES.index(alarm.priority), alarm.raised_at))[:MOST_ALARMS]
    return sorted(urgent, key=lambda alarm: alarm.raised_at)


def alarm_lines(
    usecase: UseCase, alarms: Sequence[Alarm], calendar: Calendar, language: Language
) -> tuple[AlarmLine, ...]:
    """Return the alarms as they are told, numbered from 1.

    Args:
        usecase: whose; a rule that it has no more is told by the alarm's own words.
        alarms: those of one timeline, in order of time.
        calendar: what its clock shows.
        language: of the words.
    """
    return tuple(_alarm(usecase, alarm, place, calendar, language) for place, alarm in enumerate(alarms, 1))


def _alarm(usecase: UseCase, alarm: Alarm, number_: int, calendar: Calendar, language: Language) -> AlarmLine:
    rule = next((each for each in usecase.all_rules if each.id == alarm.rule), None)
    law = "" if rule is None or rule.source is None else said(rule.source, language)
    if law and rule is not None and rule.indicative:
        law = f"{law} ({say('indicative', language)})"
    return AlarmLine(
        number=number_,
        when=hour(calendar, f"{usecase.name}/{alarm.run}", alarm.raised_at, language),
        lasted=_lasted(alarm, language),
        priority=say(alarm.priority, language),
        text=alarm.texts[language],
        rule="" if rule is None else said(rule_in_words(usecase, rule), language),
        law=law,
        todo="" if rule is None or rule.todo is None else said(rule.todo, language),
        noted=_noted(alarm, language),
    )


def _lasted(alarm: Alarm, language: Language) -> str:
    if alarm.returned_at is None:
        return say("lasts", language)
    return say("returned", language, span=duration((alarm.returned_at - alarm.raised_at) / NS))


def _noted(alarm: Alarm, language: Language) -> str:
    comment = alarm.noted(language)
    if not comment:
        return ""
    if not alarm.acknowledged_by:
        return comment
    who = say("facilitator", language) if alarm.acknowledged_by == FACILITATOR else alarm.acknowledged_by
    return say("by", language, comment=comment, who=who)


def hour(calendar: Calendar, line: str, time: int, language: Language) -> str:
    """Return what a timeline's clock shows at `time` [ns]: "2 h 05" or "02:05"."""
    local = calendar.local(line, time)
    return f"{local.hour} h {local.minute:02}".replace(" ", HARD) if language == "fr" else f"{local:%H:%M}"


def worth(usecase: UseCase, money: Json, chosen: Choices, language: Language) -> tuple[Worth, ...]:
    """Return the money cards, from what `hub.usecases.costing.money` made of hypotheses chosen, measured or given."""
    figures = {each["id"]: each for each in money["cards"]}
    measured = {name: each["value"] for name, each in money["measured"].items()}
    return tuple(
        _card(card, figures[card.id], measured, chosen, language) for card in usecase.money if card.id in figures
    )


def _card(card: Card, told: Json, measured: Mapping[str, float], chosen: Choices, language: Language) -> Worth:
    low, high = (quantity_of(told[end], card.unit, 0) for end in ("low", "high"))
    return Worth(
        title=said(card.title, language),
        formula=told["text"][language],
        range=say("worth_range", language, low=low, high=high),
        note="" if card.note is None else said(card.note, language),
        hypotheses=tuple(_assumed(each, measured, chosen, language) for each in card.hypotheses),
    )


def _assumed(each: Hypothesis, measured: Mapping[str, float], chosen: Choices, language: Language) -> Assumed:
    decimals = len(f"{each.step:.10g}".partition(".")[2])
    value, origin = chosen.hypotheses.get(each.id), say("chosen", language)
    if value is None and each.id in measured:
        value, origin = measured[each.id], say("measured", language)
    if value is None:
        value, origin = each.value, _given(each, language)
    low, high = (quantity_of(end, each.unit, decimals) for end in (each.low, each.high))
    return Assumed(
        title=said(each.title, language),
        value=said(quantity_of(value, each.unit, decimals), language),
        range=say("from_to", language, low=low, high=high),
        origin=origin,
    )


def _given(each: Hypothesis, language: Language) -> str:
    if each.source is None:
        return say("usual", language)
    source = said(each.source, language)
    return source if each.year is None else say("given", language, source=source, year=str(each.year))


def quantity_of(value: float, unit: Text | None, decimals: int) -> Text:
    """Return a figure with the unit that a use case writes beside it, in both languages."""
    digits = number(value, decimals)
    if unit is None:
        return digits
    close = "" if unit.en.startswith("%") else HARD
    return Text(f"{digits.fr}{HARD}{unit.fr}", f"{digits.en}{close}{unit.en}")


EURO = Text("€", "€")


def bill(money: Json, language: Language) -> tuple[Buy, ...]:
    """Return the bill of materials with what each price is of."""
    return tuple(_buy(each, language) for each in money["materials"]["lines"])


def _buy(line: Json, language: Language) -> Buy:
    kit = {"demo": "only_demo", "robust": "only_robust"}.get(line["kit"])
    notes = [say("option", language)] if line["optional"] else []
    notes += [] if kit is None else [say(kit, language)]
    notes += [] if line["note"] is None else [line["note"][language]]
    when = month(line["date"])
    return Buy(
        title=line["title"][language],
        price=_price(line["low"], line["high"], language),
        date=say("typed_price", language, day=when) if line["typed"] else said(when, language),
        note=" · ".join(notes),
    )


def _price(low: float, high: float, language: Language) -> str:
    ends = [quantity_of(each, EURO, 0 if each == round(each) else 2) for each in (low, high)]
    return said(ends[0], language) if low == high else say("from_to", language, low=ends[0], high=ends[1])


def totals(money: Json, language: Language) -> tuple[str, ...]:
    """Return what each kit costs, in a sentence each; one where both are the same."""
    kits = {kit: money["materials"][kit] for kit in ("demo", "robust")}
    told = [kit for kit, ends in kits.items() if kit == "demo" or ends != kits["demo"]]
    return tuple(
        say(
            f"total_{kit}",
            language,
            **{end: quantity_of(each, EURO, 0) for end, each in zip(("low", "high"), kits[kit], strict=True)},
        )
        for kit in told
        if kits[kit][1] > 0
    )


def players(
    usecase: UseCase, runs: Iterable[str], cast: Mapping[str, Taken], names: Mapping[str, str], language: Language
) -> tuple[Player, ...]:
    """Return who played each role.

    Args:
        usecase: the use case.
        runs: the timelines of its parts; on `real`, real devices play.
        cast: role → the real device that was given it.
        names: uid → what a device is called.
        language: of the words.
    """
    there = {*runs}
    found = []
    for name, role in usecase.roles.items():
        taken = cast.get(name) if REAL in there else None
        kind = said(role.kind, language) if taken is None else names.get(taken.device, taken.device)
        code = "real" if taken is not None else "simulated" if there - {REAL} else "absent"
        found.append(Player(role=said(role.title, language), kind=kind, mark=say(code, language), real=code == "real"))
    return tuple(found)


def mark_of(run: str, language: Language) -> str:
    """Return what is said of a timeline wherever its values are shown."""
    code = "real" if run == REAL else "replayed" if run.startswith(f"{REPLAYED}-") else "simulated"
    return say(code, language)


def polls(votes: Iterable[Json], language: Language) -> tuple[Poll, ...]:
    """Return the votes of a session, from what `hub.workshop.vote.view` gives."""
    return tuple(_poll(each, language) for each in votes)


def _poll(vote: Json, language: Language) -> Poll:
    most = max(sum(vote["counts"]), 1)
    answers = tuple(
        Answer(option=option, count=_voices(count, language), share=count / most)
        for option, count in zip(vote["options"], vote["counts"], strict=True)
    )
    return Poll(
        question=vote["question"], answers=answers, note=say("vote_open", language) if vote["state"] == "open" else ""
    )


def _voices(count: int, language: Language) -> str:
    return say("one_voice", language) if count == 1 else say("voices", language, count=number(count, 0))


def curve_told(title: Text, values: Sequence[float], unit: str | None, decimals: int, language: Language) -> str:
    """Return a curve in a sentence: its lowest, highest and last value."""
    if not values:
        return say("silent_curve", language, measure=title)
    ends = (quantity(each, unit, decimals) for each in (min(values), max(values), values[-1]))
    return say("curve", language, measure=title, **dict(zip(("low", "high", "last"), ends, strict=True)))
