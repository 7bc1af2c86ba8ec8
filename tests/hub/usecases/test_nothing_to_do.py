"""No use case says that there is nothing to do while an alarm of its own stands."""

from collections.abc import Iterator, Mapping

import pytest

from hub.model import NS, Alarm
from hub.rules.case import Seen, View
from hub.rules.wording import Text
from hub.usecases.describe import main_sentence
from hub.usecases.schema import UseCase
from servers.workers import usecases

NOW = 1_763_969_400 * NS
CALM: Mapping[str, Mapping[str, float]] = {
    "cold_room": {"air": 3.0, "product": 2.5},
    "water_leak": {"valve_open": 1.0},
    "beehive": {},
}
"""Use cases that say so, with the measures of a quiet moment that are not 0."""


def moment(usecase: UseCase, *rules: str) -> View:
    """Return a quiet moment in which the alarms of some rules stand."""
    values = CALM[usecase.name]
    return View(
        usecase=usecase.name,
        run="x",
        now=NOW,
        start=NOW - 3600 * NS,
        devices={},
        measures={
            name: Seen(value=value, time=NOW, good=value, good_time=NOW, changed=NOW, believed=True)
            for name in usecase.measures
            for value in (values.get(name, 0.0),)
        },
        since={},
        quantities={},
        masked={},
        alarms=tuple(
            Alarm(
                id=f"{usecase.name}.{rule}-x-1",
                usecase=usecase.name,
                rule=rule,
                measure=usecase.rule(rule).measure,
                device="acme:a",
                run="x",
                priority="high",
                raised_at=NOW - NS,
                texts={"fr": "Quelque chose sonne.", "en": "Something rings."},
            )
            for rule in rules
        ),
    )


def says_so(text: Text) -> bool:
    """Tell whether a sentence says that there is nothing to do, in both languages alike."""
    fr, en = "rien à faire" in text.fr, "nothing to do" in text.en
    assert fr is en
    return fr


@pytest.mark.parametrize("name", CALM)
def test_in_a_quiet_moment_there_is_nothing_to_do(name: str) -> None:
    """Without an alarm they say so."""
    usecase = usecases()[name]
    assert says_so(main_sentence(usecase, moment(usecase)).text)


def standing() -> Iterator[tuple[str, str]]:
    """Yield each rule of those use cases."""
    for name in CALM:
        for rule in usecases()[name].all_rules:
            yield name, rule.id


@pytest.mark.parametrize(("name", "rule"), [*standing()])
def test_nothing_to_do_is_not_said_beside_an_alarm(name: str, rule: str) -> None:
    """Whatever the values are by now: the alarm has not returned."""
    usecase = usecases()[name]
    assert not says_so(main_sentence(usecase, moment(usecase, rule)).text)
