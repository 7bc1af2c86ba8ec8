"""What a use case says stands long enough to be read, and does not flicker."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.rules.wording import Sentence, Text
from hub.usecases.speaking import STANDS_S, Speaker

RUN = "story-1"


def line(code: str, value: float = 0.0) -> Sentence:
    """Return a line with a number in it."""
    return Sentence(code, {"value": value}, Text(f"{code} {value:g}", f"{code} {value:g}"))


def played(dues: Sequence[Sentence]) -> list[str]:
    """Return what is said each second while these are due."""
    speaker = Speaker()
    return [speaker.say("story", RUN, due, float(second)).text.en for second, due in enumerate(dues)]


def test_numbers_follow_within_a_second() -> None:
    """The sentence agrees with the number beside it, at ×60 too; faster than that nobody reads."""
    assert played([line("ok", second) for second in range(4)]) == ["ok 0", "ok 1", "ok 2", "ok 3"]
    speaker = Speaker()
    said = [speaker.say("story", RUN, line("ok", tenth), tenth / 10).text.en for tenth in range(20)]
    assert said == ["ok 0"] * 9 + ["ok 9"] * 9 + ["ok 18"] * 2


def test_nobody_waits_beside_the_first_value() -> None:
    """A line that tells of nothing yet gives way at once; the one after it stands as long as any other."""
    dues = [line("waiting"), line("ok", 1), *(line("warm", second) for second in range(2, 7))]
    assert played(dues) == ["waiting 0", "ok 1", "ok 1", "ok 1", "ok 1", "ok 1", "warm 6"]


def test_numbers_that_follow_keep_no_other_line_away() -> None:
    """What counts is how long the words have stood."""
    dues = [line("ok", second) for second in range(6)] + [line("warm", second) for second in range(6, 9)]
    assert played(dues)[-3:] == ["ok 5", "ok 5", "warm 8"]


def test_another_line_comes_once_it_was_due_for_two_seconds() -> None:
    """At the earliest five seconds after the one that stands; what flickers at a limit is not told."""
    assert played([line("ok")] * 10 + [line("warm")] * 4)[-4:] == ["ok 0", "ok 0", "warm 0", "warm 0"]
    flicker = [line("ok" if second % 2 else "warm") for second in range(40)]
    assert {*played(flicker)} == {"warm 0"}


def test_another_run_speaks_at_once() -> None:
    """Its words are not the old story's."""
    speaker = Speaker()
    speaker.say("story", RUN, line("ok", 1), 0.0)
    assert speaker.say("story", "story-2", line("ok", 2), 0.1).text.en == "ok 2"
    assert speaker.say("other", RUN, line("warm", 3), 0.2).text.en == "warm 3"


def test_an_alarm_that_begins_or_ends_changes_the_line_at_once() -> None:
    """All is well is not said beside a ringing alarm; what follows stands five seconds again."""
    speaker = Speaker()
    assert speaker.say("story", RUN, line("ok"), 0.0).code == "ok"
    assert speaker.say("story", RUN, line("warm", 1), 0.1, {"warm-1"}).text.en == "warm 1"
    assert speaker.say("story", RUN, line("ok", 2), 4.0, {"warm-1"}).text.en == "warm 1"
    assert speaker.say("story", RUN, line("ok", 3), 4.1).text.en == "ok 3"
    assert speaker.say("story", RUN, line("warm", 4), 4.2, {"warm-2"}).text.en == "warm 4"
    assert speaker.say("story", RUN, line("burst", 5), 4.3, {"warm-2", "burst-1"}).text.en == "burst 5"


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["ok", "warm", "cold"]), st.integers(0, 3)), min_size=1, max_size=80))
def test_a_line_stands_as_long_as_it_takes_to_read_it(dues: list[tuple[str, int]]) -> None:
    """Whatever is due, and only what was due at that moment is ever said."""
    due = [line(code, value) for code, value in dues]
    said = played(due)
    words = [each.partition(" ")[0] for each in said]
    changes = [0, *(second for second in range(1, len(words)) if words[second] != words[second - 1])]
    assert all(later - earlier >= STANDS_S for earlier, later in pairwise(changes))
    news = [0, *(second for second in range(1, len(said)) if said[second] != said[second - 1])]
    assert all(said[second] == due[second].text.en for second in news)
