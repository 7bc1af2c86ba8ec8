"""Every scenario raises, in the hub's own decoders and rules, the alarms that it says it raises (`[[expect]]`)."""

from collections.abc import Iterator

import pytest

from device_sims import scenario
from device_sims.schedule import ANY_OTHER, Expect
from servers import rehearsal
from servers.workers import usecases

NAMES = [name for name in scenario.folders() if name in usecases()]
NOISE = 0.1
"""Share of a time by which noise and rounding may move a slow crossing: the check values have none."""


FIRST, AT_ONCE_H = 1, 36
"""Every commit plays the cold room, and of the others the first one, where it takes few simulated hours."""


def expectations() -> Iterator[object]:
    """Return each scenario with each of its expectations."""
    for name in NAMES:
        played = scenario.load(name).scenario
        for number, expect in enumerate(played.expect, 1):
            history_h = played.history_h if expect.history_h is None else expect.history_h
            many = name != "cold_room" and number > FIRST
            is_long = many or history_h + expect.hours > AT_ONCE_H
            marks = [pytest.mark.long, pytest.mark.timeout(300)] if is_long else []
            yield pytest.param(name, expect, id=f"{name}-{number}-{expect.fault or 'nothing'}", marks=marks)


def misses(name: str, expect: Expect, played: rehearsal.Played, noise: float = 0.0) -> list[str]:
    """Return which alarms came otherwise than expected."""
    loaded = scenario.load(name)
    return [*rehearsal.misses(loaded.scenario, usecases()[name], expect, played.minutes(), noise)]


@pytest.mark.parametrize(("name", "expect"), [*expectations()])
def test_a_fault_raises_its_alarms_when_the_use_case_says(name: str, expect: Expect) -> None:
    """With ideal sensors, as the check values are: within two sampling periods; and every message is understood."""
    played = rehearsal.rehearse(rehearsal.ideal(scenario.load(name)), expect)
    assert misses(name, expect, played) == []
    assert played.refused == ()


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "expect"), [*expectations()])
def test_noise_and_rounding_move_an_alarm_a_little_and_raise_no_other(name: str, expect: Expect) -> None:
    """As it is played in the room."""
    played = rehearsal.rehearse(scenario.load(name), expect)
    assert misses(name, expect, played, NOISE) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_of_a_use_case_says_what_it_raises(name: str) -> None:
    """And so does an ordinary day: nothing."""
    played = scenario.load(name).scenario
    assert {*played.faults, None} - {expect.fault for expect in played.expect} == set()
    rules = {rule.id for rule in usecases()[name].all_rules}
    for expect in played.expect:
        assert {*expect.alarms, *expect.never} - {ANY_OTHER} <= rules


def test_the_rehearsal_tells_a_late_alarm_a_missing_one_and_one_too_many() -> None:
    """So that the tests above are able to fail."""
    loaded, case = scenario.load("cold_room"), usecases()["cold_room"]
    expect = Expect(fault="door_open", alarms={"air_high": 15.7, "product_high": 54}, never=(ANY_OTHER,))
    said = [*rehearsal.misses(loaded.scenario, case, expect, {"air_high": 16.2, "door_rate": 1.4})]
    assert said == [
        "air_high is raised at 16.20 min; expected at 15.7 ± 0.37 min",
        "product_high is not raised; expected at 54 min",
        "door_rate is raised at 1.40 min; expected never",
    ]
