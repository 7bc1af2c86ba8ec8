"""What belongs to a session: positions exactly, and on each timeline the times that they mean."""

from datetime import date

import pytest
from msgspec.structs import replace

from hub.errors import UsageError
from hub.model import REAL, Run
from hub.workshop.session import (
    EVER,
    Interval,
    Moment,
    Session,
    Span,
    State,
    Wish,
    archived,
    checked,
    is_due,
    paused,
    purging,
    resumed,
    spans,
    started,
)

TODAY = date(2026, 11, 27)
WISH = Wish(title="Bakers", place="Nantes", purge="2026-12-24")


def session(*intervals: Interval) -> Session:
    """Return a session of these intervals."""
    return replace(started("a1", WISH, intervals[0].begin), intervals=intervals)


def run(name: str, *, wall: int, state: str = "running", simulated: int = 0, speed: float = 1.0) -> Run:
    """Return a run whose last beat was at `wall` [ns]."""
    return Run(id=name, scenario="s", seed=1, speed=speed, state=state, wall=wall, simulated=simulated)


def test_a_session_is_the_intervals_between_its_control_records() -> None:
    """What comes during a pause is nobody's; the record that ends it is not in it any more."""
    one = started("a1", WISH, Moment(10, 100))
    assert (one.state, one.positions, one.ended) == (State.OPEN, [(10, EVER)], None)
    one = resumed(paused(one, Moment(20, 200)), Moment(30, 300))
    assert (one.state, one.positions) == (State.OPEN, [(10, 20), (30, EVER)])
    one = archived(one, Moment(40, 400))
    assert (one.state, one.positions, one.started, one.ended) == (State.ARCHIVED, [(10, 20), (30, 40)], 100, 400)


def test_archiving_a_paused_session_adds_nothing_to_it() -> None:
    """It ended when it was paused."""
    one = archived(paused(started("a1", WISH, Moment(10, 100)), Moment(20, 200)), Moment(90, 900))
    assert (one.positions, one.ended) == ([(10, 20)], 200)


@pytest.mark.parametrize(
    ("name", "wall", "span"),
    [
        ("real", 0, Span(REAL, 1_000, 2_000)),
        ("before", 999, None),
        ("through", 5_000, Span("through", 70, 90)),
        ("ended-inside", 1_500, Span("ended-inside", 71, EVER)),
        ("began-inside", 5_000, Span("began-inside", 0, 95)),
        ("inside", 1_500, Span("inside", 0, EVER)),
        ("after", 2_000, None),
    ],
)
def test_each_timeline_has_its_own_stretch(name: str, wall: int, span: Span | None) -> None:
    """A run that began inside comes with its back-fill; one that was over before, or began afterwards, does not."""
    begin = Moment(1, 1_000, {"through": 70, "ended-inside": 71})
    end = Moment(9, 2_000, {"through": 90, "began-inside": 95})
    found = {each.run: each for each in spans(session(Interval(begin, end)), [run(name, wall=wall)])}
    assert found.get("real" if name == "real" else name) == span


def test_a_session_that_goes_on_has_no_last_time() -> None:
    """On no timeline."""
    found = spans(session(Interval(Moment(1, 1_000, {"a": 5}))), [run("a", wall=2_000), run("b", wall=2_000)])
    assert found == [Span("a", 5, EVER), Span("b", 0, EVER), Span(REAL, 1_000, EVER)]


def test_a_run_that_stood_still_all_the_while_has_a_moment() -> None:
    """Nothing was measured then, but people may have typed."""
    one = session(Interval(Moment(1, 10, {"a": 100}), Moment(2, 20, {"a": 100})))
    assert spans(one, [run("a", wall=5)]) == [Span(REAL, 10, 20)]
    assert spans(one, [run("a", wall=5)], moments=True) == [Span("a", 100, 100), Span(REAL, 10, 20)]


def test_a_pause_cuts_every_timeline() -> None:
    """A run that goes on through it has two stretches."""
    first = Interval(Moment(1, 10, {"a": 100}), Moment(2, 20, {"a": 200}))
    second = Interval(Moment(3, 30, {"a": 300}))
    found = spans(session(first, second), [run("a", wall=40)])
    assert [each for each in found if each.run == "a"] == [Span("a", 100, 200), Span("a", 300, EVER)]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(title="  "), "needs a title"),
        (Wish(title="x" * 121), "up to 120 printable"),
        (Wish(title="a\x07b"), "printable"),
        (Wish(title="a", place="\u202e"), "place"),
        (Wish(title="a", purge="24/12/2026"), "2026-12-24"),
        (Wish(title="a", purge="2026-11-27"), "after today"),
        (Wish(title="a", purge="1999-01-01"), "after today"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_with_what_to_write(wish: Wish, said: str) -> None:
    """Titles are typed by people in a hurry."""
    with pytest.raises(UsageError, match=said):
        checked(wish, TODAY)


def test_a_wish_is_kept_tidy_and_always_has_a_purge_date() -> None:
    """Thirty days on, unless told."""
    assert checked(Wish(title="  Bakers \n of Nantes "), TODAY) == Wish(title="Bakers of Nantes", purge="2026-12-27")


@pytest.mark.parametrize(("today", "due"), [("2026-12-23", False), ("2026-12-24", True), ("2027-01-02", True)])
def test_a_session_is_erased_on_its_day_even_while_it_is_open(today: str, due: bool) -> None:  # noqa: FBT001 — likewise
    """The date was promised to the people in the room; a hub that slept over it does it when it wakes."""
    one = session(Interval(Moment(1, 1)))
    assert is_due(one, date.fromisoformat(today)) is due
    assert is_due(purging(one), TODAY)


def test_what_is_being_erased_says_nothing_any_more() -> None:
    """Only the positions stay, until they are empty too."""
    left = purging(session(Interval(Moment(1, 1))))
    assert (left.title, left.place, left.positions) == ("", "", [(1, EVER)])
