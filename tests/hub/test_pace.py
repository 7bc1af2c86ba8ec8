"""The life of a period that is changed for a session: asked for, stored, set, given back. Pure."""

import pytest

from hub.model import NS, Paced, PaceState
from hub.pace import AGAIN, PATIENCE, after_a_start, given_back, heard, waited

WALL = 1_790_000_000 * NS
S = PaceState


def paced(state: PaceState, original: int | None = 300, *, at: int = WALL, every: int = 10) -> Paced:
    """Return a record of a plug that is to report every ten seconds."""
    return Paced(device="tasmota:plug", every=every, state=state, original=original, at=at)


@pytest.mark.parametrize(
    ("before", "said", "after", "original"),
    [
        (paced(S.ASKING, None), 300, S.SETTING, 300),
        (paced(S.ASKING, None), 0, S.SETTING, 0),
        (paced(S.ASKING, None), 10, S.HELD, 10),
        (paced(S.SETTING), 10, S.HELD, 300),
        (paced(S.SETTING), 300, S.SETTING, 300),
        (paced(S.HELD), 60, S.HELD, 300),
        (paced(S.RESTORING), 300, S.RESTORED, 300),
        (paced(S.RESTORING), 10, S.RESTORING, 300),
        (paced(S.POLLED, None), 300, S.POLLED, None),
    ],
)
def test_only_the_devices_own_word_moves_a_record(
    before: Paced, said: int, after: PaceState, original: int | None
) -> None:
    """The first word is its own period; whatever it says later never replaces that."""
    found = heard(before, said, WALL + NS)
    assert (found.state, found.original) == (after, original)


@pytest.mark.parametrize(
    ("state", "original", "after"),
    [
        (S.HELD, 300, S.RESTORING),
        (S.SETTING, 0, S.RESTORING),
        (S.RESTORING, 300, S.RESTORING),
        (S.ASKING, None, S.RESTORED),
        (S.POLLED, None, S.RESTORED),
    ],
)
def test_giving_back_tells_the_device_only_where_it_may_be_changed(
    state: PaceState, original: int | None, after: PaceState
) -> None:
    """What was only asked, or polled, is simply over; a period of 0 is one too."""
    assert given_back(paced(state, original), WALL).state is after


def test_a_start_after_a_crash_owes_every_changed_device_its_own_period() -> None:
    """At once, whenever it spoke last."""
    kept = [paced(each) for each in (S.ASKING, S.SETTING, S.HELD, S.RESTORING, S.POLLED)]
    owed = after_a_start(kept)
    assert [(each.state, each.original) for each in owed] == [(S.RESTORING, 300)] * 3
    assert waited(owed[0], 0, WALL) is not None


@pytest.mark.parametrize(
    ("state", "wait", "after"),
    [
        (S.ASKING, PATIENCE, None),
        (S.ASKING, PATIENCE + 1, S.FAILED),
        (S.SETTING, PATIENCE + 1, S.RESTORING),
        (S.HELD, 100 * PATIENCE, None),
        (S.POLLED, 10 * NS - 1, None),
        (S.POLLED, 10 * NS, S.POLLED),
        (S.RESTORING, AGAIN, None),
        (S.RESTORING, AGAIN + 1, S.RESTORING),
    ],
)
def test_time_moves_who_does_not_answer(state: PaceState, wait: int, after: PaceState | None) -> None:
    """Nothing was changed where it did not say its own; where it may have been, it gets it back."""
    found = waited(paced(state), WALL + wait, WALL + wait)
    assert (found.state if found else None) is after


def test_a_silent_device_is_not_told_again_before_it_speaks() -> None:
    """It is away: what is said to it now is lost."""
    assert waited(paced(S.RESTORING), WALL - NS, WALL + 100 * AGAIN) is None
