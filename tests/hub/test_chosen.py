"""What people choose belongs to the workshop session that is on: a new one begins with the defaults."""

from collections.abc import Mapping
from typing import cast

import pytest

from hub.chosen import Chosen
from hub.errors import StoreError
from hub.kept import Kept
from hub.usecases import find
from hub.usecases.choosing import NOTHING, SHARED, Choices, choose

ROOM = find("cold_room")


class Shelf:
    """What is kept, without a disk."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.kept: Mapping[str, Mapping[str, Choices]] = {}
        self.full = False

    def choices(self) -> Mapping[str, Mapping[str, Choices]]:
        """Return what is kept."""
        return self.kept

    def put_choices(self, choices: Mapping[str, Mapping[str, Choices]]) -> None:
        """Keep it, where there is room."""
        if self.full:
            msg = "disk full"
            raise StoreError(msg)
        self.kept = choices


@pytest.fixture
def shelf() -> Shelf:
    """An empty one."""
    return Shelf()


def opened(shelf: Shelf, session: str | None = None) -> Chosen:
    """Return the choices as a hub that starts in a session finds them."""
    return Chosen(cast("Kept", shelf), session)


def stock(chosen: Chosen, session: str | None = None) -> float | None:
    """Return the stock that somebody typed."""
    return chosen.of("cold_room", session).hypotheses.get("stock")


def type_stock(chosen: Chosen, value: float) -> None:
    """Move the slider of the stock."""
    chosen.change(ROOM, lambda usecase, before: choose(usecase, before, "stock", value))


def test_a_new_session_starts_with_the_defaults_and_pages_are_told(shelf: Shelf) -> None:
    """What was chosen before is not shown to whoever comes next."""
    chosen = opened(shelf)
    type_stock(chosen, 4000)
    assert chosen.enter("a1", {"a1"}) == {"cold_room": {}}
    assert chosen.of("cold_room") == NOTHING
    type_stock(chosen, 2000)
    assert chosen.enter("b2", {"a1", "b2"}) == {"cold_room": {}}
    assert stock(chosen) is None


def test_a_session_that_goes_on_finds_its_own(shelf: Shelf) -> None:
    """After another one, and after a restart of the hub."""
    chosen = opened(shelf, "a1")
    type_stock(chosen, 2000)
    chosen.enter("b2", {"a1", "b2"})
    assert chosen.enter("a1", {"a1", "b2"}) == {"cold_room": {"hypotheses": {"stock": 2000}}}
    assert stock(opened(shelf, "a1")) == 2000


def test_a_session_that_is_over_still_has_its_own(shelf: Shelf) -> None:
    """Its report is written afterwards."""
    chosen = opened(shelf, "a1")
    type_stock(chosen, 2000)
    chosen.enter(None, {"a1"})
    assert (stock(chosen), stock(chosen, "a1")) == (None, 2000)


def test_what_was_erased_is_forgotten_and_no_more(shelf: Shelf) -> None:
    """Of an erased session nothing stays; what was chosen in none does."""
    chosen = opened(shelf)
    type_stock(chosen, 4000)
    chosen.enter("a1", {"a1"})
    type_stock(chosen, 2000)
    assert not chosen.stands(None, ())
    assert chosen.enter(None, ()) == {"cold_room": {"hypotheses": {"stock": 4000}}}
    assert chosen.stands(None, ())
    assert set(shelf.kept) == {SHARED}


def test_the_same_session_again_tells_nobody_anything(shelf: Shelf) -> None:
    """A pause changes no figure."""
    chosen = opened(shelf, "a1")
    type_stock(chosen, 2000)
    assert chosen.enter("a1", {"a1"}) == {}


def test_what_could_not_be_kept_is_not_shown(shelf: Shelf) -> None:
    """A full disk leaves the figure as it was."""
    chosen = opened(shelf, "a1")
    shelf.full = True
    with pytest.raises(StoreError):
        type_stock(chosen, 2000)
    assert stock(chosen) is None


def test_each_table_chooses_for_itself(shelf: Shelf) -> None:
    """The room's hypothesis is none of a table's, nor one table's another's; a restart finds all of them again."""
    chosen = opened(shelf, "a1")
    type_stock(chosen, 2000)
    chosen.change(ROOM, lambda usecase, before: choose(usecase, before, "stock", 4000), table=3)
    again = opened(shelf, "a1")
    stocks = [again.of("cold_room", table=table).hypotheses.get("stock") for table in (0, 3, 4, 33)]
    assert stocks == [2000, 4000, None, None]
    assert again.told() == {"cold_room": {"hypotheses": {"stock": 2000}}}
    assert again.told(3) == {"cold_room": {"hypotheses": {"stock": 4000}}}
    assert again.told(4) == {}


def test_a_table_begins_a_new_session_with_the_defaults(shelf: Shelf) -> None:
    """Its pages are told so, and the room's pages hear nothing of it."""
    chosen = opened(shelf, "a1")
    chosen.change(ROOM, lambda usecase, before: choose(usecase, before, "stock", 4000), table=3)
    assert chosen.enter("b2", {"a1", "b2"}) == {}
    assert (chosen.anew(3), chosen.anew(4)) == ({"cold_room": {}}, {})


def test_what_another_worker_chose_is_kept_in_its_session_whichever_is_on_here(shelf: Shelf) -> None:
    """This worker may learn of the new session a moment later."""
    chosen = Chosen(cast("Kept", shelf), "old")
    chosen.take("cold_room", Choices(hypotheses={"stock": 4000.0}), "new")
    assert chosen.of("cold_room") == NOTHING
    assert chosen.of("cold_room", "new").hypotheses == {"stock": 4000.0}
    assert chosen.session == "old"
    assert Chosen(cast("Kept", shelf), "new").told()["cold_room"]["hypotheses"] == {"stock": 4000.0}
