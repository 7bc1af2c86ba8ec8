"""What holds for every screen."""

import pytest

from hub.errors import UsageError
from hub.workshop.wall import Place, StepWish, Wall, WallWish, changed

NOON, LATER = "2026-10-01T10:00:00Z", "2026-10-01T10:05:00Z"


def test_frozen_again_it_stays_the_picture_that_it_was_and_thawed_it_lives() -> None:
    """Two facilitators may press at the same time."""
    frozen = changed(Wall(), WallWish(frozen=True), NOON)
    assert frozen.frozen == NOON
    assert changed(frozen, WallWish(frozen=True), LATER).frozen == NOON
    assert changed(frozen, WallWish(frozen=False), LATER) == Wall()


def test_what_is_not_named_stays() -> None:
    """Silence, picture and guide are three things."""
    wall = changed(changed(Wall(), WallWish(frozen=True), NOON), WallWish(muted=True), LATER)
    wall = changed(wall, WallWish(guide=StepWish("cold_room", 2)), LATER)
    assert wall == Wall(frozen=NOON, muted=True, guide=Place(usecase="cold_room", step=2, since=LATER))
    assert changed(wall, WallWish(guide=None), LATER) == Wall(frozen=NOON, muted=True)


@pytest.mark.parametrize("step", [-1, 1000])
def test_a_step_that_no_guide_has_is_refused(step: int) -> None:
    """The message names it."""
    with pytest.raises(UsageError, match=str(step)):
        changed(Wall(), WallWish(guide=StepWish("cold_room", step)), NOON)
