"""A report made up for tests of its layouts: something of everything, with what a mischievous room would type."""

from datetime import UTC, datetime

from hub.model import NS
from hub.workshop.report import curve
from hub.workshop.report.content import (
    AlarmLine,
    Answer,
    Assumed,
    Buy,
    Curve,
    Kept,
    Note,
    Part,
    Player,
    Poll,
    Report,
    Step,
    Story,
    Worth,
)
from hub.workshop.report.words import Language, headings

NASTY = "<script>alert(1)</script> & #let x = 1; $a_b$ *fat* @ref {{ 7 * 7 }} \\ \"'"
"""Markup of every layout that must arrive as it was typed."""


def local(time: int) -> datetime:
    """Return what a clock in UTC shows."""
    return datetime.fromtimestamp(time / NS, UTC).replace(tzinfo=None)


def drawn(language: Language = "fr") -> Curve:
    """Return a chart of ten minutes."""
    points = [(60 * NS * minute, 3.0 + minute) for minute in range(10)]
    lines = [curve.Line("Air", points)]
    svg = curve.draw("Air", lines, unit="°C", language=language, local=local, marks=[curve.Mark(300 * NS, 1)])
    return Curve(title="Air", mark="simulé", svg=svg, told="Air : de 3,0 °C à 12,0 °C")


def report(language: Language = "fr", typed: str = "Boulangers de Nantes") -> Report:
    """Return a report in which somebody typed `typed` wherever something can be typed."""
    alarm = AlarmLine(
        number=1,
        when="8 h 05",
        lasted="dure encore",
        priority="priorité haute",
        text="L’air est à +9 °C.",
        rule="« Air » au-dessus de +8 °C",
        law="Arrêté du 21 décembre 2009",
        noted=typed,
    )
    hypothesis = Assumed(title="Stock", value="3 000 €", range="1 500 € à 5 000 €", origin="ordre de grandeur")
    story = Story(
        title="Chambre froide",
        story="Le lundi à 5 h…",
        parts=(Part(title="De 8 h à 9 h", curves=(drawn(language),), alarms=(alarm,), more="3 autres"),),
        worth=(Worth(title="Stock", formula="3 000 € × 0,10 = 300 €/an", range="", hypotheses=(hypothesis,)),),
        bill=(Buy(title="Carte", price="15 €", date="novembre 2026", note="note"),),
        totals=("Pour un essai : 15 €",),
        players=(Player(role="Sonde", kind=typed, mark="réel"),),
        limits=("Une sonde ment.",),
    )
    return Report(
        language=language,
        title=typed,
        place=typed,
        whose=typed,
        when="27 novembre 2026",
        notice="La séance n’est pas terminée.",
        facts=("Une alarme a sonné.",),
        own=(drawn(language),),
        stories=(story,),
        votes=(Poll(question=typed, answers=(Answer(option=typed, count="1 voix", share=1.0),), note="ouvert"),),
        notes=(Note(when="8 h 10", text=typed, by=typed),),
        home=(Step(text="Tapez", command="matinales demo --use-case cold_room --seed 7"),),
        kept=(Kept(text="Ce que l’on écrit", until="30 jours"),),
        words=headings(language),
    )
