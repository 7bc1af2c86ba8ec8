"""Where a show would stall, from what the guide promises and what was raised."""

import pytest

from hub.rules.wording import Text
from hub.workshop.rehearsal import LAST_MIN, Cue, Rang, ends, stalls

NOTHING = Text("rien", "nothing")
TITLES = {"air_high": Text("air trop chaud", "air too warm")}


def cue(number: int, minute: float, *rings: str, anew: bool = False, **hopes: tuple[str, ...]) -> Cue:
    """Return a step."""
    return Cue(number=number, minute=minute, speed=10, does=NOTHING, anew=anew, rings=rings, hopes=hopes)


def codes(cues: list[Cue], *rang: Rang, silent: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    """Return where it stalls, and why."""
    found = stalls(cues, sorted(rang, key=lambda each: each.minute), silent=silent, titles=TITLES)
    return [(each.step, each.said.code) for each in found]


@pytest.mark.parametrize(
    ("minute", "expected"),
    [(5.6, []), (7.0, []), (7.1, [(2, "late_alarm")]), (3.9, [(2, "no_alarm")])],
    ids=["in time", "at the last moment", "too late", "rang before, for another reason"],
)
def test_a_promised_alarm_rings_before_the_next_step(minute: float, expected: list[tuple[int, str]]) -> None:
    """At the minute of the next step the room is asked about it."""
    assert codes([cue(1, 0), cue(2, 4, "air_high"), cue(3, 7)], Rang("air_high", minute)) == expected


def test_the_last_step_waits_a_little() -> None:
    """It has no next one."""
    cues = [cue(1, 0), cue(2, 16, "air_high")]
    assert ends(cues) == [16, 16 + LAST_MIN]
    assert codes(cues, Rang("air_high", 18)) == []
    assert codes(cues) == [(2, "no_alarm")]


def test_a_fault_without_a_promise_has_until_its_run_ends() -> None:
    """One of its alarms is enough; one that rings on counts; what is never expected is not missed."""
    cues = [cue(1, 0, open=("air_high", "slow")), cue(2, 2), cue(3, 5, anew=True)]
    assert codes(cues, Rang("slow", 4.5)) == []
    assert codes(cues, Rang("slow", -10)) == []
    assert codes(cues, Rang("slow", -10, over=-1)) == [(1, "no_effect")]
    assert codes(cues, Rang("slow", 5.5)) == [(1, "no_effect")]
    assert codes([cue(1, 0, breath=())]) == []


def test_a_role_that_nobody_plays_is_told_first() -> None:
    """With its name, in both languages, and what to do."""
    (found,) = stalls([cue(1, 0)], [], silent=["probe"], titles={"probe": Text("Sonde", "Probe")})
    assert (found.said.code, found.said.params) == ("missing_device", {"role": "probe"})
    assert "« Sonde »".replace(" ", "\u202f") in found.said.text.fr
    assert "Plug the device in" in found.said.text.en


def test_a_late_alarm_says_when_it_came_and_when_it_was_due() -> None:
    """In minutes of the show, as each language writes them."""
    (found,) = stalls([cue(1, 0, "air_high"), cue(2, 2)], [Rang("air_high", 3.5)], titles=TITLES)
    assert "« air trop chaud »".replace(" ", "\u202f", 1)[0] == found.said.text.fr[0]
    assert "à la minute 3,5" in found.said.text.fr
    assert "at minute 3.5; the next step begins at minute 2." in found.said.text.en
    assert (found.step, found.minute) == (1, 0)


def test_an_empty_guide_stalls_nowhere() -> None:
    """And ends at once."""
    assert (ends([]), codes([])) == ([], [])
