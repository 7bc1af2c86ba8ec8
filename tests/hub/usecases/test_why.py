"""Why an alarm was raised, for those who ask."""

import pytest

from hub.model import NS, Alarm, Evidence
from hub.rules.clauses import Hours
from hub.rules.explaining import hours_in_words, rule_in_words
from hub.usecases import find, names
from hub.usecases.why import why

RAISED = 1_800_000_000 * NS


def alarm(rule: str = "air_high", **other: object) -> Alarm:
    """Return an alarm of the cold room."""
    plain: dict[str, object] = {
        "id": f"cold_room.{rule}-real-1",
        "usecase": "cold_room",
        "rule": rule,
        "measure": "air",
        "device": "tasmota:coldroom-sim-probe",
        "run": "cold-room-1",
        "priority": "medium",
        "raised_at": RAISED,
        "since": RAISED - 900 * NS,
        "texts": {"fr": "x", "en": "x"},
        "params": {"value": 5.2, "limit": 4.0},
        "began": (Evidence("air", 4.2, RAISED - 900 * NS),),
        "evidence": (Evidence("air", 5.2, RAISED - 10 * NS),),
    }
    return Alarm(**(plain | other))  # type: ignore[arg-type]


def test_an_alarm_says_why() -> None:
    """The rule in words, values and times, what it follows, what to do, what to draw."""
    told = why(find("cold_room"), alarm())
    assert told["words"]["fr"].startswith("«\u202fAir\u202f» au-dessus de +4\u202f°C, pendant 15\u00a0min")
    assert told["words"]["en"].startswith("“Air” above +4\u00a0°C, for 15\u00a0min")
    assert told["judged"] == {"value": 5.2, "limit": 4.0, "unit": "°C"}
    (value,) = told["values"]
    assert (value["began"]["value"], value["raised"]["value"], value["unit"]) == (4.2, 5.2, "°C")
    assert "2009" in told["source"]["fr"]
    assert told["indicative"]
    assert set(told["todo"]) == {"fr", "en"}


def test_a_rule_that_is_gone_is_not_explained() -> None:
    """An alarm of an older version may name it."""
    with pytest.raises(KeyError):
        why(find("cold_room"), alarm("nothing"))


@pytest.mark.parametrize("name", names())
def test_every_rule_has_words(name: str) -> None:
    """In both languages, one sentence, nothing left open."""
    case = find(name)
    for rule in case.all_rules:
        words = rule_in_words(case, rule)
        assert words.fr != words.en, rule.id
        for said in (words.fr, words.en):
            assert said.endswith("."), said
            assert "{" not in said, said


def test_what_is_or_is_not_is_no_number() -> None:
    """A floor is wet: nobody reads that as 1."""
    case = find("water_leak")
    words = rule_in_words(case, case.rule("wet"))
    assert (words.fr, words.en) == ("«\u202fEau au sol\u202f»\u00a0: oui.", "“Water on the floor”: yes.")


@pytest.mark.parametrize("name", names())
def test_every_rule_says_what_it_follows(name: str) -> None:
    """A text, a calculation, or that it is a rule of the house: who asks why is never told nothing."""
    for rule in find(name).rules:
        assert rule.source is not None, rule.id
        assert rule.source.fr != rule.source.en, rule.id


def test_hours_are_said_as_people_say_them() -> None:
    """From when to when, on which days, in which months."""
    hours = (Hours(start="22:00", end="05:00"), Hours(days=("sun",), months=(4, 5)))
    said = hours_in_words(hours)
    assert said.fr == "Jugé seulement de 22:00 à 05:00 ou le dimanche en avril, mai."
    assert said.en == "Judged only from 22:00 to 05:00 or on Sunday in April, May."
